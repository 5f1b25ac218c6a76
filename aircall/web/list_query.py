"""The query of a call list: parsed from a URL, written back into URLs, and put in words.

Parsing never fails: an unusable value is left out, and `ListQuery.problems` says so to the user. Every link
of a page carries the query, so that the way back always leads to the same list.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import abort, request, session, url_for

from aircall.calls.filters import VIEWS, CallFilter, SortKey, midnight
from aircall.calls.phone_numbers import line_number, number_key
from aircall.calls.query import CallQuery
from aircall.models import CALL_TYPES, DIRECTIONS, UNKNOWN, Call, clean_text, is_call_id
from aircall.web.formatting import FIRST_PLACE, LAST_PLACE, day_range, listed, named
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.kinds import BY_VALUE, type_words
from aircall.web.people import People

PAGE_SIZES = (10, 25, 50, 100)
DEFAULT_PAGE_SIZE = 25
# The session's key of the page size chosen last.
PAGE_SIZE_KEY = "per_page"
# Characters: typed, and in a URL, which has to stay below 2,000 with all else that it says.
LONGEST_SEARCH, LONGEST_IN_URL = 200, 1200
# The option of the filter for a line that is not among the options, but typed beside it.
OTHER_LINE = "other"
# Lines in the filter, whose number of options must not grow with the list.
OFFERED_LINES = 20
# Calls that may be changed at once. At a few a second, more would take hours.
MOST_CHANGED = 20_000
# Digits. int() is slow for very long numbers.
LONGEST_NUMBER = 12
# Days outside of this range have no neighbors in some zones.
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(9998, 12, 30)
# A sort key in a URL: a time in milliseconds, and a call's id.
SORT_KEY = re.compile(r"(-?[0-9]{1,16})-(.+)")

UNKNOWN_WORDS = {
    "view": _l("“%(text)s” is not a known view, so it is ignored."),
    "type": _l("“%(text)s” is not a known type, so it is ignored."),
    "direction": _l("“%(text)s” is not a known direction, so it is ignored."),
}
VIEW_WORDS = {"inbox": _l("in the inbox"), "archived": _l("archived")}
DIRECTION_WORDS = {
    "inbound": _l("inbound"),
    "outbound": _l("outbound"),
    "unknown": _l("of unknown direction"),
}


@dataclass(kw_only=True, unsafe_hash=True)
class ListQuery:
    """A usable query; `problems` are sentences about the values that were not.

    `type` is a kind of call, or one of the API's types in all directions. `line` is the line's number as the
    calls have it. If `is_line_typed`, its number or a part of it is being typed instead: `typed_line`, in any
    spelling, which filters nothing (`find_line`).
    Not changed once it has been read: it is what fragments are found by.

    `number` is the number of the other party in any spelling. `cursor` is the sort key of the call that pages
    are counted from, so that newer calls do not push others from page to page. A later page of a search is
    found by the last call of the page before it, `after`, or by the first one of the page after it, `before`.
    `named` are the number keys of the names that `q` finds.
    """

    view: str = "inbox"
    type: str = ""
    direction: str = ""
    line: str = ""
    is_line_typed: bool = False
    typed_line: str = ""
    number: str = ""
    q: str = ""
    date_from: date | None = None
    date_to: date | None = None
    per_page: int = DEFAULT_PAGE_SIZE
    page: int = 1
    cursor: SortKey | None = None
    after: SortKey | None = None
    before: SortKey | None = None
    problems: list[str] = field(default_factory=list, hash=False)
    named: tuple[str, ...] = field(default=(), hash=False)

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the view restricts the list."""
        return bool(self.restrictions)

    @property
    def restrictions(self) -> dict[str, str]:
        """The URL parameters that restrict the list, besides the view."""
        values = {
            "type": self.type,
            "direction": self.direction,
            "line": self.line,
            "number": self.number,
            "q": self.q,
            "from": self.date_from.isoformat() if self.date_from else "",
            "to": self.date_to.isoformat() if self.date_to else "",
        }
        return {name: value for name, value in values.items() if value}

    def to_filter(self, zone: ZoneInfo) -> CallFilter:
        """Return the filter for the replica; days begin and end in the viewer's zone."""
        kind = BY_VALUE.get(self.type)
        return CallFilter(
            view=self.view,
            call_type=kind.call_type if kind else self.type,
            direction=self.direction,
            directions=kind.directions if kind else (),
            line=self.line,
            number=number_key(self.number),
            search=self.q,
            named=self.named,
            since=midnight(self.date_from, zone) if self.date_from else None,
            until=midnight(self.date_to + timedelta(days=1), zone) if self.date_to else None,
            cursor=self.cursor,
        )

    def to_args(self, **changes: Any) -> dict[str, Any]:
        """Return the URL parameters of this query with `changes`, without empty values.

        The page size is always included: the one in the session may change before the link is followed. The
        cursor is included only with a `page`, also the first: another view or filter starts at its newest
        call. How the page was found is included only if it is this one.
        """
        values: dict[str, Any] = {"view": "" if self.view == "inbox" else self.view, **self.restrictions}
        values["per_page"] = self.per_page
        keys = {"top": self.cursor} if "page" in changes else {}
        if changes.get("page") == self.page:
            keys |= {"after": self.after, "before": self.before}
        values |= {name: sort_key_text(key) for name, key in keys.items() if key}
        values |= changes
        if changes.get("page") == 1:
            values |= dict.fromkeys(("page", "after", "before"))
        return {name: value for name, value in values.items() if value not in ("", None)}


