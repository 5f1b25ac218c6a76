"""What the chart's bars say. Knows no request and no HTML.

The hours of the week, and which are the busiest, in the viewer's language. Knows no HTML.

The chart of calls by day, week or month: what its bars show and where they are. Knows no request, no HTML.

Places and lengths are per cent of the picture's width or height, so that one drawing fits every size.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from aircall.calls.statistics import CallStatistics, CallStatisticsQuery
from aircall.web.formatting import (
    ANSWERED,
    MISSED,
    MONTH,
    NO_ANSWER,
    SHORT_WITH_WEEKDAY,
    UNKNOWN_KIND,
    VOICEMAIL,
    WITHOUT_YEAR,
    YEAR,
    Kind,
    by_kind,
    count,
    counted_calls,
    day_name,
    day_range,
    listed,
    weekdays,
)
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.i18n import ngettext, viewer_locale
from aircall.web.list_query import FIRST_DAY, LAST_DAY, ListQuery


def numbers_text(kinds: Sequence[Kind], numbers: Mapping[str, int]) -> str:
    """How many calls there are, and how many of each of these kinds: `4 calls – 3 answered, 1 missed`."""
    calls = counted_calls(sum(numbers.values()))
    parts = [_counted_kind(kind.name, numbers[kind.name]) for kind in kinds if numbers.get(kind.name)]
    return _("%(calls)s – %(kinds)s", calls=calls, kinds=listed(parts)) if parts else calls


def _counted_kind(name: str, number: int) -> str:
    shown = count(number)
    if name == "answered":
        return ngettext("%(number)s answered", "%(number)s answered", number, number=shown)
    if name == "missed":
        return ngettext("%(number)s missed", "%(number)s missed", number, number=shown)
    if name == "voicemail":
        return ngettext("%(number)s voicemail", "%(number)s voicemail", number, number=shown)
    if name == "unanswered":
        return ngettext("%(number)s no answer", "%(number)s no answer", number, number=shown)
    return ngettext("%(number)s unknown", "%(number)s unknown", number, number=shown)


# From the palest, for a few calls, to the strongest, for the most; an hour without calls has none.
SHADES = 5


@dataclass(frozen=True, slots=True)
class Hour:
    """The calls of one hour of the week, and its shade, 0 to SHADES."""

    number: int
    shade: int


@dataclass(frozen=True, slots=True)
class Week:
    """Seven named days of 24 hours each, Monday first, and the busiest hour among them."""

    days: Sequence[tuple[str, Sequence[Hour]]]
    busiest_day: str
    busiest_hour: int
    most: int


def draw_week(statistics: CallStatistics) -> Week | None:
    """The hours of the week; None where no call has a time. Of equally busy hours the first one is named."""
    if not statistics.hours:
        return None
    (busiest_day, busiest_hour), most = min(statistics.hours.items(), key=lambda item: (-item[1], item[0]))
    names = weekdays(viewer_locale())
    days = [
        (short, [_hour(statistics.hours[weekday, hour], most) for hour in range(24)])
        for weekday, (short, _) in enumerate(names)
    ]
    return Week(days, names[busiest_day][1], busiest_hour, most)


def _hour(number: int, most: int) -> Hour:
    return Hour(number, -(-number * SHADES // most))


# What is told apart, from the foot of a bar to its top. Incoming and outgoing calls count together.
SERIES = (ANSWERED, MISSED, VOICEMAIL, NO_ANSWER, UNKNOWN_KIND)
MOST_BARS = 31
# Where there are fewer bars, the room beside them stays free: one day is not drawn as a wall.
FEWEST_PLACES = 7
BAR_SHARE = 0.68
MOST_LABELS = 5

Span = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Unit:
    """What a bar stands for: `start_of` gives the first day of the one that a day is in.

    `label` is how that day is written below it.
    """

    name: str
    start_of: Callable[[date], date]
    longest: timedelta
    label: str


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a bar that one kind of call takes."""

    kind: Kind
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The calls from `first` to `last`, both inclusive, by names of kinds.

    `place` is where its share of the width begins, `x` where the bar does; `label` may be empty.
    """

    first: date
    last: date
    numbers: Counter[str]
    parts: Sequence[Part]
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
        """All calls of this bar."""
        return self.numbers.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Calls per `unit`, such as "day", of these `days`. `kinds` are those that occur; `today` may be None."""

    unit: str
    days: str
    bars: Sequence[Bar]
    kinds: Sequence[Kind]
    highest: Bar
    today: Bar | None
    place_width: float
    bar_width: float

    def numbers_of(self, bar: Bar) -> str:
        """What the bar shows in words, `4 calls – 3 answered, 1 missed`."""
        return numbers_text(self.kinds, bar.numbers)


