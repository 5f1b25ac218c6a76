"""Statistics are what counting a plain list by local time gives."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aircall.calls.filters import CallFilter
from aircall.calls.statistics import CallKind, CallStatistics, CallStatisticsQuery
from aircall.calls.store import CallStore
from aircall.models import Call
from tests.integration.calls.drawn import FILTERS, fill
from tests.integration.calls.naive import newest_first
from tests.support.made_calls import NOON, made_call

ZONES = ["UTC", "Europe/Paris", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]
# Its days do not begin at an hour, so that they are counted in an index.
KATHMANDU = ZoneInfo("Asia/Kathmandu")
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
FIRST_DAYS = st.builds(
    lambda day, offset: day.date() + timedelta(offset), st.sampled_from(ODD_DAYS), st.integers(-3, 1)
)
DAY_COUNTS = st.sampled_from([1, 2, 7, 62, 63])


def counted(calls: list[Call], zone: ZoneInfo) -> CallStatistics:
    """The statistics of these calls, counted one by one."""
    timed = [(call, call.created_at.astimezone(zone)) for call in calls if call.created_at]
    days: dict[date, Counter[CallKind]] = {local.date(): Counter() for _, local in timed}
    for call, local in timed:
        days[local.date()][call.direction, call.call_type] += 1
    hours = Counter((local.weekday(), local.hour) for _, local in timed)
    return CallStatistics(days, hours, Counter((call.direction, call.call_type) for call in calls))


@pytest.mark.parametrize("is_synced", [False, True], ids=["first full sync", "synced"])
@example([made_call(1, created_at=None)], CallFilter(), ZoneInfo("UTC"), date(2026, 1, 1), 1)
@example([made_call(1), made_call(2)], CallFilter(), ZoneInfo(ZONES[1]), NOON.date(), 2)
@example([made_call(1)], CallFilter(direction="inbound", directions=("outbound",)), KATHMANDU, NOON.date(), 1)
@given(LISTS, DAY_FILTERS, DRAWN_ZONES, FIRST_DAYS, DAY_COUNTS)
def test_statistics_are_what_counting_the_filtered_list_gives(
    call_store: CallStore,
    is_synced: bool,
    calls: list[Call],
    wanted: CallFilter,
    zone: ZoneInfo,
    first: date,
    count: int,
) -> None:
    fill(call_store, calls)
    if is_synced:
        call_store.mark_synced(NOON)
        call_store.catch_up()
    query = CallStatisticsQuery(call_store.engine, call_store.found)

    statistics = query.read(wanted, zone)

    assert statistics == counted(newest_first(calls, wanted), zone)
    assert query.newest_day(wanted, zone) == max(statistics.days, default=None)

    since, until = (datetime.combine(day, time(), zone) for day in (first, first + timedelta(count)))
    wanted = replace(wanted, since=since, until=until)
    expected, days = counted(newest_first(calls, wanted), zone), query.read_days(wanted, zone)
    assert (days.days, days.totals) == (expected.days, expected.totals)


def test_cached_statistics_follow_the_calls_and_are_kept_apart_by_zone(call_store: CallStore) -> None:
    query, utc, paris = CallStatisticsQuery(call_store.engine), ZoneInfo("UTC"), ZoneInfo("Europe/Paris")
    call_store.apply([made_call(1, created_at=NOON.replace(hour=23))])

    assert query.read(CallFilter(), utc).days == {date(2026, 11, 23): {("inbound", "missed"): 1}}
    assert set(query.read(CallFilter(), paris).days) == {date(2026, 11, 24)}

    call_store.apply([made_call(1, is_archived=True)])

    assert query.read(CallFilter(), utc).totals.total() == 0
    assert query.newest_day(CallFilter(), utc) is None
