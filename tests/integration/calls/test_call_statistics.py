"""Statistics are what counting a plain list by local time gives."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aircall.calls.query import CallFilter
from aircall.calls.statistics import CallStatisticsQuery
from aircall.calls.store import CallStore
from aircall.models import Call
from tests.integration.calls.drawn import FILTERS, fill
from tests.integration.calls.naive import newest_first
from tests.support.made_calls import NOON, made_call

ZONES = ["UTC", "Europe/Paris", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]
# Within hours of these, clocks are changed in one of the zones; the last one is where Unix time begins.
ODD_DAYS = [
    datetime(2026, 3, 8, 6, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
]
# Rich in the first and last milliseconds of quarters of an hour.
OFFSETS = st.builds(
    lambda quarter, offset: timedelta(milliseconds=quarter * 900_000 + offset),
    st.integers(-120, 120),
    st.sampled_from([-1, 0, 1]) | st.integers(0, 900_000),
)
CALLS = st.builds(
    made_call,
    st.integers(0, 10**6),
    direction=st.sampled_from(["inbound", "outbound", "unknown"]),
    call_type=st.sampled_from(["missed", "answered", "voicemail", "unknown"]),
    is_archived=st.booleans(),
    created_at=st.none() | st.builds(lambda day, offset: day + offset, st.sampled_from(ODD_DAYS), OFFSETS),
)
LISTS = st.lists(CALLS, max_size=25, unique_by=lambda call: call.id)
DRAWN_ZONES = st.sampled_from(ZONES).map(ZoneInfo)
# Those by which whole days are counted in an index, and any.
DAY_FILTERS = FILTERS | st.builds(
    CallFilter, view=st.sampled_from(["inbox", "archived", "all"]), call_type=st.sampled_from(["", "missed"])
)
DAY_COUNTS = st.sampled_from([1, 2, 7, 62, 63])


@example([made_call(1, created_at=None)], CallFilter(), ZoneInfo("UTC"))
@given(LISTS, DAY_FILTERS, DRAWN_ZONES)
def test_statistics_are_what_counting_the_filtered_list_gives(
    call_store: CallStore, calls: list[Call], wanted: CallFilter, zone: ZoneInfo
) -> None:
    fill(call_store, calls)
    expected = newest_first(calls, wanted)
    timed = [(call, call.created_at.astimezone(zone)) for call in expected if call.created_at]
    query = CallStatisticsQuery(call_store.engine, call_store.search)

    statistics = query.read(wanted, zone)

    assert statistics.totals == Counter((call.direction, call.call_type) for call in expected)
    assert statistics.hours == Counter((local.weekday(), local.hour) for _, local in timed)
    flat = {(day, *kind): count for day, kinds in statistics.days.items() for kind, count in kinds.items()}
    assert flat == Counter((local.date(), call.direction, call.call_type) for call, local in timed)
    assert query.newest_day(wanted, zone) == (timed[0][1].date() if timed else None)


@pytest.mark.parametrize("is_synced", [False, True], ids=["first full sync", "synced"])
@example([made_call(1), made_call(2)], CallFilter(), ZoneInfo(ZONES[1]), NOON, 0, 2)
@given(LISTS, DAY_FILTERS, DRAWN_ZONES, st.sampled_from(ODD_DAYS), st.integers(-2, 0), DAY_COUNTS)
def test_whole_days_have_the_same_statistics_when_only_days_are_asked_for(
    call_store: CallStore,
    is_synced: bool,
    calls: list[Call],
    wanted: CallFilter,
    zone: ZoneInfo,
    odd_day: datetime,
    offset: int,
    count: int,
) -> None:
    fill(call_store, calls)
    if is_synced:
        call_store.mark_synced(NOON)
    first = odd_day.astimezone(zone).date() + timedelta(offset)
    since, until = (datetime.combine(day, time(), zone) for day in (first, first + timedelta(count)))
    wanted = replace(wanted, since=since, until=until)
    query = CallStatisticsQuery(call_store.engine, call_store.search)

    days, whole = query.read_days(wanted, zone), query.read(wanted, zone)

    assert (days.days, days.totals) == (whole.days, whole.totals)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 10, 25), 25), (date(2026, 3, 29), 23)])
def test_a_day_is_as_long_as_its_clock_makes_it(call_store: CallStore, day: date, hours: int) -> None:
    zone = ZoneInfo("Europe/Paris")
    midnight = datetime.combine(day, time(), zone).astimezone(UTC)
    times = [midnight + timedelta(minutes=30 * step) for step in range(-4, 60)]
    call_store.apply([made_call(number, created_at=at) for number, at in enumerate(times)])

    statistics = CallStatisticsQuery(call_store.engine).read(CallFilter(), zone)

    assert statistics.days[day].total() == 2 * hours


def test_cached_statistics_follow_the_calls_and_are_kept_apart_by_zone(call_store: CallStore) -> None:
    query, utc, paris = CallStatisticsQuery(call_store.engine), ZoneInfo("UTC"), ZoneInfo("Europe/Paris")
    call_store.apply([made_call(1, created_at=NOON.replace(hour=23))])

    assert query.read(CallFilter(), utc).days == {date(2026, 11, 23): {("inbound", "missed"): 1}}
    assert set(query.read(CallFilter(), paris).days) == {date(2026, 11, 24)}

    call_store.apply([made_call(1, is_archived=True)])

    assert query.read(CallFilter(), utc).totals.total() == 0
    assert query.newest_day(CallFilter(), utc) is None