def draw_chart(statistics: CallStatistics, first: date, last: date, today: date) -> Chart | None:
    """The calls of these days, by the shortest unit that needs no more than MOST_BARS; None without calls."""
    unit, spans = _spans_of(first, last)
    numbers = _by_start(statistics, first, last, unit)
    highest = max((number.total() for number in numbers.values()), default=0)
    if not highest:
        return None
    place = 100 / max(len(spans), FEWEST_PLACES)
    bars = [
        _bar(span, numbers.get(unit.start_of(span[0]), Counter()), highest, index * place, place, label)
        for index, (span, label) in enumerate(zip(spans, _labels(unit, spans), strict=True))
    ]
    return _chart_of(bars, unit, place, today)


def _chart_of(bars: Sequence[Bar], unit: Unit, place: float, today: date) -> Chart:
    return Chart(
        unit=unit.name,
        days=day_range((bars[0].first, bars[-1].last), today),
        bars=bars,
        kinds=[kind for kind in SERIES if any(bar.numbers[kind.name] for bar in bars)],
        highest=max(bars, key=lambda bar: bar.total),
        today=next((bar for bar in bars if bar.first == today == bar.last), None),
        place_width=round(place, 2),
        bar_width=round(place * BAR_SHARE, 2),
    )


def _years(count: int) -> Callable[[date], date]:
    return lambda day: date(max(1, day.year - day.year % count), 1, 1)


UNITS = (
    Unit(_l("day"), lambda day: day, timedelta(days=1), WITHOUT_YEAR),
    Unit(_l("week"), lambda day: day - timedelta(days=day.weekday()), timedelta(days=7), WITHOUT_YEAR),
    Unit(_l("month"), lambda day: day.replace(day=1), timedelta(days=31), MONTH),
    Unit(_l("year"), _years(1), timedelta(days=366), YEAR),
    Unit(_l("decade"), _years(10), timedelta(days=3660), YEAR),
    Unit(_l("century"), _years(100), timedelta(days=36600), YEAR),
    Unit(_l("millennium"), _years(1000), timedelta(days=366000), YEAR),
)


def _spans_of(first: date, last: date) -> tuple[Unit, list[Span]]:
    for unit in UNITS:
        # Counted before they are made: a range may have millions of days.
        if (last - first) / unit.longest <= MOST_BARS:
            spans = _spans(first, last, unit)
            if len(spans) <= MOST_BARS:
                break
    return unit, spans


def _spans(first: date, last: date, unit: Unit) -> list[Span]:
    """The range cut into units; the first and the last of them may be cut short."""
    spans = []
    while first <= last:
        start = unit.start_of(first)
        following = unit.start_of(start + min(unit.longest, date.max - start))
        end = min(last, following - timedelta(days=1)) if following > start else last
        spans.append((first, end))
        first = end + timedelta(days=1)
    return spans


def _by_start(statistics: CallStatistics, first: date, last: date, unit: Unit) -> dict[date, Counter[str]]:
    numbers: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for day, sorts in statistics.days.items():
        if first <= day <= last:
            numbers[unit.start_of(day)] += by_kind(sorts)
    return dict(numbers)


def _labels(unit: Unit, spans: Sequence[Span]) -> list[str]:
    """A label for few enough bars, the last one always among them."""
    every = -(-max(len(spans), FEWEST_PLACES) // MOST_LABELS)
    return [
        "" if (len(spans) - 1 - index) % every else day_name(span[0], unit.label)
        for index, span in enumerate(spans)
    ]


def _bar(span: Span, numbers: Counter[str], highest: int, at: float, place: float, label: str) -> Bar:
    return Bar(
        first=span[0],
        last=span[1],
        numbers=numbers,
        parts=_parts(numbers, highest),
        place=round(at, 2),
        x=round(at + place * (1 - BAR_SHARE) / 2, 2),
        middle=round(at + place / 2, 2),
        label=label,
    )


def _parts(numbers: Counter[str], highest: int) -> list[Part]:
    parts, foot = [], 0
    for kind in SERIES:
        if number := numbers[kind.name]:
            foot += number
            parts.append(Part(kind, round(100 - 100 * foot / highest, 2), round(100 * number / highest, 2)))
    return parts


# How many days the list's chart shows where the range of days is open.
RECENT_DAYS = timedelta(days=14)
ONE_DAY = timedelta(days=1)


def recent_chart(
    statistics: CallStatisticsQuery, query: ListQuery, zone: ZoneInfo, now: datetime
) -> Chart | None:
    """The chart beside the list: of the query's days, or where those are open, of a fortnight with calls."""
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
    """Today, or where the fortnight up to it has no call, the newest one's day: the past comes first."""
    end = min(query.date_to or today, today)
    newest = statistics.newest_day(replace(query, date_to=end).to_filter(zone), zone)
    newest = newest or statistics.newest_day(query.to_filter(zone), zone)
    if newest is None or not FIRST_DAY <= newest <= LAST_DAY:
        return None
    return end if end - RECENT_DAYS < newest <= end else newest


def whole_chart(statistics: CallStatistics, query: ListQuery, today: date) -> Chart | None:
    """The chart of all the query's days, or where those are open from the first call's to the last one's."""
    days = [day for day in statistics.days if FIRST_DAY <= day <= LAST_DAY]
    if not days:
        return None
    return draw_chart(statistics, query.date_from or min(days), query.date_to or max(days), today)
