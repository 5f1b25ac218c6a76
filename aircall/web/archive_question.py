"""All calls that match a query, in words and number, before anything is done with them."""

from dataclasses import replace

from flask import render_template

from aircall.web.list_query import ListQuery, current_query
from aircall.web.page import sync_state
from aircall.web.preferences import viewer_zone
from aircall.web.services import services

# A job of more calls would take too long for anybody to wait for it.
MOST_CALLS = 1000


def matching_ids(query: ListQuery, is_archived: bool) -> list[str]:
    """The calls that match and are not as wanted yet, one more than may be changed at once at most."""
    view = "inbox" if is_archived else "archived"
    if query.view not in (view, "all"):
        return []
    # All of them, whichever page the list was at.
    wanted = replace(query.to_filter(viewer_zone()), view=view, top=None)
    return services().mirror.log.matching_ids(wanted, MOST_CALLS + 1)


def question(
    call_ids: list[str], is_archived: bool, list_url: str, *, words: str = "", was_kept: bool = False
) -> str:
    """The page that asks whether these calls are to be archived, or moved to the inbox.

    `words` are what was asked of the list; `was_kept` says that the calls had been ticked by hand.
    """
    return render_template(
        "archive/confirm.html",
        call_ids=call_ids,
        is_archived=is_archived,
        list_url=list_url,
        words=words,
        was_kept=was_kept,
        most=MOST_CALLS,
        problems=current_query().problems,
        is_complete=sync_state().is_complete,
    )
