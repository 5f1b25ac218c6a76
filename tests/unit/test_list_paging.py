"""Walking through the list by its pages' own links while calls come in, and what is offered of those."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aircall.calls.query import SortKey
from aircall.calls.store import CallStore
from aircall.models import Call
from aircall.storage.database import open_database
from aircall.web.calls.list_page import CallList, read_counts, read_list, read_news
from aircall.web.list_query import ListQuery, read_query
from tests.support.made_calls import NOON, call_id, made_call

ZONE = ZoneInfo("Europe/Paris")
FIELDS = {
    "direction": st.sampled_from(["inbound", "outbound"]),
    "call_type": st.sampled_from(["missed", "answered"]),
    "is_archived": st.booleans(),
}
# Many calls share a time, and some have none.
CALLS = st.builds(
    made_call,
    st.integers(0, 999),
    created_at=st.none() | st.integers(0, 20).map(lambda hours: NOON - timedelta(hours=hours)),
    **FIELDS,
)
NEWER = st.builds(
    made_call,
    st.integers(1000, 1999),
    created_at=st.integers(0, 20).map(lambda hours: NOON + timedelta(hours=hours)),
    **FIELDS,
)
QUERIES = st.builds(
    ListQuery,
    view=st.sampled_from(["inbox", "archived", "all"]),
    type=st.sampled_from(["", "", "missed"]),
    direction=st.sampled_from(["", "", "inbound"]),
    per_page=st.sampled_from([10, 10, 25]),
    date_from=st.none() | st.just(NOON.date()),
)


@pytest.fixture
def log(tmp_path: Path) -> CallStore:
    return CallStore(open_database(f"sqlite:///{tmp_path / 'calls.db'}"))


def fill(log: CallStore, calls: Sequence[Call]) -> None:
    log.remove(log.call_ids(), log.version)
    log.apply(calls)


def read(log: CallStore, query: ListQuery) -> CallList:
    return read_list(log, query, ZONE, NOON)


def older(query: ListQuery, view: CallList) -> ListQuery:
    """What the link to the next page asks for, by way of its address."""
    args = replace(query, cursor=view.cursor).to_args(page=view.number + 1)
    return read_query(dict(parse_qsl(urlencode(args))), 25)


def ids(view: CallList) -> list[str]:
    return [call.id for day in view.days for call in day.calls]


@given(
    st.lists(CALLS, min_size=30, max_size=60, unique_by=lambda call: call.id),
    st.lists(st.lists(NEWER, max_size=15, unique_by=lambda call: call.id), min_size=6, max_size=6),
    QUERIES,
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_paging_shows_each_call_of_the_list_once_in_order_whatever_comes_in(
    log: CallStore, calls: list[Call], arrivals: list[list[Call]], query: ListQuery
) -> None:
    fill(log, calls)
    expected = [call.id for call in log.page(query.to_filter(ZONE), 0, 1000)]
    view = read(log, query)
    found = ids(view)

    for arrived in arrivals:
        log.apply(arrived)
        if view.number == view.page_count:
            break
        query = older(query, view)
        view = read(log, query)
        found += ids(view)

    assert found == expected
    assert view.total == len(expected)


@pytest.fixture
def full_log(log: CallStore) -> CallStore:
    """30 calls in the inbox, an hour apart, the first one at noon."""
    log.apply([made_call(number, created_at=NOON - timedelta(hours=number)) for number in range(30)])
    return log


def arrive(log: CallStore, *numbers: int) -> None:
    log.apply([made_call(number, created_at=NOON + timedelta(hours=1)) for number in numbers])


def test_a_page_counts_from_its_top_and_the_tabs_count_everything(full_log: CallStore) -> None:
    query = older(ListQuery(per_page=10), read(full_log, ListQuery(per_page=10)))
    arrive(full_log, 100, 101, 102)

    view = read(full_log, query)

    assert (view.first, view.last, view.total, view.page_count) == (11, 20, 30, 3)
    assert view.counts == {"inbox": 33, "archived": 0, "all": 33}
    assert (view.new_count, view.missed_count) == (3, 33)


def test_only_calls_of_the_filtered_list_are_new(full_log: CallStore) -> None:
    query = ListQuery(direction="inbound", cursor=SortKey.of(made_call(0)), page=2, per_page=10)

    full_log.apply(
        [made_call(100 + number, direction=word, created_at=NOON + timedelta(hours=1))
         for number, word in enumerate(["inbound", "outbound", "unknown"])]
    )  # fmt: skip

    assert read_counts(full_log, query, ZONE).new_count == 1


def test_a_later_page_without_a_top_gets_one(full_log: CallStore) -> None:
    assert read(full_log, ListQuery(page=2, per_page=10)).cursor == SortKey.of(made_call(0))


def test_where_all_that_was_there_has_left_the_list_begins_anew(full_log: CallStore) -> None:
    query = ListQuery(page=2, per_page=10, cursor=SortKey.of(made_call(0)))
    full_log.apply([made_call(number, is_archived=True) for number in range(30)])
    arrive(full_log, 100)

    view = read(full_log, query)

    assert ids(view) == [call_id(100)]
    assert (view.number, view.new_count) == (1, 0)


def test_a_call_that_came_back_is_new_on_the_page_it_stands_on_by_now(full_log: CallStore) -> None:
    query = ListQuery(per_page=10, cursor=SortKey.of(made_call(0)))

    def new_count(*numbers: int, page: int = 1) -> int:
        changed = [call_id(number) for number in numbers]
        return read_news(full_log, replace(query, page=page), ZONE, changed).new_count

    assert new_count(5) == 1
    assert new_count(25) == 0
    assert new_count(5, page=2) == 0
    assert new_count() == 0


def test_a_call_that_is_named_and_stands_before_the_top_is_counted_once(full_log: CallStore) -> None:
    arrive(full_log, 100)
    query = ListQuery(per_page=10, cursor=SortKey.of(made_call(0)))

    assert read_news(full_log, query, ZONE, [call_id(100)]).new_count == 1


def test_to_a_page_that_had_no_call_every_call_is_new(full_log: CallStore) -> None:
    assert read_news(full_log, ListQuery(), ZONE, []).new_count == 30
    assert read_news(full_log, ListQuery(view="archived"), ZONE, []).new_count == 0


def test_the_last_seven_days_end_today(full_log: CallStore) -> None:
    (today, yesterday, week) = read(full_log, ListQuery()).recent_days

    assert today == ("Today", NOON.date(), NOON.date())
    assert yesterday[1:] == (NOON.date() - timedelta(days=1),) * 2
    assert (week[2] - week[1]).days == 6
    assert week[2] == NOON.date()
