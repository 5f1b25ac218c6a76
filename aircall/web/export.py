"""The filtered list as a file for spreadsheets: RFC 4180, one row a call, newest first, the whole of it.

What the file promises:

- It is exact or there is none. Before the list has been read whole, or where the address asks for something
  unusable, the answer is a page that says so: a file could not. Where reading fails half-way, the connection
  breaks off, so that no browser takes the part for the whole.
- It is read in parts, each beginning after the last row of the one before. What was in the list from the
  first part to the last stands in it once, whatever comes, changes or goes meanwhile.
- UTF-8 with a byte order mark, without which Excel takes it for the local code page and breaks every accent.
- No cell is a formula. One that a spreadsheet could take for one has an apostrophe in front, as OWASP has it.
  So has one that begins with an apostrophe itself: take the first apostrophe away wherever a cell begins with
  one, and what is left is the very text. Telephone numbers follow the same rule. As a formula `+33612345678`
  would do no harm, but a spreadsheet would make the number 33612345678 of it, and 3.36E+13 of a longer one.
"""

import csv
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from aircall.call_query import CallFilter, CallQuery, Place
from aircall.models import Call
from aircall.web.calls import FRESH_WAIT
from aircall.web.errors import TITLES, error_page
from aircall.web.list_urls import current_query
from aircall.web.services import services
from aircall.web.session import login_required
from aircall.web.zone import viewer_zone

bp = Blueprint("export", __name__)

# How many calls are read, and sent, at a time.
PART = 500
BYTE_ORDER_MARK = "\ufeff"
COLUMNS = ("id", "time", "direction", "type", "from", "to", "line", "duration_seconds", "archived", "notes")
# What a formula begins with, in every width there is of it.
FORMULA_BEGINNINGS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212")
# What may stand for the beginning of another cell, and our own sign.
OTHER_BEGINNINGS = frozenset("\t\r\n'")
NOT_WHOLE = "The list of calls is still being read, so the file would not be whole. Try again in a moment."


@bp.get("/calls.csv")
@login_required
def calls() -> ResponseReturnValue:
    """Every call of the filtered list, whatever its page, as a CSV file; times in the viewer's zone."""
    query = current_query()
    if query.problems:
        return error_page(TITLES[400], " ".join(query.problems), 400)
    services().background.ensure_fresh(FRESH_WAIT)
    log, zone = services().mirror.log, viewer_zone()
    if log.synchronised_at is None:
        return error_page("Not yet", NOT_WHOLE, 503)
    name = f"calls-{query.view}-{datetime.now(zone).date()}.csv"
    return Response(
        csv_parts(log, query.to_filter(zone), zone),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename={name}", "Cache-Control": "no-store"},
    )


def csv_parts(log: CallQuery, wanted: CallFilter, zone: ZoneInfo) -> Iterator[str]:
    """The file, part by part. Raises StorageError where the log cannot be read any further."""
    yield BYTE_ORDER_MARK + _written([COLUMNS])
    for calls in _parts(log, wanted):
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


def guarded(cell: str) -> str:
    """The text so that no spreadsheet takes it for a formula; without its first apostrophe, the same text."""
    # Some programs pass over blanks, and over what cannot be seen, before they look for a formula.
    first_seen = next((character for character in cell if character.isprintable() and character != " "), "")
    is_risky = first_seen in FORMULA_BEGINNINGS or cell[:1] in OTHER_BEGINNINGS
    return f"'{cell}" if is_risky else cell


def _parts(log: CallQuery, wanted: CallFilter) -> Iterator[Sequence[Call]]:
    calls = log.page(wanted, 0, PART)
    while calls:
        yield calls
        last = Place.of(calls[-1])
        # The last one may have gone meanwhile, so it is looked for rather than skipped.
        calls = log.page(replace(wanted, top=last), 0, PART + 1)
        calls = [call for call in calls if Place.of(call) != last]


def _seconds(duration: timedelta | None) -> str:
    return "" if duration is None else f"{duration.total_seconds():.3f}".rstrip("0").rstrip(".")


def _written(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()
