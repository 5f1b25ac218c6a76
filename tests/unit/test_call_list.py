"""The list page: which calls it shows, under which days, and what it says of the whole view."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.calls.query import CallFilter
from aircall.calls.store import CallStore
from aircall.models import Call
from aircall.storage.database import open_database
from aircall.web.calls.list_page import group_by_day, read_list
from aircall.web.list_query import ListQuery
from tests.support.made_calls import NOON, call_id, made_call

UTC_ZONE = ZoneInfo("UTC")
TODAY = NOON.date()


@pytest.fixture
def log(tmp_path: Path) -> CallStore:
    """25 missed calls in the inbox, one a day, and 3 archived ones without a time."""
    log = CallStore(open_database(f"sqlite:///{tmp_path / 'calls.db'}"))
    log.apply([made_call(number, created_at=NOON - timedelta(days=number)) for number in range(25)])
    log.apply([made_call(100 + number, is_archived=True, created_at=None) for number in range(3)])
    return log


def shown(log: CallStore, query: ListQuery) -> list[str]:
    page = read_list(log, query, UTC_ZONE, NOON)
    return [call.id for day in page.days for call in day.calls]


def test_a_page_shows_its_part_of_the_view_and_says_which(log: CallStore) -> None:
    page = read_list(log, ListQuery(per_page=10, page=3), UTC_ZONE, NOON)

    assert [day.calls[0].id for day in page.days] == [call_id(number) for number in range(20, 25)]
    assert (page.first, page.last, page.total) == (21, 25, 25)
    assert (page.number, page.page_count) == (3, 3)


def test_the_counts_are_those_of_every_view_under_the_filters(log: CallStore) -> None:
    page = read_list(log, ListQuery(date_from=TODAY - timedelta(days=2)), UTC_ZONE, NOON)

    assert page.counts == {"inbox": 3, "archived": 0, "all": 3}
    assert page.missed_count == 25
    assert page.lines == [made_call().via]


def test_a_page_beyond_the_end_is_the_last_one(log: CallStore) -> None:
    assert shown(log, ListQuery(per_page=10, page=10**11)) == shown(log, ListQuery(per_page=10, page=3))


def test_an_empty_view_has_one_page_without_a_first_and_a_last_call(log: CallStore) -> None:
    page = read_list(log, ListQuery(type="voicemail", page=7), UTC_ZONE, NOON)

    assert page.days == []
    assert (page.first, page.last, page.total) == (0, 0, 0)
    assert (page.number, page.page_count) == (1, 1)


class FleetingLog(CallStore):
    """A log that forgets its calls right after it has counted them, as a synchronisation might."""

    def counts(self, wanted: CallFilter) -> dict[str, int]:
        """The counts, which are wrong at once."""
        counts = super().counts(wanted)
        self.remove(self.call_ids(), self.version)
        return counts


def test_a_page_whose_calls_vanish_while_it_is_read_is_empty(log: CallStore) -> None:
    page = read_list(FleetingLog(log.engine), ListQuery(per_page=10, page=3), UTC_ZONE, NOON)

    assert page.days == []
    assert (page.first, page.last) == (0, 0)


def test_calls_without_a_time_come_last_under_a_heading_of_their_own(log: CallStore) -> None:
    page = read_list(log, ListQuery(view="all", per_page=100), UTC_ZONE, NOON)

    assert page.days[-1].date is None
    assert (page.days[-1].label, page.days[-1].relative) == ("Unknown date", "")
    assert len(page.days[-1].calls) == 3


def test_today_and_yesterday_are_called_so_and_every_day_by_its_date(log: CallStore) -> None:
    page = read_list(log, ListQuery(), UTC_ZONE, NOON)

    assert [day.relative for day in page.days[:3]] == ["Today", "Yesterday", ""]
    assert [day.label for day in page.days[:3]] == [
        "Monday 23 November 2026",
        "Sunday 22 November 2026",
        "Saturday 21 November 2026",
    ]


def test_the_day_of_a_call_and_today_are_the_viewers() -> None:
    before_midnight = made_call(created_at=datetime(2026, 11, 22, 23, 30, tzinfo=UTC))

    (in_paris,) = group_by_day([before_midnight], ZoneInfo("Europe/Paris"), TODAY)
    (in_new_york,) = group_by_day([before_midnight], ZoneInfo("America/New_York"), TODAY)

    assert (in_paris.date, in_paris.relative) == (date(2026, 11, 23), "Today")
    assert (in_new_york.date, in_new_york.relative) == (date(2026, 11, 22), "Yesterday")


@pytest.mark.parametrize(("zone", "relative"), [("Europe/Paris", "Yesterday"), ("America/New_York", "Today")])
def test_today_begins_at_the_viewers_midnight(log: CallStore, zone: str, relative: str) -> None:
    page = read_list(log, ListQuery(), ZoneInfo(zone), datetime(2026, 11, 24, 4, 30, tzinfo=UTC))

    assert page.days[0].date == TODAY
    assert page.days[0].relative == relative


@given(
    st.lists(st.integers(0, 5 * 86400)),
    st.integers(0, 3),
    st.sampled_from(["UTC", "Europe/Paris", "Pacific/Kiritimati", "America/St_Johns"]),
)
def test_every_call_is_under_its_own_day_and_no_day_comes_twice(
    ages: list[int], timeless: int, zone: str
) -> None:
    calls: Sequence[Call] = [
        *(made_call(created_at=NOON - timedelta(seconds=age)) for age in sorted(ages)),
        *[made_call(created_at=None)] * timeless,
    ]

    days = group_by_day(calls, ZoneInfo(zone), TODAY)

    assert [call for day in days for call in day.calls] == list(calls)
    assert len({day.date for day in days}) == len(days)
    for day in days:
        dates = {call.created_at and call.created_at.astimezone(ZoneInfo(zone)).date() for call in day.calls}
        assert dates == {day.date}
