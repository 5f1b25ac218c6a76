"""Queries on the replica return what filtering, sorting and cutting a plain list returns."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from aircall.calls import count_cache, kept_counts
from aircall.calls.filters import CallFilter, SortKey
from aircall.calls.query import Neighbors
from aircall.calls.related import LATEST, RelatedCalls, read_related_calls
from aircall.calls.store import CallStore
from aircall.calls.tables import gone
from aircall.models import Call
from tests.integration.calls.drawn import CALLS, FILTERS, LISTS, TIMES, fill
from tests.integration.calls.naive import most_used_lines, newest_first, number_key
from tests.support.made_calls import NOON, call_id, made_call

ALL = CallFilter(view="all")
TODAY = (NOON - timedelta(hours=12), NOON + timedelta(hours=12))


@given(LISTS, FILTERS, st.integers(1, 6), st.booleans(), st.none() | CALLS.map(SortKey.of))
def test_a_page_is_a_part_of_the_filtered_and_sorted_list(
    call_store: CallStore,
    calls: list[Call],
    wanted: CallFilter,
    size: int,
    is_caught_up: bool,
    cursor: SortKey | None,
) -> None:
    fill(call_store, calls, is_caught_up=is_caught_up)
    wanted = replace(wanted, cursor=cursor)
    expected = newest_first(calls, wanted)

    for offset in range(0, len(expected) + size, size):
        assert call_store.page(wanted, offset, size) == expected[offset : offset + size]
    assert call_store.matching_ids(wanted, size) == [call.id for call in expected[:size]]


@given(LISTS, FILTERS, st.booleans(), st.none() | CALLS.map(SortKey.of))
def test_the_counts_are_those_of_the_filtered_lists(
    call_store: CallStore, calls: list[Call], wanted: CallFilter, is_caught_up: bool, cursor: SortKey | None
) -> None:
    fill(call_store, calls, is_caught_up=is_caught_up)
    wanted = replace(wanted, cursor=cursor)

    assert call_store.counts(wanted) == {
        view: len(newest_first(calls, replace(wanted, view=view))) for view in ("inbox", "archived", "all")
    }


@given(LISTS, FILTERS, CALLS)
def test_the_adjacent_calls_are_found_whether_the_call_is_in_the_list_or_not(
    call_store: CallStore, calls: list[Call], wanted: CallFilter, stranger: Call
) -> None:
    fill(call_store, calls)

    for call in [*calls[:3], msgspec.structs.replace(stranger, id=call_id(99))]:
        others = newest_first([other for other in calls if other != call], wanted)
        place = newest_first([*others, call], ALL).index(call)
        newer = others[place - 1].id if place > 0 else None
        older = others[place].id if place < len(others) else None
        assert call_store.neighbors(wanted, call) == Neighbors(newer, older)


@given(LISTS, st.lists(st.integers(0, 40).map(call_id)), st.booleans())
def test_lines_missed_calls_and_ids_are_those_of_the_whole_list(
    call_store: CallStore, calls: list[Call], ids: list[str], is_caught_up: bool
) -> None:
    fill(call_store, calls, is_caught_up=is_caught_up)

    assert call_store.lines(3) == most_used_lines(calls)[:3]
    assert call_store.missed_count() == sum(
        call.direction != "outbound" and call.call_type == "missed" and not call.is_archived for call in calls
    )
    assert sorted(call_store.call_ids(besides=ids)) == sorted({call.id for call in calls} - set(ids))
    assert call_store.find(ids) == newest_first([call for call in calls if call.id in ids], ALL)


@pytest.mark.parametrize("is_caught_up", [True, False])
def test_lines_are_found_by_a_part_of_their_number_or_alone_by_the_whole_in_any_spelling(
    call_store: CallStore, is_caught_up: bool
) -> None:
    lines = ["+33189394635", "+33189394636", "+331893946350", "sales_desk", "+4930123456"]
    fill(
        call_store,
        [made_call(n, via=line) for n, line in enumerate([*lines, "+33 1 89-39-46-35", ""])],
        is_caught_up=is_caught_up,
    )

    for text, found in (
        ("01 89 39 46 35", lines[:1]),
        ("0033189394635", lines[:1]),
        ("+33 (0)1 89394636", [lines[1]]),
        ("89 39 46", [lines[0], lines[1], lines[2]]),
        ("sales", ["sales_desk"]),
        ("sales%desk", []),
        ("_", ["sales_desk"]),
        ("030 123456", ["+4930123456"]),
        ("999", []),
    ):
        assert call_store.find_lines(text, 5) == sorted(found), text
    assert len(call_store.find_lines("3", 2)) == 2


def test_a_bulk_of_changes_and_removals_leaves_counts_and_searches_right(call_store: CallStore) -> None:
    calls = [made_call(number, caller=f"+3361234{number:04}") for number in range(1200)]
    searched = CallFilter(search="1234", view="all")
    call_store.apply(calls)
    call_store.mark_synced(NOON)
    call_store.catch_up()
    assert call_store.counts(searched)["all"] == call_store.counts(ALL)["all"] == 1200

    call_store.apply([msgspec.structs.replace(call, is_archived=True) for call in calls[:700]])
    call_store.remove([call.id for call in calls[600:1190]], call_store.version)

    for wanted in (searched, ALL):
        assert call_store.counts(wanted) == {"inbox": 10, "archived": 600, "all": 610}
        assert call_store.page(wanted, 0, 5) == newest_first(calls[1190:], wanted)[:5]
        assert [call.id for call in call_store.page(wanted, 600, 5)] == [call_id(n) for n in (9, 8, 7, 6, 5)]


def test_of_gone_rows_only_the_latest_are_kept(
    call_store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (kept_counts, count_cache):
        monkeypatch.setattr(module, "KEPT_REVISIONS", 3)
    searched = CallFilter(search="612", view="all")
    call = made_call()
    for number in range(12):
        call_store.apply([msgspec.structs.replace(call, is_archived=number % 2 == 1), made_call(number + 9)])
        if number % 5 == 0:
            assert call_store.counts(searched)["all"] == number + 2

    with call_store.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(gone)) == 3


def test_an_ancient_call_comes_before_one_without_a_time(call_store: CallStore) -> None:
    ancient = made_call(1, created_at=NOON.replace(year=2))
    epoch = made_call(2, created_at=NOON.replace(year=1970, month=1, day=1, hour=0))
    call_store.apply([timeless := made_call(3, created_at=None), ancient, epoch])

    assert call_store.page(CallFilter(), 0, 10) == [epoch, ancient, timeless]


# The other calls with a number.


def related_by_hand(calls: Sequence[Call], call: Call) -> list[Call]:
    key = number_key(call)
    return newest_first(
        [other for other in calls if number_key(other) == key != "" and other.id != call.id], ALL
    )


@given(LISTS, CALLS, TIMES, TIMES)
def test_related_calls_are_those_that_counting_by_hand_gives(
    call_store: CallStore, calls: list[Call], stranger: Call, begins: datetime | None, ends: datetime | None
) -> None:
    fill(call_store, calls)
    today = (begins or TODAY[0], ends or TODAY[1])

    for call in [*calls[:5], msgspec.structs.replace(stranger, id=call_id(99))]:
        related = read_related_calls(call_store, call, today)

        others = related_by_hand(calls, call)
        missed = [other for other in others if other.call_type == "missed" and other.direction != "outbound"]
        assert (related.count, related.missed_count) == (len(others), len(missed))
        assert related.missed_today_count == sum(
            other.created_at is not None and today[0] <= other.created_at < today[1] for other in missed
        )
        assert list(related.latest) == others[:LATEST]


def test_hidden_numbers_are_not_the_same_number(call_store: CallStore) -> None:
    for number in ("anonymous", "", "0", "+", "unknown"):
        call_store.apply([made_call(n, caller=number) for n in range(3)])
        assert read_related_calls(call_store, made_call(0, caller=number), TODAY) == RelatedCalls(number="")
