"""The store's locks: exclusive, by name, free after any end, and forgotten when nobody uses them."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from aircall.storage.records import RecordStore
from tests.storage.stores import Stores

# Longer than any test that goes well holds a lock, in seconds.
VERIFY_TIMEOUT = 10.0


@contextmanager
def held(store: RecordStore, name: str) -> Iterator[None]:
    """Another thread holds this lock."""
    is_held, is_enough = threading.Event(), threading.Event()

    def hold() -> None:
        with store.lock(name, 0):
            is_held.set()
            is_enough.wait(VERIFY_TIMEOUT)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert is_held.wait(VERIFY_TIMEOUT)
        yield
    finally:
        is_enough.set()
        thread.join()


def test_a_lock_is_held_by_one_thread_at_a_time(store: RecordStore) -> None:
    inside, most = 0, 0

    def enter(_: int) -> bool:
        nonlocal inside, most
        with store.lock("a", VERIFY_TIMEOUT) as is_held:
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


def test_who_cannot_have_the_lock_in_time_is_told_so_and_leaves_it_alone(store: RecordStore) -> None:
    with held(store, "a"):
        with store.lock("a", 0) as at_once, store.lock("a", 0.01) as soon:
            assert (at_once, soon) == (False, False)
        with store.lock("a", 0) as is_held:
            assert not is_held

    with store.lock("a", 0) as is_held:
        assert is_held


def test_who_waits_gets_the_lock_when_it_is_free(store: RecordStore) -> None:
    is_had = threading.Event()

    def wait() -> None:
        with store.lock("a", VERIFY_TIMEOUT) as is_held:
            assert is_held
            is_had.set()

    waiter = threading.Thread(target=wait)
    with held(store, "a"):
        waiter.start()
        assert not is_had.is_set()
    waiter.join()

    assert is_had.is_set()


def test_locks_of_different_names_have_nothing_to_do_with_each_other(store: RecordStore) -> None:
    with held(store, "a"), store.lock("b", 0) as is_held:
        assert is_held


def test_a_lock_is_free_again_after_an_error(store: RecordStore) -> None:
    with pytest.raises(ZeroDivisionError), store.lock("a", 0):
        raise ZeroDivisionError

    with store.lock("a", 0) as is_held:
        assert is_held


def test_locks_that_nobody_uses_are_forgotten(stores: Stores, store: RecordStore) -> None:
    before = stores.lock_count()

    for number in range(100):
        with store.lock(f"call:{number}", 0):
            pass
    with held(store, "a"), store.lock("a", 0):
        assert stores.lock_count() == before + 1

    assert stores.lock_count() == before


class InterruptedWaitError(Exception):
    """Something from outside ended the waiting, as gevent does when it kills a greenlet."""


def interrupt(*_: object) -> None:
    raise InterruptedWaitError


def test_a_lock_is_forgotten_too_when_the_waiting_for_it_is_cut_short(
    stores: Stores, store: RecordStore
) -> None:
    before = stores.lock_count()
    usual = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with held(store, "a"):
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
            with pytest.raises(InterruptedWaitError), store.lock("a", VERIFY_TIMEOUT):
                pass
    finally:
        signal.signal(signal.SIGUSR1, usual)

    assert stores.lock_count() == before
