"""The list's query: which calls, which page. Reads what stands in a URL; whatever is not usable is said.

Knows the URL's words; knows nothing of how calls are found.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aircall.calls.query import VIEWS, CallFilter, Place
from aircall.calls.tables import number_key
from aircall.models import CALL_TYPES, DIRECTIONS, UNKNOWN, clean_text, is_call_id
from aircall.web.words import gettext as _
from aircall.web.words import lazy_gettext as _l

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
    top: Place | None = None
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
            top=self.top,
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
            "top": _place_text(self.top) if self.top and "page" in changes else "",
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
    query.top = _place(args.get("top", ""))
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


def _place(text: str) -> Place | None:
    # Nobody writes this by hand, so there is nothing to say about one that is not usable.
    found = PLACE.fullmatch(text)
    return Place(int(found[1]), found[2]) if found and is_call_id(found[2]) else None


def _place_text(place: Place) -> str:
    return f"{place.time_key}-{place.call_id}"


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)
