"""The list's query of this request, and addresses that keep it: a way back always leads to the same list."""

from typing import Any

from flask import request, session, url_for

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


def list_args(query: ListQuery, **more: Any) -> dict[str, Any]:
    """The query of an address with these changes; the first page needs no number and no top."""
    if more.get("page") == 1:
        del more["page"]
    return query.to_args(**more)


def calls_url(query: ListQuery, **more: Any) -> str:
    """The list's address with these changes."""
    return url_for("calls.index", **list_args(query, **more))


def back_url(query: ListQuery, call: Call) -> str:
    """The way back from a call to the list: the page it was opened on, at its row if that still is there."""
    return calls_url(query, page=query.page, _anchor=f"call-{call.id}")


def confirm_url(query: ListQuery, *, archived: bool) -> str:
    """Where all calls that match are archived, or moved to the inbox, once that is confirmed."""
    return url_for("archive.confirm", archived=str(archived).lower(), **list_args(query))


def call_url(query: ListQuery, call: Call | str, page: int | None = None) -> str:
    """A call's address, from where the way back leads to this list, at its page."""
    call_id = call if isinstance(call, str) else call.id
    return url_for("calls.show", call_id=call_id, **list_args(query, page=page or query.page))