def current_query() -> ListQuery:
    """Return the query of this request; without a page size, with the one chosen last."""
    return read_query(request.args, session.get(PAGE_SIZE_KEY, DEFAULT_PAGE_SIZE))


def keep_page_size(query: ListQuery) -> None:
    """Remember the page size in the session if this request names one."""
    if session.get(PAGE_SIZE_KEY) != query.per_page and "per_page" in request.args:
        session[PAGE_SIZE_KEY] = query.per_page


def read_query(args: Mapping[str, str], default_page_size: int) -> ListQuery:
    """Parse URL parameters. Never fails; unusable values are left out and named in `problems`."""
    query = ListQuery(per_page=default_page_size)
    query.view = _word(args, "view", VIEWS, query.problems) or "inbox"
    query.type = _word(args, "type", (*BY_VALUE, *CALL_TYPES), query.problems)
    query.direction = _word(args, "direction", (*DIRECTIONS, UNKNOWN), query.problems)
    query.line = line_number(_text(args, "line")[:LONGEST_SEARCH])
    if query.line == OTHER_LINE:
        query.line, query.is_line_typed = "", True
        query.typed_line = _text(args, "via")[:LONGEST_SEARCH]
    query.number = _phone_number(args, query.problems)
    query.q = _search(args)
    query.date_from = _day(args, "from", query.problems)
    query.date_to = _day(args, "to", query.problems)
    query.per_page = _page_size(args, default_page_size)
    query.page = max(1, _number(args.get("page"), 1))
    query.cursor = _sort_key(args.get("top", ""))
    if query.page > 1:
        query.after, query.before = _sort_key(args.get("after", "")), _sort_key(args.get("before", ""))
    if query.date_from and query.date_to and query.date_from > query.date_to:
        query.problems.append(_("The first day is after the last day, so no call can match."))
    return query


def find_line(store: CallQuery, query: ListQuery) -> ListQuery | None:
    """Return the query with the line that was typed, if that is exactly one."""
    found = store.find_lines(query.typed_line, 2) if query.typed_line else []
    return replace(query, line=found[0], is_line_typed=False, typed_line="") if len(found) == 1 else None


def _text(args: Mapping[str, str], name: str) -> str:
    # Cleaned like the texts of calls, or a search could not find them.
    return clean_text(args.get(name)).strip()


def _search(args: Mapping[str, str]) -> str:
    text = _text(args, "q")[:LONGEST_SEARCH]
    while len(quote(text)) > LONGEST_IN_URL:
        text = text[:-1]
    return text


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
    problems.append(_("“%(text)s” is not a number, so it is ignored.", text=text[:40]))
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
        problems.append(_("“%(text)s” is not a date. Write it like 2026-11-23.", text=text[:40]))
        return None
    return day


def _page_size(args: Mapping[str, str], default: int) -> int:
    wanted = _number(args.get("per_page"), default)
    return min(PAGE_SIZES, key=lambda size: abs(size - wanted))


def _number(text: str | None, default: int) -> int:
    if text is None or len(text) > LONGEST_NUMBER:
        return default
    try:
        return int(text)
    except ValueError:
        return default


def _sort_key(text: str) -> SortKey | None:
    # Only our own links contain sort keys, so an unusable one is not reported.
    found = SORT_KEY.fullmatch(text)
    return SortKey(int(found[1]), found[2]) if found and is_call_id(found[2]) else None


