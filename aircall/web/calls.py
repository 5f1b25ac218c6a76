"""The call list and a call's own page: everything that only reads."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aircall.models import is_call_id
from aircall.web.call_list import CallList, read_list, read_news
from aircall.web.call_page import call_page
from aircall.web.charts import recent_chart
from aircall.web.formatting import count
from aircall.web.forms import NoteForm
from aircall.web.i18n import gettext as _
from aircall.web.list_query import (
    ListQuery,
    call_url,
    calls_url,
    confirm_url,
    current_query,
    keep_page_size,
    known_id,
)
from aircall.web.login.session import login_required
from aircall.web.page import await_fresh_list, sync_state
from aircall.web.preferences import viewer_zone
from aircall.web.security import see_other
from aircall.web.services import services

bp = Blueprint("calls", __name__)

MOST_ROWS = 100


@bp.get("/")
def root() -> ResponseReturnValue:
    """The way to the list."""
    return see_other(url_for(".index"))


@bp.get("/calls")
@login_required
def index() -> ResponseReturnValue:
    """The call list: the whole of it, filtered, newest first, a page at a time."""
    query = current_query()
    keep_page_size(query)
    await_fresh_list()
    # Taken before the data is read: what changes in between is sent to the page once more, never missed.
    position = services().mirror.feed.position
    zone, now = viewer_zone(), datetime.now(UTC)
    view = read_list(services().mirror.log, query, zone, now)
    return render_template(
        "calls/index.html",
        view=view,
        filters=query,
        problems=query.problems,
        position=position,
        sync=sync_state(),
        chart=recent_chart(services().figures, query, zone, now),
        **_addresses(query, view),
    )


@bp.get("/calls/counts")
@login_required
def counts() -> ResponseReturnValue:
    """What counts on a page of the list that is shown: its head, its tabs, and the link to new calls.

    Takes the list's own query, and the `ids` of calls that changed and have no row on that page.
    """
    query = current_query()
    view = read_news(services().mirror.log, query, viewer_zone(), _named_calls())
    return render_template(
        "calls/_counts.html", view=view, filters=query, calls_url=partial(calls_url, query)
    )


@bp.get("/calls/rows")
@login_required
def rows() -> ResponseReturnValue:
    """The list rows of the calls named in `ids`, by commas; those that do not exist are left out."""
    found = services().mirror.log.find(_named_calls())
    query = current_query()
    return render_template("calls/_rows.html", calls=found, call_url=partial(call_url, query))


@bp.get("/calls/<call_id>")
@login_required
def show(call_id: str) -> ResponseReturnValue:
    """One call, as the API has it now, or as we last knew it where the API does not answer."""
    return call_page(known_id(call_id), NoteForm(formdata=None))


def _addresses(query: ListQuery, view: CallList) -> dict[str, Any]:
    """Where the list's links lead. Pages and rows are counted from its top, whatever comes in meanwhile."""
    from_top = replace(query, top=view.top)
    return {
        "calls_url": partial(calls_url, query),
        "all_url": partial(confirm_url, query),
        "call_url": partial(call_url, from_top),
        "page_url": partial(calls_url, from_top),
        "counts_url": url_for(".counts", **from_top.to_args(page=view.number)),
        "rows_url": url_for(".rows", **from_top.to_args(page=view.number)),
    }


def _named_calls() -> list[str]:
    names = [name for text in request.args.getlist("ids") for name in text.split(",")]
    call_ids = [name for name in names if is_call_id(name)]
    if len(call_ids) > MOST_ROWS:
        abort(400, _("At most %(number)s calls at a time.", number=count(MOST_ROWS)))
    return call_ids
