"""The call-back queue, the page of a caller, and archiving all calls of one."""

from dataclasses import replace
from datetime import UTC, datetime

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aircall.calls.callers import Caller
from aircall.calls.filters import CallFilter
from aircall.calls.phone_numbers import caller_number, number_key
from aircall.storage.reading import reading_once
from aircall.web.archive.views import change_calls, wanted_state
from aircall.web.callers.caller_page import read_caller
from aircall.web.callers.queue_page import QueueQuery, claimed_by, read_queue
from aircall.web.callers.words import lasted, waited
from aircall.web.i18n import gettext as _
from aircall.web.list_query import MOST_CHANGED, ListLinks, ListQuery, call_url, current_query, keep_page_size
from aircall.web.login.session import login_required, required_login
from aircall.web.page import ListFreshness, await_fresh_list, flash_message, list_freshness, withheld_keys
from aircall.web.preferences import viewer_zone
from aircall.web.security import local_path, see_other
from aircall.web.services import services

bp = Blueprint("callers", __name__)
bp.add_app_template_filter(lasted)
bp.add_app_template_filter(waited)


@bp.get("/callers")
@login_required
def index() -> ResponseReturnValue:
    """Show a page of the call-back queue."""
    list_query = current_query()
    query = QueueQuery.read(list_query, request.args)
    keep_page_size(list_query)
    await_fresh_list()
    # Before the data is read: a change in between is sent to the page again rather than missed.
    position = services().replica.feed.position
    store, team, now, zone = services().replica.store, services().team, datetime.now(UTC), viewer_zone()
    with reading_once():
        wanted = services().waiting.filter(query.q)
        wanted = replace(wanted, named=wanted.named + withheld_keys(query.q))
        wanted = claimed_by(wanted, query.who, team.claims, required_login().user)
        view = read_queue(store.callers, wanted, query, now)
        counts, missed_count = store.counts(CallFilter(view="all")), store.missed_count()
        people = services().people.of_numbers(
            number for row in view.callers for number in (row.number, *row.lines)
        )
        freshness = _freshness()
    return render_template(
        "callers/index.html",
        view=view,
        counts=counts,
        missed_count=missed_count,
        query=query,
        people=people,
        position=position,
        sync=freshness,
        problems=(),
        now=now,
        today=now.astimezone(zone).date(),
        calls_url=ListLinks("calls.index", ListQuery(per_page=query.per_page)),
    )


@bp.get("/callers/<path:number>")
@login_required
def show(number: str) -> ResponseReturnValue:
    """Show everything about one caller, newest first."""
    key, store, team = known_key(number), services().replica.store, services().team
    list_query = current_query()
    await_fresh_list()
    position = services().replica.feed.position
    now, zone = datetime.now(UTC), viewer_zone()
    with reading_once():
        view = read_caller(store, team.activity, key, list_query.page, list_query.per_page)
        state, missed_count = store.callers.of_number(key), store.missed_count()
        people, freshness = (
            services().people.of_calls(view.calls, (number, *_lines_of(state))),
            list_freshness(),
        )
    spelled = view.calls[0].counterpart if view.calls else caller_number(number)
    query = ListQuery(view="all", number=caller_number(number), per_page=list_query.per_page)
    return render_template(
        "callers/show.html",
        number=spelled,
        key=key,
        url_number=caller_number(number),
        view=view,
        state=state,
        missed_count=missed_count,
        people=people,
        position=position,
        sync=freshness,
        problems=(),
        now=now,
        today=now.astimezone(zone).date(),
        call_url=lambda call: call_url(query, call),
        page_url=lambda page: url_for(
            ".show", number=caller_number(number), per_page=list_query.per_page, page=page
        ),
    )


@bp.post("/callers/<path:number>/archive")
@login_required
def archive(number: str) -> ResponseReturnValue:
    """Bring all calls of this caller to the desired state, as one job; at most the newest MOST_CHANGED."""
    key, is_archived = known_key(number), wanted_state(request.form.get("archived"))
    return_url = local_path(request.form.get("next")) or url_for(".index")
    view = "inbox" if is_archived else "archived"
    wanted = CallFilter(view=view, number=key)
    call_ids = services().replica.store.matching_ids(wanted, MOST_CHANGED)
    if not call_ids:
        flash_message(
            _("All calls with this caller are already archived.")
            if is_archived
            else _("All calls with this caller are already in the inbox.")
        )
        return see_other(return_url)
    return change_calls(call_ids, is_archived, return_url)


def known_key(number: str) -> str:
    """Return the key of a number that has called or is in the directory, or abort with 404."""
    key = number_key(number)
    is_known = key and (
        services().replica.store.callers.has_called(key)
        or services().team.directory.entry_of(number) is not None
    )
    return key if is_known else abort(404)


def _lines_of(state: Caller | None) -> tuple[str, ...]:
    return state.lines if state else ()


def _freshness() -> ListFreshness:
    """Return the state of the replica, which the queue follows when the first full sync is complete."""
    freshness = list_freshness()
    return replace(
        freshness, is_complete=freshness.is_complete and services().replica.store.callers.is_complete()
    )