def sort_key_text(key: SortKey) -> str:
    """Return the sort key as it stands in a URL."""
    return f"{key.time_key}-{key.call_id}"


@dataclass(frozen=True, slots=True)
class ListLinks:
    """Makes the URLs of one list, or of its insights: `links(page=2)`. Equal for equal queries."""

    endpoint: str
    query: ListQuery

    def __call__(self, **changes: Any) -> str:
        """Return the URL with `changes`. The list begins with the inbox, insights with all calls."""
        if self.endpoint == "insights.index":
            changes.setdefault("view", self.query.view)
        return url_for(self.endpoint, **self.query.to_args(**changes))


@dataclass(frozen=True, slots=True)
class CallLinks:
    """Makes the URLs of calls in one list: `links(call)`. Equal for equal queries."""

    query: ListQuery

    def __call__(self, call: Call) -> str:
        """Return the URL of the call's page."""
        return call_url(self.query, call)


@dataclass(frozen=True, slots=True)
class ConfirmLinks:
    """Makes the URLs of the page that asks before all matching calls are archived or moved to the inbox."""

    query: ListQuery
    most: int = MOST_CHANGED

    def __call__(self, *, archived: bool) -> str:
        """Return the URL for this desired state."""
        return url_for("archive.confirm", archived=str(archived).lower(), **self.query.to_args())


def calls_url(query: ListQuery, **changes: Any) -> str:
    """Return the URL of this list with `changes`."""
    return ListLinks("calls.index", query)(**changes)


def days_url(query: ListQuery) -> str:
    """Return the URL of this list with places for other days, which `for_days` fills in."""
    return calls_url(query, **{"from": FIRST_PLACE, "to": LAST_PLACE})


def call_args(query: ListQuery) -> dict[str, Any]:
    """Return the URL parameters of a call in this list, without a page: `back_url` finds it."""
    return query.to_args(page=1)


def call_url(query: ListQuery, call: Call | str) -> str:
    """Return the URL of a call, from which the way back leads to its place in this list."""
    call_id = call if isinstance(call, str) else call.id
    return url_for("calls.show", call_id=call_id, **call_args(query))


def call_search(query: ListQuery) -> str:
    """Return the part of `call_url` that is the same for every call, from its `?`."""
    return "?" + call_url(query, "-").partition("?")[2]


def back_url(store: CallQuery, query: ListQuery, call: Call, zone: ZoneInfo) -> str:
    """Return the URL of the list's page with this call, counted from the same cursor, at the call's row."""
    query = query_around(store, query, call, zone)
    return calls_url(query, page=query.page, _anchor=f"call-{call.id}")


def query_around(store: CallQuery, query: ListQuery, call: Call, zone: ZoneInfo) -> ListQuery:
    """Return the query for the list's page with this call, counted from the same cursor."""
    key = SortKey.of(call)
    if query.cursor and key > query.cursor:
        query = replace(query, cursor=None)
    page = _count_before(store, query.to_filter(zone), key) // query.per_page + 1
    return replace(query, page=page, after=None, before=None)


def _count_before(store: CallQuery, wanted: CallFilter, key: SortKey) -> int:
    before_key, before_top = (
        store.newer_count(replace(wanted, cursor=cursor)) for cursor in (key, wanted.cursor)
    )
    # The replica may have changed between the two reads.
    return max(0, before_key - before_top)


def filter_words(query: ListQuery, people: People) -> str:
    """Return `in the inbox, missed, inbound, via +33 1 89 39 46 35, 3 Nov to 5 Nov 2026, with “invoice”`.

    Empty if the query matches every call.
    """
    words = [
        VIEW_WORDS.get(query.view),
        type_words(query.type),
        DIRECTION_WORDS.get(query.direction),
        _("via %(line)s", line=named(query.line, people.name(query.line))) if query.line else "",
        _("with %(number)s", number=named(query.number, people.name(query.number))) if query.number else "",
        day_range((query.date_from, query.date_to)) if query.date_from or query.date_to else "",
        _("with “%(text)s”", text=query.q) if query.q else "",
    ]
    found = [str(word) for word in words if word]
    return listed(found) if found else ""


def known_id(call_id: str) -> str:
    """Return the id of a URL if it can be a call's, or abort with 404."""
    return call_id if is_call_id(call_id) else abort(404)
