"""Charts: calls per day or longer unit, and calls by hour of the week. Geometry and texts, without HTML.

Positions and lengths are percentages of the picture's width or height, so one drawing fits every size.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from aircall.calls.statistics import CallStatistics, CallStatisticsQuery
from aircall.web.formatting import (
    MONTH,
    SHORT_WITH_WEEKDAY,
    WITHOUT_YEAR,
    YEAR,
    count,
    counted_calls,
    day_name,
    day_range,
    listed,
    weekdays,
)
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.i18n import viewer_format
from aircall.web.kinds import KINDS, Kind, by_kind
from aircall.web.list_query import FIRST_DAY, LAST_DAY, ListQuery

MOST_BARS = 31
# With fewer bars than this the rest of the width stays empty: a single day would fill the whole picture.
FEWEST_PLACES = 7
# The width of a bar as a share of its place.
BAR_SHARE = 0.68
MOST_LABELS = 5
# Shades of an hour, 1 for few calls to SHADES for the most; 0 means no calls.
SHADES = 5
ONE_DAY = timedelta(days=1)
# Charts that are kept: those of lists without changes are drawn once.
DRAWN_CHARTS = 32
# The days of the list's chart if the query leaves them open.
RECENT_DAYS = timedelta(days=14)

# The first and the last day, inclusive.
Span = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Unit:
    """What a bar stands for.

    `start_of` returns the first day of the unit that a day is in; `label` is the form of a day below a bar.
    """

    name: str
    start_of: Callable[[date], date]
    longest: timedelta
    label: str


YEARS = Unit(_l("year"), lambda day: day.replace(month=1, day=1), timedelta(days=366), YEAR)
UNITS = (
    Unit(_l("day"), lambda day: day, ONE_DAY, WITHOUT_YEAR),
    Unit(_l("week"), lambda day: day - timedelta(days=day.weekday()), timedelta(days=7), WITHOUT_YEAR),
    Unit(_l("month"), lambda day: day.replace(day=1), timedelta(days=31), MONTH),
    YEARS,
)


class Part(NamedTuple):
    """One kind of calls in a bar."""

    kind: Kind
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The calls from `first` to `last`, both inclusive, by the names of their kinds.

    `place` is the left end of its share of the width, `x` that of the bar itself; `label` may be empty.
    """

    first: date
    last: date
    # Equal bars have equal numbers; a Counter has no hash.
    numbers: Counter[str] = field(hash=False)
    parts: tuple[Part, ...]
    place: float
    x: float
    middle: float
    label: str

    @property
    def name(self) -> str:
        """Its days, `Mon 23 Nov 2026` or `16 Nov to 22 Nov 2026`."""
        if self.first == self.last:
            return day_name(self.first, SHORT_WITH_WEEKDAY)
        return day_range((self.first, self.last))

    @property
    def total(self) -> int:
        """The number of its calls."""
        return self.numbers.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Calls per `unit`. `kinds` are those that occur; `today` is None unless today has its own bar."""

    unit: str
    days: str
    bars: tuple[Bar, ...]
    kinds: tuple[Kind, ...]
    highest: Bar
    today: Bar | None
    place_width: float
    bar_width: float

    def numbers_of(self, bar: Bar) -> str:
        """Return what the bar shows in words, `4 calls – 3 answered, 1 missed`."""
        calls = counted_calls(bar.total)
        numbers = ((kind, bar.numbers[kind.name]) for kind in self.kinds)
        parts = [kind.count(number, count(number)) for kind, number in numbers if number]
        return _("%(calls)s – %(kinds)s", calls=calls, kinds=listed(parts)) if parts else calls

    def total_of(self, day: date | None) -> int | None:
        """Return how many calls this day has; None unless it has its own bar."""
        return next((bar.total for bar in self.days_shown if bar.first == day), None)

    @property
    def days_shown(self) -> Sequence[Bar]:
        """The bars that stand for one day each."""
        return [bar for bar in self.bars if bar.first == bar.last]


class Hour(NamedTuple):
    """The number of calls in one hour of the week, and its shade, 0 to SHADES."""

    number: int
    shade: int


@dataclass(frozen=True, slots=True)
class Week:
    """Seven named days of 24 hours, Monday first, and the busiest hour with its number of calls."""

    days: tuple[tuple[str, tuple[Hour, ...]], ...]
    busiest_day: str
    busiest_hour: int
    most: int


def recent_chart(
    statistics: CallStatisticsQuery, query: ListQuery, zone: ZoneInfo, now: datetime
) -> Chart | None:
    """Draw the chart beside the list: the query's days, or if they are open, two weeks that have calls."""
    query, today = replace(query, cursor=None), now.astimezone(zone).date()
    recent = _last_recent_day(statistics, query, zone, today)
    if recent is None:
        return None
    last = query.date_to if query.date_from and query.date_to else recent
    first = query.date_from or last - RECENT_DAYS + ONE_DAY
    last = max(first, last)
    wanted = replace(query, date_from=first, date_to=last).to_filter(zone)
    return draw_chart(statistics.read_days(wanted, zone), first, last, today)


