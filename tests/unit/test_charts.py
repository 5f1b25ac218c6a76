"""Charts: which days and bars there are, how high the bars are, and the hours of the week."""

from collections import Counter
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from aircall.calls.statistics import CallStatistics, CallStatisticsQuery
from aircall.calls.store import CallStore
from aircall.web.charts import MOST_BARS, MOST_LABELS, SHADES, Chart, draw_chart, draw_week, recent_chart
from aircall.web.list_query import FIRST_DAY, LAST_DAY, ListQuery
from tests.support.made_calls import NOON, made_call

TODAY = NOON.date()
NEW_YEARS_EVE = date(2025, 12, 31)
DAYS = st.dates(FIRST_DAY, LAST_DAY)
KINDS = [("inbound", "answered"), ("outbound", "missed"), ("inbound", "missed"), ("unknown", "unknown")]


def statistics_of(*days: date, kind: tuple[str, str] = ("inbound", "missed")) -> CallStatistics:
    """Return the statistics of one call on each of these days."""
    numbers = {day: Counter({kind: number}) for day, number in Counter(days).items()}
    return CallStatistics(numbers, Counter(), Counter({kind: len(days)}))


def drawn(statistics: CallStatistics, first: date, last: date, today: date = TODAY) -> Chart:
    chart = draw_chart(statistics, first, last, today)
    assert chart
    return chart


@given(DAYS, DAYS, st.data())
def test_a_range_of_any_length_is_cut_into_few_bars_without_gap_or_overlap(
    one: date, other: date, data: st.DataObject
) -> None:
    first, last = sorted((one, other))
    days = data.draw(st.lists(st.dates(first, last), min_size=1, max_size=20))

    chart = drawn(statistics_of(*days), first, last)

    assert 1 <= len(chart.bars) <= MOST_BARS
    assert (chart.bars[0].first, chart.bars[-1].last) == (first, last)
    for bar, following in zip(chart.bars, chart.bars[1:], strict=False):
        assert following.first == bar.last + timedelta(days=1)
    for bar in chart.bars:
        assert bar.total == sum(bar.first <= day <= bar.last for day in days)
    assert sum(bool(bar.label) for bar in chart.bars) <= MOST_LABELS


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(KINDS), st.integers(1, 10**6)), min_size=1))
def test_bars_stand_on_the_axis_and_the_highest_reaches_the_top(
    numbers: list[tuple[int, tuple[str, str], int]],
) -> None:
    days: dict[date, Counter[tuple[str, str]]] = {}
    for back, kind, number in numbers:
        days.setdefault(TODAY - timedelta(days=back), Counter())[kind] += number

    chart = drawn(CallStatistics(days, Counter(), Counter()), TODAY - timedelta(days=30), TODAY)

    for bar in chart.bars:
        foot = 100.0
        for part in bar.parts:
            assert part.y + part.height == pytest.approx(foot, abs=0.02)
            foot = part.y
        assert 100 - foot == pytest.approx(100 * bar.total / chart.highest.total, abs=0.02)
    assert [bar.place for bar in chart.bars] == sorted(bar.place for bar in chart.bars)
    assert chart.bars[-1].place + chart.place_width == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize(
    ("length", "unit", "names"),
    [
        (1, "day", ["Mon 23 Nov 2026"]),
        (2, "day", ["Sun 22 Nov 2026", "Mon 23 Nov 2026"]),
        (36, "week", ["19 Oct to 25 Oct 2026", "Mon 23 Nov 2026"]),
        (400, "month", ["20 Oct to 31 Oct 2025", "1 Nov to 23 Nov 2026"]),
        (2000, "year", ["3 Jun to 31 Dec 2021", "1 Jan to 23 Nov 2026"]),
        (36_500, "year", ["19 Dec 1926 to 31 Dec 1996", "1 Jan to 23 Nov 2026"]),
    ],
)
def test_a_bar_says_its_days(length: int, unit: str, names: list[str]) -> None:
    chart = drawn(statistics_of(TODAY), TODAY - timedelta(days=length - 1), TODAY)

    assert chart.unit == unit
    assert [chart.bars[0].name, chart.bars[-1].name][-len(names) :] == names


def test_the_year_is_said_where_it_is_not_this_one() -> None:
    this, last = (drawn(statistics_of(day), day, day + timedelta(days=1)) for day in (TODAY, NEW_YEARS_EVE))

    assert (this.days, last.days) == ("23 Nov to 24 Nov", "31 Dec 2025 to 1 Jan 2026")


def test_an_unanswered_outbound_call_is_not_one_that_we_missed() -> None:
    statistics = CallStatistics({TODAY: Counter(dict.fromkeys(KINDS, 1))}, Counter(), Counter())

    chart = drawn(statistics, TODAY, TODAY)

    assert [kind.label for kind in chart.kinds] == ["Incoming", "Missed", "No answer", "Unknown"]


def test_today_is_known_only_where_it_has_a_bar_of_its_own() -> None:
    tomorrow = TODAY + timedelta(days=1)
    days, weeks = (drawn(statistics_of(TODAY), TODAY - timedelta(days=back), tomorrow) for back in (9, 90))

    assert days.today is days.bars[-2]
    assert weeks.today is None
    assert drawn(statistics_of(TODAY), TODAY, TODAY, today=tomorrow).today is None


def test_without_calls_nothing_is_drawn() -> None:
    yesterday = TODAY - timedelta(days=1)

    assert draw_chart(statistics_of(TODAY), yesterday - timedelta(days=9), yesterday, TODAY) is None
    assert draw_week(CallStatistics({}, Counter(), Counter())) is None


def test_only_an_hour_without_calls_has_no_shade_and_the_first_of_the_busiest_is_named() -> None:
    hours = Counter({(4, 3): 1000, (0, 9): 1000, (0, 10): 1, (6, 23): 500})

    week = draw_week(CallStatistics({}, hours, Counter()))

    assert week
    monday, friday, sunday = (week.days[day][1] for day in (0, 4, 6))
    assert [monday[hour].shade for hour in (8, 9, 10)] == [0, SHADES, 1]
    assert (friday[3].shade, sunday[23].shade) == (SHADES, 3)
    assert (week.busiest_day, week.busiest_hour, week.most) == ("Monday", 9, 1000)


@pytest.mark.parametrize(
    ("days_ago", "until", "last_days_ago"),
    [
        ([0], None, 0), ([13], None, 0), ([14], None, 14), ([400], None, 400), ([1], date(2099, 12, 31), 0),
        ([30], date(2099, 12, 31), 30), ([30], TODAY - timedelta(days=2), 30),
        ([5], TODAY - timedelta(days=2), 2), ([-40], None, -40), ([-40], date(2099, 12, 31), -40),
        # A call in the future does not move the chart away from today.
        ([0, -4000], None, 0),
    ],
)  # fmt: skip
def test_two_weeks_end_today_or_if_they_have_no_call_on_the_day_of_the_newest(
    sqlite: Engine, days_ago: list[int], until: date | None, last_days_ago: int
) -> None:
    for number, days in enumerate(days_ago):
        CallStore(sqlite).apply([made_call(number, created_at=NOON - timedelta(days=days))])

    chart = recent_chart(CallStatisticsQuery(sqlite), ListQuery(date_to=until), ZoneInfo("UTC"), NOON)

    last = TODAY - timedelta(days=last_days_ago)
    assert chart
    assert (chart.bars[0].first, chart.bars[-1].last) == (last - timedelta(days=13), last)
    assert sum(bar.total for bar in chart.bars) == 1
