"""The list's query of this request, and addresses that keep it: a way back always leads to the same list."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from flask import request, session, url_for

from aircall.calls.query import CallFilter, CallQuery, Place
from aircall.models import Call
from aircall.web.filters import DEFAULT_PAGE_SIZE, ListQuery, read_query

PAGE_SIZE_KEY = "per_page"


def current_query() -> ListQuery:
    """What this request asks of the list; without a page size, the one that was chosen last."""
    return read_query(request.args, session.get(PAGE_SIZE_KEY, DEFAULT_PAGE_SIZE))


def keep_page_size(query: ListQuery) -> None:
    """Remember the page size that this request names, if it does."""
    if session.get(PAGE_SIZE_KEY) != query.per_page and "per_page" in request.args:
        session[PAGE_SIZE_KEY] = query.per_page


def calls_url(query: ListQuery, **more: Any) -> str:
    """The list's address with these changes."""
    return url_for("calls.index", **query.to_args(**more))


def back_url(log: CallQuery, query: ListQuery, call: Call, zone: ZoneInfo) -> str:
    """The way back from a call to the list: its page, counted from the same top, at its row."""
    place = Place.of(call)
    if query.top and place > query.top:
        query = replace(query, top=None)
    page = _count_before(log, query.to_filter(zone), place) // query.per_page + 1
    return calls_url(query, page=page, _anchor=f"call-{call.id}")


def confirm_url(query: ListQuery, *, archived: bool) -> str:
    """Where all calls that match are archived, or moved to the inbox, once that is confirmed."""
    return url_for("archive.confirm", archived=str(archived).lower(), **query.to_args())


def call_args(query: ListQuery) -> dict[str, Any]:
    """The query of a call's address: the list's, with its top. Its page is found on the way back."""
    return query.to_args(page=1)


def call_url(query: ListQuery, call: Call | str) -> str:
    """A call's address, from where the way back leads to its place in this list."""
    call_id = call if isinstance(call, str) else call.id
    return url_for("calls.show", call_id=call_id, **call_args(query))


def _count_before(log: CallQuery, wanted: CallFilter, place: Place) -> int:
    since = [log.counts(replace(wanted, top=top))[wanted.view] for top in (wanted.top, place)]
    # The log may have changed between the two.
    return max(0, since[0] - since[1])
