"""Counts and pages of searches that find many calls: at first a lower bound, and every call on one page."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.calls import count_cache, found
from aircall.calls.filters import CallFilter, SortKey
from aircall.calls.store import CallStore
from aircall.models import Call
from tests.integration.calls.drawn import CALLS, FILTERS, LISTS, SEARCHES, fill
from tests.integration.calls.naive import newest_first
from tests.support.made_calls import made_call, made_notes

VIEWS = ("inbox", "archived", "all")
SEARCHED = st.builds(replace, FILTERS, search=st.sampled_from(SEARCHES))
WRITES = st.lists(CALLS, max_size=6)


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    """Limits so low that three calls are many."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"MOST_FOUND": 3, "SAMPLE": 2, "SCANNED": 4, "MAX_LATER": 2}.items():
            patch.setattr(found, name, value)
        patch.setattr(count_cache, "STEP", 4)
        yield


def counted(calls: Sequence[Call], wanted: CallFilter) -> dict[str, int]:
    """Count the calls of each view one by one."""
    return {view: len(newest_first(calls, replace(wanted, view=view))) for view in VIEWS}


@given(LISTS, SEARCHED)
def test_a_search_has_at_least_as_many_calls_as_it_says_until_they_are_counted(
    call_store: CallStore, calls: list[Call], wanted: CallFilter
) -> None:
    fill(call_store, calls)
    # Without what earlier examples have left in its caches.
    fresh, expected = CallStore(call_store.engine), counted(calls, wanted)

    numbers, is_exact = fresh.quick_counts(wanted)
    if is_exact:
        assert numbers == expected
    assert all(numbers[view] <= expected[view] for view in VIEWS)

    assert fresh.counts(wanted) == expected
    assert fresh.quick_counts(wanted) == (expected, True)


@given(LISTS, SEARCHED | FILTERS, st.integers(1, 4))
def test_the_pages_of_a_list_follow_each_other_and_lead_back(
    call_store: CallStore, calls: list[Call], wanted: CallFilter, size: int
) -> None:
    fill(call_store, calls)
    expected = newest_first(calls, wanted)

    there = page = call_store.page(wanted, 0, size)
    while page:
        page = call_store.page_after(wanted, SortKey.of(page[-1]), size)
        there = there + page
    assert there == expected

    if not expected:
        return
    back, page = list[Call](), expected[-1:]
    while page := call_store.page_before(wanted, SortKey.of(page[0]), size):
        back = page + back
    assert back == expected[:-1]
    for call in expected:
        rest = replace(wanted, cursor=SortKey.of(call))
        assert call_store.newer_count(rest) == expected.index(call)


@given(LISTS, SEARCHED, WRITES)
def test_calls_that_change_while_they_are_counted_are_counted_once(
    call_store: CallStore, calls: list[Call], wanted: CallFilter, writes: list[Call]
) -> None:
    fill(call_store, calls)
    fresh, known, changes = CallStore(call_store.engine), {call.id: call for call in calls}, iter(writes)

    def write() -> None:
        for call in changes:
            if call == known.get(call.id):
                call_store.remove([call.id], call_store.version)
                del known[call.id]
            else:
                call_store.apply([call])
                known[call.id] = call
            return

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(count_cache, "yield_control", write)
        numbers = fresh.counts(wanted)

    assert numbers == counted(list(known.values()), wanted)


def test_what_is_found_by_the_end_of_a_number_alone_is_left_out(call_store: CallStore) -> None:
    others = [made_call(number, caller="+33189394635") for number in range(8)]
    wanted = made_call(9, caller="+44189394635", notes=made_notes("189394635"))
    call_store.apply([*others, wanted])
    call_store.catch_up()

    searched = CallFilter(view="all", search="+44 189394635")
    assert call_store.page(searched, 0, 10) == [wanted]
    assert call_store.quick_counts(searched).numbers["all"] <= 1
    assert call_store.counts(searched)["all"] == 1
