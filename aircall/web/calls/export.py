"""The filtered list as a file for spreadsheets: RFC 4180, one row a call, newest first, the whole of it.

What the file promises:

- It is exact or there is none. Before the list has been read whole, or where the address asks for something
  unusable, the answer is a page that says so: a file could not. Where reading fails half-way, the connection
  breaks off, so that no browser takes the part for the whole.
- It is read in parts, each beginning after the last row of the one before. What was in the list from the
  first part to the last stands in it once, whatever comes, changes or goes meanwhile.
- Its first row and its values are the same in every language of the pages: scripts read them.
- UTF-8 with a byte order mark, without which Excel takes it for the local code page and breaks every accent.
- No cell is a formula. One that a spreadsheet could take for one has an apostrophe in front, as OWASP has it.
  Where lists are parted by semicolons, as in France, Excel ends a cell at each of them and a row at each end
  of a line, so that what follows those, a comma or a tab in a text is treated like the beginning of a cell.
  So is an apostrophe that stands there already: take away one at each such place where there is one, and what
  is left is the very text. Telephone numbers follow the same rule. As a formula `+33612345678` would do no
  harm, but a spreadsheet would make the number 33612345678 of it, and 3.36E+13 of a longer one.
"""

import csv
import io
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from aircall.calls.query import CallFilter, CallQuery, SortKey
from aircall.models import Call
from aircall.web.error_pages import TITLES, error_page
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.list_query import current_query
from aircall.web.login.session import login_required
from aircall.web.page import await_fresh_list
from aircall.web.preferences import viewer_zone
from aircall.web.services import services

bp = Blueprint("export", __name__)

# How many calls are read, and sent, at a time.
PART = 500
BYTE_ORDER_MARK = "\ufeff"
COLUMNS = ("id", "time", "direction", "type", "from", "to", "line", "duration_seconds", "archived", "notes")
# What a formula begins with, in every width there is of it.
FORMULA_BEGINNINGS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212")
# What some program takes for the end of a cell, quoted or not; every end of a line is among it.
ENDS_OF_CELLS = re.compile("([\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029,;])")
NOT_WHOLE = _l(
    "The list of calls is still being read, so the file would not be whole. Try again in a moment."
)


@bp.get("/calls.csv")
@login_required
def calls() -> ResponseReturnValue:
    """Every call of the filtered list, whatever its page, as a CSV file; times in the viewer's zone."""
    query = current_query()
    if query.problems:
        return error_page(TITLES[400], " ".join(query.problems), 400)
    await_fresh_list()
    store, zone = services().replica.store, viewer_zone()
    if store.synced_at is None:
        return error_page(_("Not yet"), NOT_WHOLE, 503)
    name = f"calls-{query.view}-{datetime.now(zone).date()}.csv"
    return Response(
        csv_parts(store, query.to_filter(zone), zone),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename={name}", "Cache-Control": "no-store"},
    )


def csv_parts(store: CallQuery, wanted: CallFilter, zone: ZoneInfo) -> Iterator[str]:
    """The file, part by part. Raises one of STORAGE_ERRORS where the log cannot be read any further."""
    yield BYTE_ORDER_MARK + _written([COLUMNS])
    for calls in _parts(store, wanted):
        yield _written([csv_row(call, zone) for call in calls])
        # One process serves everybody: let others have their turn.
        time.sleep(0)


def csv_row(call: Call, zone: ZoneInfo) -> Sequence[str]:
    """The call's cells, in the order of COLUMNS; what is not known is empty."""
    when = call.created_at.astimezone(zone).isoformat(timespec="seconds") if call.created_at else ""
    cells = (
        call.id,
        when,
        call.direction,
        call.call_type,
        call.caller,
        call.callee,
        call.via,
        _seconds(call.duration),
        "yes" if call.is_archived else "no",
        "\n".join(note.content for note in call.notes),
    )
    return [guarded(cell) for cell in cells]


def guarded(text: str) -> str:
    """The text so that no spreadsheet takes it, or a part that it takes for a cell, for a formula.

    Without the apostrophe that begins it, and each that follows one of ENDS_OF_CELLS, it is the same text.
    """
    whole = "".join(map(_guarded_part, ENDS_OF_CELLS.split(text)))
    return f"'{whole}" if ENDS_OF_CELLS.match(whole) else whole


def _guarded_part(part: str) -> str:
    # Some programs pass over blanks, marks and what cannot be seen before they look for a formula.
    first_seen = next((each for each in part if each.isprintable() and each not in ' "'), "")
    return f"'{part}" if first_seen in FORMULA_BEGINNINGS or part.startswith("'") else part


def _parts(store: CallQuery, wanted: CallFilter) -> Iterator[Sequence[Call]]:
    calls = store.page(wanted, 0, PART)
    while calls:
        yield calls
        last = SortKey.of(calls[-1])
        # The last one may have gone meanwhile, so it is looked for rather than skipped.
        calls = store.page(replace(wanted, cursor=last), 0, PART + 1)
        calls = [call for call in calls if SortKey.of(call) != last]


def _seconds(duration: timedelta | None) -> str:
    return "" if duration is None else f"{duration.total_seconds():.3f}".rstrip("0").rstrip(".")


def _written(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()
