"""What the list page shows, put together from the log. Knows nothing of the request or of HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from aircall.call_query import CallQuery
from aircall.models import Call
from aircall.web.filters import ListQuery


@dataclass(frozen=True, slots=True)
class Day:
    """A day's calls on this page; `date` is None for calls that came without a usable time."""

    date: date | None
    relative: str
    label: str
    calls: Sequence[Call]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallList:
    """One page of the filtered list; `first` and `last` count from one, and are 0 where it is empty."""

    days: Sequence[Day]
    counts: dict[str, int]
    total: int
    first: int
    last: int
    number: int
    page_count: int
    missed_count: int
    lines: Sequence[str]


def read_list(log: CallQuery, query: ListQuery, zone: ZoneInfo, now: datetime) -> CallList:
    """The page that the query asks for, the last one where it asks for one beyond it."""
    wanted = query.to_filter(zone)
    counts = log.counts(wanted)
    total = counts[query.view]
    page_count = max(1, -(-total // query.per_page))
    number = min(query.page, page_count)
    offset = (number - 1) * query.per_page
    calls = log.page(wanted, offset, query.per_page)
    return CallList(
        days=group_by_day(calls, zone, now.astimezone(zone).date()),
        counts=counts,
        total=total,
        first=offset + 1 if calls else 0,
        last=offset + len(calls) if calls else 0,
        number=number,
        page_count=page_count,
        missed_count=log.missed_count(),
        lines=log.lines(),
    )


def group_by_day(calls: Sequence[Call], zone: ZoneInfo, today: date) -> list[Day]:
    """The calls, which are sorted by time already, in the days of this zone."""

    def day_of(call: Call) -> date | None:
        return call.created_at.astimezone(zone).date() if call.created_at else None

    return [_day(day, list(group), today) for day, group in groupby(calls, key=day_of)]


def _day(day: date | None, calls: Sequence[Call], today: date) -> Day:
    if day is None:
        return Day(None, "", "Unknown date", calls)
    relative = {today: "Today", today - timedelta(days=1): "Yesterday"}.get(day, "")
    return Day(day, relative, f"{day:%A} {day.day} {day:%B %Y}", calls)
