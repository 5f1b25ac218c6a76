"""A list's query in words: what somebody has asked for, before they act on all of it."""

from aircall.web.amounts import listed
from aircall.web.filters import ListQuery
from aircall.web.formatting import day_range, phone
from aircall.web.words import gettext as _
from aircall.web.words import lazy_gettext as _l

VIEWS = {"inbox": _l("in the inbox"), "archived": _l("archived")}
SORTS = {
    "answered": _l("answered"),
    "missed": _l("missed"),
    "voicemail": _l("voicemail"),
    "inbound": _l("inbound"),
    "outbound": _l("outbound"),
    "unknown": _l("unknown"),
}


def filter_words(query: ListQuery) -> str:
    """Such as `in the inbox, missed, inbound, via +33 1 89 39 46 35, 3 Nov to 5 Nov 2026, with “invoice”`.

    Empty where the query asks for every call.
    """
    words = [
        VIEWS.get(query.view),
        SORTS.get(query.type),
        SORTS.get(query.direction),
        _("via %(line)s", line=phone(query.line)) if query.line else "",
        _("with %(number)s", number=phone(query.number)) if query.number else "",
        day_range((query.date_from, query.date_to)) if query.date_from or query.date_to else "",
        _("with “%(text)s”", text=query.q) if query.q else "",
    ]
    found = [str(word) for word in words if word]
    return listed(found) if found else ""
