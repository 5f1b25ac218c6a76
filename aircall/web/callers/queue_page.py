"""The data of the queue's page: its query, the callers on it, and who has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import url_for

from aircall.calls.callers import Caller, CallerQuery, QueueFilter
from aircall.models import User
from aircall.team.claims import Claims
from aircall.web.list_query import ListQuery

MINE, NOBODY = "mine", "nobody"
OLDEST, NEWEST = "oldest", "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueQuery:
    """Which callers a page shows, and in what order. Equal values make equal URLs."""

    q: str = ""
    who: str = ""
    sort: str = OLDEST
    per_page: int
    page: int = 1

    @classmethod
    def read(cls, query: ListQuery, args: Mapping[str, str]) -> "QueueQuery":
        """Return the query of these URL parameters; an unusable value is left out."""
        who, sort = args.get("who", ""), args.get("sort", "")
        return cls(
            q=query.q,
            who=who if who in (MINE, NOBODY) else "",
            sort=sort if sort == NEWEST else OLDEST,
            per_page=query.per_page,
            page=query.page,
        )

    @property
    def is_filtered(self) -> bool:
        """Whether anything restricts the queue."""
        return bool(self.q or self.who)

    def url(self, **changes: Any) -> str:
        """Return the URL of the queue with `changes`; without a page, of its first one."""
        values: dict[str, Any] = {
            "q": self.q,
            "who": self.who,
            "sort": "" if self.sort == OLDEST else self.sort,
            "per_page": self.per_page,
        } | changes
        values |= {"page": ""} if changes.get("page") == 1 else {}
        return url_for("callers.index", **{name: value for name, value in values.items() if value})


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """A page of the queue. `waiting_count` callers wait; `total` are shown, with those just reached.

    `everyone` is how many wait without any filter. `first` and `last` count from one, and are 0 on an empty
    page.
    """

    callers: Sequence[Caller]
    waiting_count: int
    everyone: int
    longest: datetime | None
    total: int
    first: int
    last: int
    number: int
    page_count: int


def read_queue(callers: CallerQuery, wanted: QueueFilter, query: QueueQuery, now: datetime) -> QueuePage:
    """Return the requested page, or the last one if there are fewer pages."""
    waiting_count = callers.count(wanted)
    total = waiting_count + callers.reached_count(wanted, now)
    page_count = max(1, -(-total // query.per_page))
    number = min(query.page, page_count)
    offset = (number - 1) * query.per_page
    found = callers.page(
        wanted, now, offset=offset, limit=query.per_page, is_newest_first=query.sort == NEWEST
    )
    return QueuePage(
        callers=found,
        waiting_count=waiting_count,
        everyone=callers.count(QueueFilter(ours=wanted.ours)),
        longest=callers.longest_wait(wanted),
        total=total,
        first=offset + 1 if found else 0,
        last=offset + len(found) if found else 0,
        number=number,
        page_count=page_count,
    )


def claimed_by(wanted: QueueFilter, who: str, claims: Claims, user: User) -> QueueFilter:
    """Return the filter of the callers that the user has, or nobody; the same without `who`."""
    if who == MINE:
        return replace(wanted, only=frozenset(claim.number_key for claim in claims.active(user)))
    if who == NOBODY:
        return replace(wanted, without=frozenset(claim.number_key for claim in claims.active()))
    return wanted
