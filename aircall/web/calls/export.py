"""CSV export of the filtered list (RFC 4180): one row per call, newest first, all pages.

The file is exact or there is none: before the first full sync, or for an unusable query, the response is an
error page; if reading fails half-way, the connection is aborted. Header and values are the same in every
language, for scripts, or for people those of the pages, with the separator of their spreadsheet
(export_columns.py).
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from aircall.calls.filters import CallFilter, SortKey
from aircall.calls.query import CallQuery
from aircall.concurrency import yield_control
from aircall.csv_cells import BYTE_ORDER_MARK, csv_text
from aircall.models import Call
from aircall.web import audit
from aircall.web.calls.export_columns import (
    PLAIN,
    SEPARATOR_NAMES,
    USUAL_SEPARATOR,
    FileForm,
    chosen_form,
)
from aircall.web.error_pages import TITLES, error_page
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.i18n import viewer_language
from aircall.web.list_query import calls_url, filter_words
from aircall.web.login.session import login_required, username
from aircall.web.page import await_fresh_list, left_out_sentence, searched_query
from aircall.web.people import PeopleReader
from aircall.web.preferences import viewer_zone
from aircall.web.services import services

bp = Blueprint("export", __name__)

# Calls that are read, and sent, at a time: others wait for as long as this takes.
PART = 200
# Downloads of a person at once, and seconds after which one counts no more, if its process was killed.
MOST_AT_ONCE, LONGEST = 2, 600.0
# Seconds. A file of 100,000 calls takes less.
RETRY_AFTER = 10
NOT_WHOLE = _l("The calls are still loading, so the file would not be complete. Try again in a moment.")
TOO_MANY = _l("You are already downloading two files. Wait for one to finish, then try again.")


@bp.get("/calls/export")
@login_required
def choose() -> ResponseReturnValue:
    """Ask in which form the filtered list is exported for people."""
    query, store = searched_query(), services().replica.store
    return render_template(
        "calls/export.html",
        filters=query,
        problems=query.problems,
        list_url=calls_url(query, page=1),
        count=store.counts(replace(query, cursor=None).to_filter(viewer_zone()))[query.view],
        words=filter_words(query, services().people.of_numbers([query.line, query.number])),
        separators=SEPARATOR_NAMES,
        usual_separator=USUAL_SEPARATOR.get(viewer_language(), "comma"),
    )


@bp.get("/calls.csv")
@login_required
def calls() -> ResponseReturnValue:
    """Download the filtered list; times are in the viewer's zone."""
    query = searched_query()
    if query.problems:
        return error_page(TITLES[400], " ".join(query.problems), 400)
    await_fresh_list()
    store, zone = services().replica.store, viewer_zone()
    synced_at, left_out = store.last_sync
    if synced_at is None:
        return error_page(_("Not ready yet"), NOT_WHOLE, 503)
    turn = _turn()
    if turn is None:
        audit.note("export limited", username())
        refusal = make_response(error_page(TITLES[429], TOO_MANY, 429))
        refusal.headers["Retry-After"] = str(RETRY_AFTER)
        return refusal
    form = chosen_form(request.args)
    audit.note("exported", username(), what="calls")
    name = f"calls-{query.view}-{datetime.now(zone).date()}.csv"
    response = Response(
        csv_parts(store, services().people, query.to_filter(zone), zone, left_out, form),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename={name}", "Cache-Control": "no-store"},
    )
    # However it ends, also if nothing of it was sent.
    response.call_on_close(turn.close)
    return response


def _turn() -> ExitStack | None:
    """Return one of this person's MOST_AT_ONCE turns, to be closed; None if all are taken."""
    for number in range(MOST_AT_ONCE):
        turn = ExitStack()
        if turn.enter_context(services().records.lock(f"export:{number}:{username()}", 0, LONGEST)):
            return turn
        turn.close()
    return None


def csv_parts(
    store: CallQuery,
    people: PeopleReader,
    wanted: CallFilter,
    zone: ZoneInfo,
    left_out: int = 0,
    form: FileForm = PLAIN,
) -> Iterator[str]:
    """Yield the file in parts. Raises one of STORAGE_ERRORS if replica or directory cannot be read.

    If calls are left out of the replica, the last row says how many.

    A call that is in the list from start to end is in the file once, whatever changes meanwhile.
    """
    yield BYTE_ORDER_MARK + csv_text([form.header()], form.separator)
    for calls in _parts(store, wanted):
        known = people.of_exported(calls)
        yield csv_text(form.rows(calls, known, zone), form.separator)
        yield_control()
    if left_out:
        yield csv_text([[left_out_sentence(left_out)]], form.separator)


def _parts(store: CallQuery, wanted: CallFilter) -> Iterator[Sequence[Call]]:
    calls = store.page(wanted, 0, PART)
    while calls:
        yield calls
        last = SortKey.of(calls[-1])
        # Compared, not just skipped: the last call may have been removed meanwhile.
        calls = store.page(replace(wanted, cursor=last), 0, PART + 1)
        calls = [call for call in calls if SortKey.of(call) != last]
