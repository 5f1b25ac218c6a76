"""The list's query: which calls, which page. Reads what stands in a URL; whatever is not usable is said.

Knows the URL's words; knows nothing of how calls are found.

The list's query of this request, and addresses that keep it: a way back always leads to the same list.

A list's query in words: what somebody has asked for, before they act on all of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, request, session, url_for

from aircall.calls.phone_numbers import number_key
from aircall.calls.query import VIEWS, CallFilter, CallQuery, SortKey
from aircall.models import CALL_TYPES, DIRECTIONS, UNKNOWN, Call, clean_text, is_call_id
from aircall.web.formatting import day_range, listed, phone
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l

PAGE_SIZES = (10, 25, 50, 100)
DEFAULT_PAGE_SIZE = 25
LONGEST_SEARCH = 200
# Days outside have no neighbours in every zone.
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(9998, 12, 30)
# A time in milliseconds, and a call's id.
PLACE = re.compile(r"(-?[0-9]{1,16})-(.{36})")

UNKNOWN_WORDS = {
    "view": _l("“%(text)s” is not a view we know, so it is left out."),
    "type": _l("“%(text)s” is not a type we know, so it is left out."),
    "direction": _l("“%(text)s” is not a direction we know, so it is left out."),
}


@dataclass(kw_only=True)
class ListQuery:
    """What the URL asks for, each value usable; `problems` are sentences about those that were not.

    `number` is that of the other side, in any spelling. Pages are counted from `top` on, so that calls which
    came after it push nothing from page to page.
    """

    view: str = "inbox"
    type: str = ""
    direction: str = ""
    line: str = ""
    number: str = ""
    q: str = ""
    date_from: date | None = None
    date_to: date | None = None
    per_page: int = DEFAULT_PAGE_SIZE
    page: int = 1
    cursor: SortKey | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the view narrows the list."""
        words = (self.type, self.direction, self.line, self.number, self.q)
        return any((*words, self.date_from, self.date_to))

    def to_filter(self, zone: ZoneInfo) -> CallFilter:
        """The calls that are asked for; days begin and end in the viewer's zone."""
        return CallFilter(
            view=self.view,
            call_type=self.type,
            direction=self.direction,
            line=self.line,
            number=number_key(self.number),
            search=self.q,
            since=_midnight(self.date_from, zone) if self.date_from else None,
            until=_midnight(self.date_to + timedelta(days=1), zone) if self.date_to else None,
            cursor=self.cursor,
        )

    def to_args(self, **changes: Any) -> dict[str, Any]:
        """The query of a URL with these changes, what asks nothing left out, as the number of the first page.

        The page size always stands in it: the one that is kept may change before the link is followed.
        The top goes with a `page`, be it the first: another view or filter begins with the newest call.
        """
        values = {
            "view": "" if self.view == "inbox" else self.view,
            "type": self.type,
            "direction": self.direction,
            "line": self.line,
            "number": self.number,
            "q": self.q,
            "from": self.date_from.isoformat() if self.date_from else "",
            "to": self.date_to.isoformat() if self.date_to else "",
            "per_page": self.per_page,
            "top": _place_text(self.cursor) if self.cursor and "page" in changes else "",
        }
        values |= changes | ({"page": ""} if changes.get("page") == 1 else {})
        return {name: value for name, value in values.items() if value not in ("", None)}


def read_query(args: Mapping[str, str], default_page_size: int) -> ListQuery:
    """Read the list's query from a URL. Never fails: what is not usable is left out and named."""
    query = ListQuery(per_page=default_page_size)
    query.view = _word(args, "view", VIEWS, query.problems) or "inbox"
    query.type = _word(args, "type", (*CALL_TYPES, UNKNOWN), query.problems)
    query.direction = _word(args, "direction", (*DIRECTIONS, UNKNOWN), query.problems)
    query.line = _text(args, "line")[:LONGEST_SEARCH]
    query.number = _phone_number(args, query.problems)
    query.q = _text(args, "q")[:LONGEST_SEARCH]
    query.date_from = _day(args, "from", query.problems)
    query.date_to = _day(args, "to", query.problems)
    query.per_page = _page_size(args, default_page_size)
    query.page = max(1, _number(args.get("page"), 1))
    query.cursor = _place(args.get("top", ""))
    if query.date_from and query.date_to and query.date_from > query.date_to:
        query.problems.append(_("The first day is after the last one, so no call can match."))
    return query


def _text(args: Mapping[str, str], name: str) -> str:
    # Cleaned like the calls' own texts, so that what is looked for can be found in them.
    return clean_text(args.get(name)).strip()


def _word(args: Mapping[str, str], name: str, words: tuple[str, ...], problems: list[str]) -> str:
    word = _text(args, name)
    if not word or word in words:
        return word
    problems.append(str(UNKNOWN_WORDS[name]) % {"text": word[:40]})
    return ""


def _phone_number(args: Mapping[str, str], problems: list[str]) -> str:
    text = _text(args, "number")[:LONGEST_SEARCH]
    if not text or number_key(text):
        return text
    problems.append(_("“%(text)s” is not a number, so it is left out.", text=text[:40]))
    return ""


def _day(args: Mapping[str, str], name: str, problems: list[str]) -> date | None:
    text = _text(args, name)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        problems.append(_("“%(text)s” is not a usable date; write it like 2026-11-23.", text=text[:40]))
        return None
    return day


def _page_size(args: Mapping[str, str], default: int) -> int:
    wanted = _number(args.get("per_page"), default)
    return min(PAGE_SIZES, key=lambda size: abs(size - wanted))


def _number(text: str | None, default: int) -> int:
    # Longer than any number of ours, and int() would be slow on very long ones.
    if text is None or len(text) > 12:
        return default
    try:
        return int(text)
    except ValueError:
        return default


def _place(text: str) -> SortKey | None:
    # Nobody writes this by hand, so there is nothing to say about one that is not usable.
    found = PLACE.fullmatch(text)
    return SortKey(int(found[1]), found[2]) if found and is_call_id(found[2]) else None


def _place_text(place: SortKey) -> str:
    return f"{place.time_key}-{place.call_id}"


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


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


def back_url(store: CallQuery, query: ListQuery, call: Call, zone: ZoneInfo) -> str:
    """The way back from a call to the list: its page, counted from the same top, at its row."""
    place = SortKey.of(call)
    if query.cursor and place > query.cursor:
        query = replace(query, cursor=None)
    page = _count_before(store, query.to_filter(zone), place) // query.per_page + 1
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


def _count_before(store: CallQuery, wanted: CallFilter, place: SortKey) -> int:
    since = [store.counts(replace(wanted, cursor=cursor))[wanted.view] for cursor in (wanted.cursor, place)]
    # The log may have changed between the two.
    return max(0, since[0] - since[1])


VIEW_WORDS = {"inbox": _l("in the inbox"), "archived": _l("archived")}
SORT_WORDS = {
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
        VIEW_WORDS.get(query.view),
        SORT_WORDS.get(query.type),
        SORT_WORDS.get(query.direction),
        _("via %(line)s", line=phone(query.line)) if query.line else "",
        _("with %(number)s", number=phone(query.number)) if query.number else "",
        day_range((query.date_from, query.date_to)) if query.date_from or query.date_to else "",
        _("with “%(text)s”", text=query.q) if query.q else "",
    ]
    found = [str(word) for word in words if word]
    return listed(found) if found else ""


def known_id(call_id: str) -> str:
    """The id, if it can be one; else the answer is 404."""
    return call_id if is_call_id(call_id) else abort(404)
