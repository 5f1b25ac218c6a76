"""The chart and the hours of the week: which bars there are, how high they are, and what they leave out."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.calls.statistics import CallStatistics
from aircall.web.charts import MOST_BARS, MOST_LABELS, SHADES, draw_chart, draw_week
from aircall.web.list_query import FIRST_DAY, LAST_DAY

TODAY = date(2026, 11, 23)
DAYS = st.dates(FIRST_DAY, LAST_DAY)
SORTS = [("inbound", "answered"), ("outbound", "missed"), ("inbound", "missed"), ("unknown", "unknown")]


def figures_of(*days: date, sort: tuple[str, str] = ("inbound", "missed")) -> CallStatistics:
    """One call of this sort on each of these days."""
    numbers = {day: Counter({sort: number}) for day, number in Counter(days).items()}
    return CallStatistics(numbers, Counter(), Counter({sort: len(days)}))


@given(DAYS, DAYS, st.data())
def test_a_range_of_any_length_is_cut_into_few_bars_without_gap_or_overlap(
    one: date, other: date, data: st.DataObject
) -> None:
    first, last = sorted((one, other))
    days = data.draw(st.lists(st.dates(first, last), min_size=1, max_size=20))

    chart = draw_chart(figures_of(*days), first, last, TODAY)

    assert chart
    assert 1 <= len(chart.bars) <= MOST_BARS
    assert (chart.bars[0].first, chart.bars[-1].last) == (first, last)
    for bar, following in zip(chart.bars, chart.bars[1:], strict=False):
        assert following.first == bar.last + timedelta(days=1)
    for bar in chart.bars:
        assert bar.total == sum(bar.first <= day <= bar.last for day in days)
    assert sum(bool(bar.label) for bar in chart.bars) <= MOST_LABELS


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(SORTS), st.integers(1, 10**6)), min_size=1))
def test_bars_stand_on_the_axis_and_the_highest_reaches_the_top(
    numbers: list[tuple[int, tuple[str, str], int]],
) -> None:
    days: dict[date, Counter[tuple[str, str]]] = {}
    for back, sort, number in numbers:
        days.setdefault(TODAY - timedelta(days=back), Counter())[sort] += number

    chart = draw_chart(CallStatistics(days, Counter(), Counter()), TODAY - timedelta(days=30), TODAY, TODAY)

    assert chart
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
    ],
)
def test_a_bar_says_its_days(length: int, unit: str, names: list[str]) -> None:
    chart = draw_chart(figures_of(TODAY), TODAY - timedelta(days=length - 1), TODAY, TODAY)

    assert chart
    assert chart.unit == unit
    assert [chart.bars[0].name, chart.bars[-1].name][-len(names) :] == names


def test_the_year_is_said_where_it_is_not_this_one() -> None:
    this, last = (draw_chart(figures_of(day), day, day + timedelta(days=1), TODAY)
                  for day in (TODAY, date(2025, 12, 31)))  # fmt: skip

    assert this
    assert last
    assert (this.days, last.days) == ("23 Nov to 24 Nov", "31 Dec 2025 to 1 Jan 2026")


def test_a_call_nobody_took_outside_is_not_one_we_missed() -> None:
    statistics = CallStatistics({TODAY: Counter(dict.fromkeys(SORTS, 1))}, Counter(), Counter())

    chart = draw_chart(statistics, TODAY, TODAY, TODAY)

    assert chart
    assert [kind.label for kind in chart.kinds] == ["Answered", "Missed", "No answer", "Unknown"]


def test_today_is_known_only_where_it_has_a_bar_of_its_own() -> None:
    day, week = (
        draw_chart(figures_of(TODAY), TODAY - timedelta(days=back), TODAY, TODAY) for back in (9, 90)
    )

    assert day
    assert week
    assert day.today is day.bars[-1]
    assert draw_chart(figures_of(TODAY), TODAY, TODAY, TODAY + timedelta(days=1)).today is None  # type: ignore[union-attr]


def test_without_calls_in_its_days_there_is_no_chart() -> None:
    assert draw_chart(figures_of(TODAY), TODAY - timedelta(days=9), TODAY - timedelta(days=1), TODAY) is None


def test_only_an_hour_without_calls_has_no_shade_and_the_busiest_has_the_strongest() -> None:
    hours = Counter({(0, 9): 1000, (0, 10): 1, (6, 23): 500})

    week = draw_week(CallStatistics({}, hours, Counter()))

    assert week
    monday, sunday = week.days[0][1], week.days[6][1]
    assert [monday[hour].shade for hour in (8, 9, 10)] == [0, SHADES, 1]
    assert sunday[23].shade == 3
    assert (week.busiest_day, week.busiest_hour, week.most) == ("Monday", 9, 1000)


def test_of_equally_busy_hours_the_first_is_named() -> None:
    week = draw_week(CallStatistics({}, Counter({(4, 3): 2, (1, 20): 2, (1, 8): 1}), Counter()))

    assert week
    assert (week.busiest_day, week.busiest_hour) == ("Tuesday", 20)


def test_a_week_without_calls_is_not_drawn() -> None:
    assert draw_week(CallStatistics({}, Counter(), Counter())) is None
