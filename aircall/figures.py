"""Numbers of calls, put into the days and hours of a zone. Knows no SQL."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

# A call's direction and type.
Sort = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many calls of one sort came in a quarter of an hour; `quarter` is its start, None if unknown."""

    quarter: datetime | None
    sort: Sort
    number: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of calls, by local time; those without a time are only in `totals`. Not to be changed.

    `hours` are for (weekday, hour): Monday is 0, and the hours of a clock that is set back count together.
    """

    days: Mapping[date, Counter[Sort]]
    hours: Counter[tuple[int, int]]
    totals: Counter[Sort]


def in_zone(tallies: Iterable[Tally], zone: ZoneInfo) -> Figures:
    """The figures by the days and hours of this zone."""
    days: defaultdict[date, Counter[Sort]] = defaultdict(Counter)
    hours: Counter[tuple[int, int]] = Counter()
    totals: Counter[Sort] = Counter()
    for tally in tallies:
        totals[tally.sort] += tally.number
        if tally.quarter:
            local = tally.quarter.astimezone(zone)
            days[local.date()][tally.sort] += tally.number
            hours[local.weekday(), local.hour] += tally.number
    return Figures(dict(days), hours, totals)
