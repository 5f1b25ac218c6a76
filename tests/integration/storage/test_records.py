"""The record store, on SQLite and on Redis: expiry, compare-and-set and locks."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.storage.records import Record, RecordStore
from tests.integration.storage.stores import Stores

LONG = 3600.0
# Seconds. Longer than any passing test holds a lock.
LOCK_WAIT = 10.0


def replace(store: RecordStore, ttl: float) -> None:
    assert store.compare_and_set("a", 1, b"2", ttl)


def test_a_record_is_found_by_other_processes_as_it_was_put_until_it_is_deleted_or_cleared(
    stores: Stores,
) -> None:
    first = stores.open()
    first.put("a", b"\x00\xff", LONG)
    first.put("b", b"2", LONG)
    first.close()

    with closing(stores.open()) as second:
        assert second.load("a") == Record(b"\x00\xff", 1)
        second.delete("a")
        second.delete("never there")

        assert second.load("a") is None
        assert second.keys("") == ["b"]
        second.clear()
        assert second.keys("") == []
        assert not second.compare_and_set("b", 1, b"3", LONG)


@pytest.mark.parametrize(
    "write", [lambda store, ttl: store.put("a", b"2", ttl), replace], ids=["put", "replace"]
)
def test_writing_a_record_again_increments_its_generation_and_renews_its_ttl(
    stores: Stores, store: RecordStore, write: Callable[[RecordStore, float], None]
) -> None:
    store.put("a", b"1", 10)

    write(store, 20)
    stores.age(15)

    assert store.load("a") == Record(b"2", 2)


def test_a_record_expires_and_starts_anew_when_it_is_put_again(stores: Stores, store: RecordStore) -> None:
    store.put("a", b"1", 1000)
    replace(store, 1000)

    stores.age(990)
    assert store.load("a") is not None
    stores.age(10)

    assert store.load("a") is None
    assert store.keys("") == []
    assert not store.compare_and_set("a", 2, b"3", LONG)
    assert store.load("a") is None
    store.put("a", b"4", LONG)
    assert store.load("a") == Record(b"4", 1)


def test_compare_and_set_of_another_generation_or_a_deleted_record_does_nothing(store: RecordStore) -> None:
    store.put("a", b"1", LONG)
    store.put("a", b"2", LONG)

    for generation in (1, 3):
        assert not store.compare_and_set("a", generation, b"slow or too early", LONG)
    assert store.load("a") == Record(b"2", 2)
    store.delete("a")
    assert not store.compare_and_set("a", 2, b"3", LONG)
    assert store.load("a") is None


def test_one_of_many_concurrent_compare_and_sets_wins(store: RecordStore) -> None:
    store.put("a", b"", LONG)
    start = threading.Barrier(8)

    def replace(number: int) -> bool:
        start.wait(LOCK_WAIT)
        return store.compare_and_set("a", 1, b"%d" % number, LONG)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(replace, range(8)))

    assert won.count(True) == 1
    assert store.load("a") == Record(b"%d" % won.index(True), 2)


def test_keys_are_listed_last_to_expire_first(store: RecordStore) -> None:
    for name, life in (("a:short", 10.0), ("a:long", 30.0), ("a:middle", 20.0), ("b:other", 40.0)):
        store.put(name, b"", life)

    assert store.keys("a:") == ["a:long", "a:middle", "a:short"]


@given(st.sets(st.text("aA:%_/\\é😀"), max_size=6), st.text("aA:%_/\\é😀", max_size=3))
def test_keys_are_those_that_start_with_the_prefix(store: RecordStore, names: set[str], prefix: str) -> None:
    for name in store.keys(""):
        store.delete(name)
    for name in names:
        store.put(name, b"", LONG)

    assert set(store.keys(prefix)) == {name for name in names if name.startswith(prefix)}


def test_putting_a_record_deletes_expired_ones(stores: Stores, store: RecordStore) -> None:
    for number in range(5):
        store.put(f"old {number}", b"", 10)
    stores.age(10)

    store.put("new", b"", 10)

    assert store.keys("") == ["new"]
    assert stores.record_count() == 1


@contextmanager
def held(store: RecordStore, name: str) -> Iterator[None]:
    """Hold the lock in another thread."""
    is_held, is_enough = threading.Event(), threading.Event()

    def hold() -> None:
        with store.lock(name, 0):
            is_held.set()
            is_enough.wait(LOCK_WAIT)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert is_held.wait(LOCK_WAIT)
        yield
    finally:
        is_enough.set()
        thread.join()


def test_a_lock_is_held_by_one_thread_at_a_time(store: RecordStore) -> None:
    inside, most = 0, 0

    def enter(_: int) -> bool:
        nonlocal inside, most
        with store.lock("a", LOCK_WAIT) as is_held:
            inside += 1
            most = max(most, inside)
            # Reading a record lets the other threads run.
            store.load("a")
            inside -= 1
            return is_held

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(enter, range(80)))

    assert outcomes == [True] * 80
    assert most == 1


def test_a_lock_that_is_not_acquired_in_time_yields_false_and_stays_with_its_holder(
    store: RecordStore,
) -> None:
    with held(store, "a"):
        with store.lock("a", 0) as at_once, store.lock("a", 0.01) as soon:
            assert (at_once, soon) == (False, False)
        # Whoever did not get it has not released it.
        with store.lock("a", 0) as is_held, store.lock("b", 0) as is_other_held:
            assert (is_held, is_other_held) == (False, True)

    with store.lock("a", 0) as is_held:
        assert is_held


def test_a_lock_is_released_after_an_error(store: RecordStore) -> None:
    with pytest.raises(ZeroDivisionError), store.lock("a", 0):
        raise ZeroDivisionError

    with store.lock("a", 0) as is_held:
        assert is_held


def test_unused_locks_take_no_space(stores: Stores, store: RecordStore) -> None:
    before = stores.lock_count()

    for number in range(100):
        with store.lock(f"call:{number}", 0):
            pass
    with held(store, "a"), store.lock("a", 0):
        assert stores.lock_count() == before + 1

    assert stores.lock_count() == before


class InterruptedWaitError(Exception):
    """Raised in the waiting thread from outside, as gevent does to kill a greenlet."""


def interrupt(*_: object) -> None:
    raise InterruptedWaitError


def wait_in_vain(store: RecordStore) -> None:
    """Wait for a lock until the wait is interrupted."""
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    with store.lock("a", LOCK_WAIT):
        pass


def test_a_lock_takes_no_space_after_its_waiter_was_interrupted(stores: Stores, store: RecordStore) -> None:
    before = stores.lock_count()
    previous = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with held(store, "a"), pytest.raises(InterruptedWaitError):
            wait_in_vain(store)
    finally:
        signal.signal(signal.SIGUSR1, previous)

    assert stores.lock_count() == before
