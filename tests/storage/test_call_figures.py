"""The figures of the log: what counting a plain list by the clock on the wall would give."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.calls.query import CallFilter
from aircall.calls.statistics import CallStatisticsQuery
from aircall.calls.store import CallStore
from aircall.models import Call
from tests.storage.drawn import FILTERS, checked
from tests.storage.naive import newest_first
from tests.storage.test_call_query import fill
from tests.support.made_calls import NOON, made_call

ZONES = ["UTC", "Europe/Paris", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]
# Clocks are set within hours of these, in one of the zones; the last is before the count of time begins.
ODD_DAYS = [
    datetime(2026, 3, 8, 6, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
]
TIMES = st.builds(
    lambda day, off: day + timedelta(milliseconds=off),
    st.sampled_from(ODD_DAYS),
    # Rich in the very beginnings and ends of quarters.
    st.builds(
        lambda quarter, off: quarter * 900_000 + off,
        st.integers(-120, 120),
        st.sampled_from([-1, 0, 1]) | st.integers(0, 900_000),
    ),
)
CALLS = st.builds(
    made_call,
    st.integers(0, 10**6),
    direction=st.sampled_from(["inbound", "outbound", "unknown"]),
    call_type=st.sampled_from(["missed", "answered", "voicemail", "unknown"]),
    is_archived=st.booleans(),
    created_at=st.none() | TIMES,
)
LISTS = st.lists(CALLS, max_size=25, unique_by=lambda call: call.id)


def test_the_odd_days_are_odd_in_these_zones() -> None:
    def clock_is_set(zone: str, day: datetime) -> bool:
        before, after = ((day + off).astimezone(ZoneInfo(zone)) for off in (-timedelta(1), timedelta(1)))
        return before.utcoffset() != after.utcoffset()

    assert all(any(clock_is_set(zone, day) for zone in ZONES) for day in ODD_DAYS[:-1])


@pytest.mark.parametrize("zone_name", ZONES)
@given(LISTS, FILTERS)
@checked
def test_figures_are_what_counting_the_filtered_list_gives(
    log: CallStore, zone_name: str, calls: list[Call], wanted: CallFilter
) -> None:
    zone = ZoneInfo(zone_name)
    fill(log, calls)
    expected = newest_first(calls, wanted)
    timed = [(call, call.created_at.astimezone(zone)) for call in expected if call.created_at]

    statistics = CallStatisticsQuery(log.engine, log.search).read(wanted, zone)

    assert statistics.totals == Counter((call.direction, call.call_type) for call in expected)
    assert statistics.hours == Counter((local.weekday(), local.hour) for _, local in timed)
    flat = {(day, *sort): number for day, sorts in statistics.days.items() for sort, number in sorts.items()}
    assert flat == Counter((local.date(), call.direction, call.call_type) for call, local in timed)


@pytest.mark.parametrize("is_read", [False, True], ids=["while it is first read", "read"])
@pytest.mark.parametrize("zone_name", ZONES)
@given(LISTS, FILTERS, st.sampled_from(ODD_DAYS), st.integers(-2, 2), st.integers(1, 70))
@checked
def test_days_are_the_same_when_only_they_are_asked_for(
    log: CallStore,
    zone_name: str,
    is_read: bool,
    calls: list[Call],
    wanted: CallFilter,
    odd: datetime,
    off: int,
    count: int,
) -> None:
    zone = ZoneInfo(zone_name)
    fill(log, calls)
    if is_read:
        log.mark_synced(NOON)
    first = odd.astimezone(zone).date() + timedelta(off)
    since, until = (datetime.combine(day, time(), zone) for day in (first, first + timedelta(count)))
    wanted = replace(wanted, since=since, until=until)

    statistics = CallStatisticsQuery(log.engine, log.search)

    days, whole = statistics.read_days(wanted, zone), statistics.read(wanted, zone)
    assert (days.days, days.totals) == (whole.days, whole.totals)


@given(LISTS, st.sampled_from(ZONES))
@checked
def test_the_newest_day_is_that_of_the_first_call_with_a_time(
    log: CallStore, calls: list[Call], zone_name: str
) -> None:
    zone, wanted = ZoneInfo(zone_name), CallFilter(view="archived")
    fill(log, calls)
    days = [
        call.created_at.astimezone(zone).date() for call in newest_first(calls, wanted) if call.created_at
    ]

    assert CallStatisticsQuery(log.engine).newest_day(wanted, zone) == (days[0] if days else None)


@pytest.mark.parametrize(
    ("zone_name", "day", "hours"),
    [("Europe/Paris", date(2026, 10, 25), 25), ("Europe/Paris", date(2026, 3, 29), 23)],
)
def test_a_day_is_as_long_as_its_clock_makes_it(
    log: CallStore, zone_name: str, day: date, hours: int
) -> None:
    zone = ZoneInfo(zone_name)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    times = [midnight + timedelta(minutes=30 * step) for step in range(-4, 60)]
    log.apply([made_call(number, created_at=time) for number, time in enumerate(times)])

    statistics = CallStatisticsQuery(log.engine).read(CallFilter(), zone)

    assert statistics.days[day].total() == 2 * hours


def test_figures_follow_the_log(log: CallStore) -> None:
    statistics, zone = CallStatisticsQuery(log.engine), ZoneInfo("UTC")
    log.apply([made_call(1)])
    assert statistics.read(CallFilter(), zone).days[NOON.date()] == {("inbound", "missed"): 1}

    log.apply([made_call(1, is_archived=True)])

    assert statistics.read(CallFilter(), zone).totals.total() == 0
    assert statistics.newest_day(CallFilter(), zone) is None


def test_figures_are_kept_apart_by_zone(log: CallStore) -> None:
    log.apply([made_call(1, created_at=NOON.replace(hour=23))])
    statistics = CallStatisticsQuery(log.engine)

    days = [set(statistics.read(CallFilter(), ZoneInfo(zone)).days) for zone in ("UTC", "Europe/Paris")]

    assert days == [{date(2026, 11, 23)}, {date(2026, 11, 24)}]