def _last_recent_day(
    statistics: CallStatisticsQuery, query: ListQuery, zone: ZoneInfo, today: date
) -> date | None:
    """Return today, or the day of the newest call if the last two weeks have none. The past comes first."""
    end = min(query.date_to or today, today)
    newest = statistics.newest_day(replace(query, date_to=end).to_filter(zone), zone)
    newest = newest or statistics.newest_day(query.to_filter(zone), zone)
    if newest is None or not FIRST_DAY <= newest <= LAST_DAY:
        return None
    return end if end - RECENT_DAYS < newest <= end else newest


def whole_chart(statistics: CallStatistics, query: ListQuery, today: date) -> Chart | None:
    """Draw the query's days, or if they are open, those from the first call to the last one."""
    days = [day for day in statistics.days if FIRST_DAY <= day <= LAST_DAY]
    if not days:
        return None
    return draw_chart(statistics, query.date_from or min(days), query.date_to or max(days), today)


def draw_chart(statistics: CallStatistics, first: date, last: date, today: date) -> Chart | None:
    """Draw these days in the shortest unit that needs at most MOST_BARS; None if they have no calls.

    Of a range of more years than that, the first bar stands for all the earliest years.
    """
    return _draw_chart(statistics, first, last, today, viewer_format())


@lru_cache(DRAWN_CHARTS)
def _draw_chart(
    statistics: CallStatistics,
    first: date,
    last: date,
    today: date,
    _language: str,
) -> Chart | None:
    unit, spans = _spans_of(first, last)
    numbers = _by_span(statistics, spans)
    highest = max(number.total() for number in numbers)
    if not highest:
        return None
    width = 100 / max(len(spans), FEWEST_PLACES)
    bars = [
        _bar(span, numbers[index], highest, index * width, width, label)
        for index, (span, label) in enumerate(zip(spans, _labels(unit, spans), strict=True))
    ]
    return Chart(
        unit=unit.name,
        days=day_range((first, last), today),
        bars=tuple(bars),
        kinds=tuple(kind for kind in KINDS if any(bar.numbers[kind.name] for bar in bars)),
        highest=max(bars, key=lambda bar: bar.total),
        today=next((bar for bar in bars if bar.first == today == bar.last), None),
        place_width=round(width, 2),
        bar_width=round(width * BAR_SHARE, 2),
    )


def _spans_of(first: date, last: date) -> tuple[Unit, list[Span]]:
    for unit in UNITS:
        # Estimated before they are made: a range may have millions of days.
        if (last - first) / unit.longest <= MOST_BARS:
            spans = _spans(first, last, unit)
            if len(spans) <= MOST_BARS:
                return unit, spans
    later = date(last.year - MOST_BARS + 2, 1, 1)
    return YEARS, [(first, later - ONE_DAY), *_spans(later, last, YEARS)]


def _spans(first: date, last: date, unit: Unit) -> list[Span]:
    """Cut the range into units; the first and the last one may be incomplete."""
    spans = []
    while first <= last:
        following = unit.start_of(unit.start_of(first) + unit.longest)
        spans.append((first, min(last, following - ONE_DAY)))
        first = following
    return spans


def _by_span(statistics: CallStatistics, spans: Sequence[Span]) -> list[Counter[str]]:
    numbers: list[Counter[str]] = [Counter() for _span in spans]
    starts = [first for first, _last in spans]
    for day, of_day in statistics.days.items():
        if starts[0] <= day <= spans[-1][1]:
            numbers[bisect_right(starts, day) - 1] += by_kind(of_day)
    return numbers


def _labels(unit: Unit, spans: Sequence[Span]) -> list[str]:
    """Return a label for at most MOST_LABELS bars, the last bar included, and empty ones for the others."""
    every = -(-max(len(spans), FEWEST_PLACES) // MOST_LABELS)
    return [
        "" if (len(spans) - 1 - index) % every else day_name(span[0], unit.label)
        for index, span in enumerate(spans)
    ]


def _bar(span: Span, numbers: Counter[str], highest: int, place: float, width: float, label: str) -> Bar:
    return Bar(
        first=span[0],
        last=span[1],
        numbers=numbers,
        parts=_parts(numbers, highest),
        place=round(place, 2),
        x=round(place + width * (1 - BAR_SHARE) / 2, 2),
        middle=round(place + width / 2, 2),
        label=label,
    )


def _parts(numbers: Counter[str], highest: int) -> tuple[Part, ...]:
    parts, top = [], 0
    for kind in KINDS:
        if number := numbers[kind.name]:
            top += number
            parts.append(Part(kind, round(100 - 100 * top / highest, 2), round(100 * number / highest, 2)))
    return tuple(parts)


def draw_week(statistics: CallStatistics) -> Week | None:
    """Draw the hours of the week; None if no call has a time. The first of equally busy hours is named."""
    return _draw_week(statistics, viewer_format())


@lru_cache(DRAWN_CHARTS)
def _draw_week(statistics: CallStatistics, _language: str) -> Week | None:
    if not statistics.hours:
        return None
    (busiest_day, busiest_hour), most = min(statistics.hours.items(), key=lambda item: (-item[1], item[0]))
    names = weekdays()
    days = tuple(
        (short, tuple(_hour(statistics.hours[weekday, hour], most) for hour in range(24)))
        for weekday, (short, _long) in enumerate(names)
    )
    return Week(days, names[busiest_day][1], busiest_hour, most)


def _hour(number: int, most: int) -> Hour:
    return Hour(number, -(-number * SHADES // most))
