"""The list page: its calls, their days and counts, also while calls come in."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from aircall.calls.filters import CallFilter, SortKey
from aircall.calls.store import CallStore
from aircall.models import Call
from aircall.web.calls.list_page import CallList, group_by_day, read_counts, read_list, read_news
from aircall.web.list_query import ListQuery, read_query
from tests.support.made_calls import NOON, call_id, made_call

TODAY = NOON.date()
ZONE = ZoneInfo("Europe/Paris")


def made_calls(
    numbers: st.SearchStrategy[int], times: st.SearchStrategy[datetime | None]
) -> st.SearchStrategy[Call]:
    return st.builds(
        made_call,
        numbers,
        created_at=times,
        direction=st.sampled_from(["inbound", "outbound"]),
        call_type=st.sampled_from(["missed", "answered"]),
        is_archived=st.booleans(),
    )


HOURS = st.integers(0, 20).map(lambda hours: timedelta(hours=hours))
# Many calls share a time, and some have none.
CALLS = made_calls(st.integers(0, 999), st.none() | HOURS.map(lambda age: NOON - age))
NEWER = made_calls(st.integers(1000, 1999), HOURS.map(lambda wait: NOON + wait))
QUERIES = st.builds(
    ListQuery,
    view=st.sampled_from(["inbox", "archived", "all"]),
    type=st.sampled_from(["", "", "missed"]),
    direction=st.sampled_from(["", "", "inbound"]),
    per_page=st.sampled_from([10, 10, 25]),
    date_from=st.none() | st.just(NOON.date()),
)


@pytest.fixture
def full_store(sqlite: Engine) -> CallStore:
    """30 missed calls in the inbox, two a day, and 3 archived ones without a time."""
    store = CallStore(sqlite)
    store.apply([made_call(number, created_at=NOON - timedelta(hours=12 * number)) for number in range(30)])
    store.apply([made_call(50 + number, is_archived=True, created_at=None) for number in range(3)])
    return store


def read(store: CallStore, query: ListQuery) -> CallList:
    return read_list(store, query, ZONE, NOON)


def ids(view: CallList) -> list[str]:
    return [call.id for day in view.days for call in day.calls]


@pytest.mark.parametrize("number", [3, 10**11])
def test_a_page_shows_its_part_of_the_view_and_says_which_and_none_is_beyond_the_last(
    full_store: CallStore, number: int
) -> None:
    page = read(full_store, ListQuery(per_page=10, page=number))

    assert ids(page) == [call_id(number) for number in range(20, 30)]
    assert (page.first, page.last, page.total) == (21, 30, 30)
    assert (page.number, page.page_count) == (3, 3)


def test_the_counts_are_those_of_every_view_under_the_filters(full_store: CallStore) -> None:
    page = read(full_store, ListQuery(date_from=TODAY - timedelta(days=2)))

    assert page.counts == {"inbox": 6, "archived": 0, "all": 6}
    assert page.missed_count == 30
    assert page.lines.offered == (made_call().via,)


def test_an_empty_view_has_one_page_without_a_first_and_a_last_call(full_store: CallStore) -> None:
    page = read(full_store, ListQuery(type="voicemail", page=7))

    assert page.days == []
    assert (page.first, page.last, page.total) == (0, 0, 0)
    assert (page.number, page.page_count) == (1, 1)


class FleetingStore(CallStore):
    """A replica that loses its calls right after they were counted, as a sync may remove them."""

    def counts(self, wanted: CallFilter) -> dict[str, int]:
        """Return counts that are wrong at once."""
        counts = super().counts(wanted)
        self.remove(self.call_ids(), self.version)
        return counts


def test_a_page_whose_calls_vanish_while_it_is_read_is_empty(full_store: CallStore) -> None:
    page = read(FleetingStore(full_store.engine), ListQuery(per_page=10, page=3))

    assert page.days == []
    assert (page.first, page.last) == (0, 0)


def test_days_have_headings_and_calls_without_a_time_come_last_under_one_of_their_own(
    full_store: CallStore,
) -> None:
    days = read(full_store, ListQuery(view="all", per_page=100)).days

    assert [(day.relative, day.label) for day in (*days[:3], days[-1])] == [
        ("Today", "Monday 23 November 2026"),
        ("Yesterday", "Sunday 22 November 2026"),
        ("", "Saturday 21 November 2026"),
        ("", "Unknown date"),
    ]
    assert days[-1].date is None
    assert len(days[-1].calls) == 3


@pytest.mark.parametrize(("zone", "relative"), [("Europe/Paris", "Yesterday"), ("America/New_York", "Today")])
def test_today_begins_at_the_viewers_midnight(full_store: CallStore, zone: str, relative: str) -> None:
    page = read_list(full_store, ListQuery(), ZoneInfo(zone), datetime(2026, 11, 24, 4, 30, tzinfo=UTC))

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


def older(query: ListQuery, view: CallList) -> ListQuery:
    """What the link to the next page asks for, by way of its address."""
    args = replace(query, cursor=view.cursor).to_args(page=view.number + 1)
    return read_query(dict(parse_qsl(urlencode(args))), 25)


@given(
    st.lists(CALLS, min_size=30, max_size=60, unique_by=lambda call: call.id),
    st.lists(st.lists(NEWER, max_size=15, unique_by=lambda call: call.id), min_size=6, max_size=6),
    QUERIES,
)
@settings(max_examples=25)
def test_paging_shows_each_call_of_the_list_once_in_order_whatever_comes_in(
    sqlite: Engine, calls: list[Call], arrivals: list[list[Call]], query: ListQuery
) -> None:
    store = CallStore(sqlite)
    store.remove(store.call_ids(), store.version)
    store.apply(calls)
    expected = [call.id for call in store.page(query.to_filter(ZONE), 0, 1000)]
    view = read(store, query)
    found = ids(view)

    for arrived in arrivals:
        store.apply(arrived)
        if view.number == view.page_count:
            break
        query = older(query, view)
        view = read(store, query)
        found += ids(view)

    assert found == expected
    assert view.total == len(expected)


def arrive(store: CallStore, *numbers: int) -> None:
    store.apply([made_call(number, created_at=NOON + timedelta(hours=1)) for number in numbers])


def test_a_page_counts_from_its_top_and_the_tabs_count_everything(full_store: CallStore) -> None:
    query = ListQuery(page=2, per_page=10)
    query.cursor = read(full_store, query).cursor
    assert query.cursor == SortKey.of(made_call(0))
    arrive(full_store, 100, 101, 102)

    view = read(full_store, query)

    assert (view.first, view.last, view.total, view.page_count) == (11, 20, 30, 3)
    assert view.counts == {"inbox": 33, "archived": 3, "all": 36}
    assert (view.new_count, view.missed_count) == (3, 33)


def test_only_calls_of_the_filtered_list_are_new(full_store: CallStore) -> None:
    query = ListQuery(direction="inbound", cursor=SortKey.of(made_call(0)), page=2, per_page=10)

    for number, word in enumerate(["inbound", "outbound", "unknown"]):
        full_store.apply([made_call(100 + number, direction=word, created_at=NOON + timedelta(hours=1))])

    assert read_counts(full_store, query, ZONE, NOON).new_count == 1


def test_where_all_that_was_there_has_left_the_list_begins_anew(full_store: CallStore) -> None:
    query = ListQuery(page=2, per_page=10, cursor=SortKey.of(made_call(0)))
    full_store.apply([made_call(number, is_archived=True) for number in range(30)])
    arrive(full_store, 100)

    view = read(full_store, query)

    assert ids(view) == [call_id(100)]
    assert (view.number, view.new_count) == (1, 0)


def test_a_call_that_came_back_is_new_on_the_page_it_stands_on_by_now(full_store: CallStore) -> None:
    query = ListQuery(per_page=10, cursor=SortKey.of(made_call(0)))

    def new_count(*numbers: int, page: int = 1) -> int:
        changed = [call_id(number) for number in numbers]
        return read_news(full_store, replace(query, page=page), ZONE, NOON, changed).new_count

    assert new_count(5) == 1
    assert new_count(25) == 0
    assert new_count(5, page=2) == 0
    assert new_count() == 0
    # A call that is named and stands before the top is counted once.
    arrive(full_store, 100)
    assert new_count(100) == 1


def test_to_a_page_that_had_no_call_every_call_is_new(full_store: CallStore) -> None:
    assert read_news(full_store, ListQuery(), ZONE, NOON, []).new_count == 30
    assert read_news(full_store, ListQuery(type="voicemail"), ZONE, NOON, []).new_count == 0


def test_the_last_seven_days_end_today(full_store: CallStore) -> None:
    yesterday, week_ago = TODAY - timedelta(days=1), TODAY - timedelta(days=6)

    assert read(full_store, ListQuery()).choices.recent_days == (
        ("Today", TODAY, TODAY),
        ("Yesterday", yesterday, yesterday),
        ("Last 7 days", week_ago, TODAY),
    )
