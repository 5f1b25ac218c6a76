"""The days of the list's query, in zones whose midnights do not exist or come twice."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.web.list_query import ListQuery

# Zones in every direction, some with midnights that do not exist or come twice.
ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Paris",
        "America/New_York",
        "America/Havana",
        "America/Asuncion",
        "Africa/Cairo",
        "Asia/Beirut",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
        "Atlantic/Azores",
    ]
).map(ZoneInfo)


@given(
    zone=ZONES,
    day=st.dates(date(2015, 1, 1), date(2037, 12, 31)),
    length=st.integers(0, 3),
    seconds=st.integers(-2 * 86400, 6 * 86400),
)
def test_a_day_is_what_the_viewers_calendar_calls_that_day(
    zone: ZoneInfo, day: date, length: int, seconds: int
) -> None:
    last = day + timedelta(days=length)
    instant = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)

    wanted = ListQuery(date_from=day, date_to=last).to_filter(zone)

    assert wanted.since is not None
    assert wanted.until is not None
    is_wanted = wanted.since <= instant < wanted.until
    assert is_wanted == (day <= instant.astimezone(zone).date() <= last)


@pytest.mark.parametrize("zone", ["Africa/Cairo", "Asia/Beirut", "America/Asuncion", "America/Havana"])
def test_a_day_whose_midnight_does_not_exist_or_comes_twice_still_ends_where_the_next_begins(
    zone: str,
) -> None:
    day = date(2023, 1, 1)

    for _ in range(2 * 366):
        today = ListQuery(date_to=day).to_filter(ZoneInfo(zone)).until
        tomorrow = ListQuery(date_from=day + timedelta(days=1)).to_filter(ZoneInfo(zone)).since
        assert today is not None
        assert today == tomorrow
        assert today.astimezone(ZoneInfo(zone)).date() == day + timedelta(days=1)
        assert (today - timedelta(microseconds=1)).astimezone(UTC).astimezone(ZoneInfo(zone)).date() == day
        day += timedelta(days=1)
