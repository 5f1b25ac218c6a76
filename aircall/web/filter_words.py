"""A list's query in words: what somebody has asked for, before they act on all of it."""

from aircall.web.filters import ListQuery
from aircall.web.formatting import day_range, phone

VIEWS = {"inbox": "in the inbox", "archived": "archived", "all": ""}


def filter_words(query: ListQuery) -> str:
    """Such as `in the inbox, missed, inbound, via +33 1 89 39 46 35, 3 Nov to 5 Nov 2026, with “invoice”`."""
    words = [
        VIEWS[query.view],
        query.type,
        query.direction,
        f"via {phone(query.line)}" if query.line else "",
        f"with {phone(query.number)}" if query.number else "",
        day_range((query.date_from, query.date_to)) if query.date_from or query.date_to else "",
        f"with “{query.q}”" if query.q else "",
    ]
    return ", ".join(word for word in words if word)
