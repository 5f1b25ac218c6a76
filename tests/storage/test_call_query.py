"""Reading the log: what it answers is what filtering, sorting and cutting a plain list would give."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.calls import query
from aircall.calls.query import CallFilter, Neighbours
from aircall.calls.store import CallStore
from aircall.models import Call
from tests.storage.drawn import CALLS, FILTERS, LISTS, checked
from tests.storage.naive import newest_first
from tests.support.made_calls import NOON, call_id, made_call


def fill(log: CallStore, calls: Sequence[Call]) -> None:
    """Put these calls, and no others, into the log."""
    log.remove(log.call_ids(), log.version)
    log.apply(calls)


@given(LISTS, FILTERS, st.integers(1, 6))
@checked
def test_a_page_is_a_part_of_the_filtered_and_sorted_list(
    log: CallStore, calls: list[Call], wanted: CallFilter, size: int
) -> None:
    fill(log, calls)
    expected = newest_first(calls, wanted)

    for offset in range(0, len(expected) + size, size):
        assert log.page(wanted, offset, size) == expected[offset : offset + size]


@given(LISTS, FILTERS)
@checked
def test_the_counts_are_those_of_the_filtered_lists(
    log: CallStore, calls: list[Call], wanted: CallFilter
) -> None:
    fill(log, calls)

    counts = log.counts(wanted)

    views = ("inbox", "archived", "all")
    assert counts == {view: len(newest_first(calls, replace(wanted, view=view))) for view in views}


@given(LISTS, FILTERS, CALLS)
@checked
def test_neighbours_stand_before_and_after_a_call_whether_it_is_in_the_list_or_not(
    log: CallStore, calls: list[Call], wanted: CallFilter, stranger: Call
) -> None:
    fill(log, calls)

    for call in [*calls[:3], msgspec.structs.replace(stranger, id=call_id(99))]:
        others = newest_first([other for other in calls if other != call], wanted)
        place = newest_first([*others, call], CallFilter(view="all")).index(call)
        newer = others[place - 1].id if place > 0 else None
        older = others[place].id if place < len(others) else None
        assert log.neighbours(wanted, call) == Neighbours(newer, older)


@given(LISTS)
@checked
def test_the_lines_and_the_missed_calls_are_those_of_the_whole_list(
    log: CallStore, calls: list[Call]
) -> None:
    fill(log, calls)

    lines, missed = log.lines(), log.missed_count()

    assert lines == sorted({call.via for call in calls} - {""})
    assert missed == sum(
        call.direction != "outbound" and call.call_type == "missed" and not call.is_archived for call in calls
    )


@given(LISTS, st.lists(st.integers(0, 40).map(call_id)))
@checked
def test_calls_are_found_by_their_ids_newest_first_each_once(
    log: CallStore, calls: list[Call], ids: list[str]
) -> None:
    fill(log, calls)

    wanted = [call for call in calls if call.id in ids]
    assert log.find(ids) == newest_first(wanted, CallFilter(view="all"))


@pytest.mark.parametrize("wanted", [CallFilter(since=NOON), CallFilter(until=NOON)])
def test_a_call_without_a_time_is_in_no_range_of_times(log: CallStore, wanted: CallFilter) -> None:
    log.apply([made_call(1, created_at=None)])

    assert log.page(wanted, 0, 10) == []


def test_a_call_of_long_ago_still_comes_before_one_without_a_time(log: CallStore) -> None:
    ancient = made_call(1, created_at=NOON.replace(year=2))
    epoch = made_call(2, created_at=NOON.replace(year=1970, month=1, day=1, hour=0))
    log.apply([made_call(3, created_at=None), ancient, epoch])

    assert [call.id for call in log.page(CallFilter(), 0, 10)] == [call_id(2), call_id(1), call_id(3)]
    assert log.find([ancient.id, epoch.id]) == [epoch, ancient]


def test_all_ids_are_told_but_for_those_that_are_not_wanted(
    log: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "IDS_AT_ONCE", 2)
    fill(log, [made_call(number) for number in range(7)])

    assert sorted(log.call_ids()) == [call_id(number) for number in range(7)]
    assert sorted(log.call_ids(besides={call_id(0), call_id(6), "no id"})) == [
        call_id(number) for number in range(1, 6)
    ]
