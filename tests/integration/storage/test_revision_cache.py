"""Cached query results stay correct while calls are written and removed, by any process."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from aircall.calls.filters import CallFilter, SortKey
from aircall.calls.store import CallStore
from aircall.calls.tables import revision_of
from aircall.models import Call
from aircall.storage.reading import RevisionCache
from tests.integration.calls.drawn import CALLS, FILTERS, SEARCHES
from tests.integration.calls.naive import most_used_lines, newest_first
from tests.support.made_calls import NOON, call_id, made_call

VIEWS = ("inbox", "archived", "all")
MISSED = CallFilter(call_type="missed")
SEARCHED = st.builds(CallFilter, view=st.sampled_from(VIEWS), search=st.sampled_from(SEARCHES))
STEPS = st.lists(
    st.tuples(st.just("write"), st.lists(CALLS, min_size=1, max_size=4, unique_by=lambda call: call.id))
    | st.tuples(st.just("remove"), st.lists(st.integers(0, 30).map(call_id), min_size=1, max_size=8))
    | st.tuples(st.sampled_from(["clear", "complete a sync", "catch up"]), st.none())
    | st.tuples(st.just("another process"), st.none()),
    max_size=8,
)
QUESTIONS = st.lists(SEARCHED | FILTERS, min_size=1, max_size=3)


def take(step: tuple[str, Any], call_store: CallStore, known: dict[str, Call]) -> CallStore:
    """Apply a step to the store and to the plain list; return the store to use from then on."""
    name, what = step
    if name == "write":
        call_store.apply(what)
        known.update({call.id: call for call in what})
    elif name == "remove":
        call_store.remove(what, call_store.version)
        for gone in what:
            known.pop(gone, None)
    elif name == "clear":
        call_store.clear()
        known.clear()
    elif name == "complete a sync":
        call_store.mark_synced(NOON)
    elif name == "catch up":
        call_store.catch_up()
    return CallStore(call_store.engine) if name == "another process" else call_store


@given(STEPS, QUESTIONS)
def test_after_any_writes_every_result_equals_that_of_a_plain_list(
    call_store: CallStore, steps: list[tuple[str, Any]], questions: list[CallFilter]
) -> None:
    call_store.clear()
    known: dict[str, Call] = {}
    logs = [call_store]

    for step in steps:
        logs.append(take(step, logs[-1], known))
        # The first store has the most cached results.
        for asked in (logs[0], logs[-1]):
            for wanted in questions:
                found = newest_first(known.values(), wanted)
                lists = {view: newest_first(known.values(), replace(wanted, view=view)) for view in VIEWS}
                assert asked.page(wanted, 0, 100) == found
                for offset in range(0, len(found) + 1, 3):
                    # Far enough to be found by the kept counts.
                    assert asked.page(wanted, offset, 1) == found[offset : offset + 1]
                assert asked.counts(wanted) == {view: len(calls) for view, calls in lists.items()}
                if found:
                    rest = replace(wanted, cursor=SortKey.of(found[len(found) // 2]))
                    assert asked.counts(rest)[wanted.view] == len(found) - len(found) // 2
            missed = newest_first(known.values(), MISSED)
            assert asked.missed_count() == sum(call.direction != "outbound" for call in missed)
            assert asked.lines(3) == most_used_lines(known.values())[:3]


def test_a_caller_that_modifies_a_result_does_not_change_the_cache(call_store: CallStore) -> None:
    call_store.apply([made_call()])

    call_store.counts(CallFilter()).clear()
    call_store.lines(3).clear()

    assert call_store.counts(CallFilter())["all"] == 1
    assert call_store.lines(3) == [made_call().via]


def test_a_query_runs_once_per_revision_and_the_least_recently_used_result_is_dropped(
    call_store: CallStore, database: Engine
) -> None:
    cache, asked = RevisionCache(revision_of(database), size=2), count()

    def ask(question: str) -> int:
        return cache.get(question, lambda _: next(asked))

    answers = [ask(question) for question in ("a", "b", "a", "c", "a", "b")]
    assert answers == [0, 1, 0, 2, 0, 3]
    for _ in range(2):
        # The second time it changes nothing.
        call_store.apply([made_call()])
        assert ask("a") == 4


def test_a_result_during_writes_contains_all_that_was_written_before_the_query(call_store: CallStore) -> None:
    wanted, written, enough = CallFilter(search="789"), [0], threading.Event()

    def watch(_: int) -> None:
        while not enough.is_set():
            least = written[0]
            assert call_store.counts(wanted)["all"] >= least
            assert len(call_store.page(wanted, 0, 100)) >= least

    with ThreadPoolExecutor(3) as pool:
        watching = [pool.submit(watch, number) for number in range(3)]
        try:
            for number in range(30):
                call_store.apply([made_call(number, caller=f"+33789{number:04}")])
                written[0] = number + 1
        finally:
            enough.set()
    for watcher in watching:
        watcher.result()
