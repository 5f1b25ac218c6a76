"""The store: records that end by themselves, compare-and-set, and locks by name."""

import gc
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from aircall.database import open_database
from aircall.store import EmbeddedStore, Record

LONG = 3600.0
# Longer than any test that goes well holds a lock, in seconds.
PATIENCE = 10.0


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database: Engine, clock: Clock) -> EmbeddedStore:
    """A store that keeps nothing yet."""
    return EmbeddedStore(database, clock)


@contextmanager
def held(store: EmbeddedStore, name: str) -> Iterator[None]:
    """Another thread holds this lock."""
    is_held, is_enough = threading.Event(), threading.Event()

    def hold() -> None:
        with store.lock(name, 0):
            is_held.set()
            is_enough.wait(PATIENCE)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert is_held.wait(PATIENCE)
        yield
    finally:
        is_enough.set()
        thread.join()


def lock_count() -> int:
    """How many locks there are in this process, in use or not."""
    gc.collect()
    return sum(type(thing).__name__ == "_NamedLock" for thing in gc.get_objects())


def test_a_record_is_found_as_it_was_put(store: EmbeddedStore) -> None:
    store.put("a", b"\x00\xff", LONG)

    assert store.load("a") == Record(b"\x00\xff", 1)
    assert store.load("b") is None


def test_a_record_that_is_put_again_is_a_new_generation_with_a_new_life(
    store: EmbeddedStore, clock: Clock
) -> None:
    store.put("a", b"1", 10)

    store.put("a", b"2", 20)
    clock.now += 15

    assert store.load("a") == Record(b"2", 2)


def test_a_record_ends_with_its_life(store: EmbeddedStore, clock: Clock) -> None:
    store.put("a", b"1", 10)

    clock.now += 9.9
    assert store.load("a") is not None
    clock.now += 0.1

    assert store.load("a") is None
    assert store.keys("") == []
    assert not store.replace("a", 1, b"2", LONG)
    assert store.load("a") is None


def test_a_record_that_ended_begins_anew(store: EmbeddedStore, clock: Clock) -> None:
    store.put("a", b"1", 10)
    store.replace("a", 1, b"2", 10)
    clock.now += 10

    store.put("a", b"3", 10)

    assert store.load("a") == Record(b"3", 1)


def test_a_deleted_record_is_gone(store: EmbeddedStore) -> None:
    store.put("a", b"1", LONG)
    store.put("b", b"2", LONG)

    store.delete("a")
    store.delete("never there")

    assert store.load("a") is None
    assert store.load("b") is not None


def test_replacing_makes_a_new_generation_with_a_new_life(store: EmbeddedStore, clock: Clock) -> None:
    store.put("a", b"1", 10)

    assert store.replace("a", 1, b"2", 20)
    clock.now += 15

    assert store.load("a") == Record(b"2", 2)


def test_replacing_does_nothing_to_another_generation(store: EmbeddedStore) -> None:
    store.put("a", b"1", LONG)
    store.replace("a", 1, b"2", LONG)

    assert not store.replace("a", 1, b"slow", LONG)
    assert not store.replace("a", 3, b"too early", LONG)
    assert store.load("a") == Record(b"2", 2)


def test_replacing_does_nothing_to_what_was_put_over_the_record_that_was_read(store: EmbeddedStore) -> None:
    store.put("a", b"1", LONG)
    read = store.load("a")
    assert read is not None
    store.put("a", b"2", LONG)

    assert not store.replace("a", read.generation, b"slow", LONG)
    assert store.load("a") == Record(b"2", 2)


def test_what_is_deleted_cannot_be_brought_back_by_replacing(store: EmbeddedStore) -> None:
    store.put("a", b"1", LONG)
    store.delete("a")

    assert not store.replace("a", 1, b"2", LONG)
    assert store.load("a") is None


def test_of_many_who_replace_the_same_generation_one_wins(database: Engine) -> None:
    store = EmbeddedStore(database)
    store.put("a", b"", LONG)
    start = threading.Barrier(8)

    def replace(number: int) -> bool:
        start.wait(PATIENCE)
        return store.replace("a", 1, b"%d" % number, LONG)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(replace, range(8)))

    assert won.count(True) == 1
    assert store.load("a") == Record(b"%d" % won.index(True), 2)


def test_keys_are_told_the_longest_lived_first(store: EmbeddedStore) -> None:
    for name, life in (("a:short", 10.0), ("a:long", 30.0), ("a:middle", 20.0), ("b:other", 40.0)):
        store.put(name, b"", life)

    assert store.keys("a:") == ["a:long", "a:middle", "a:short"]


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("a%", ["a%b"]),
        ("a_", ["a_b"]),
        ("a", ["a%b", "a_b", "a/b", "axb"]),
        ("A", ["Axb"]),
        ("a/", ["a/b"]),
        ("%", []),
        ("_", []),
        ("é", ["é"]),
        ("", ["a%b", "a_b", "a/b", "axb", "Axb", "é"]),
    ],
)
def test_a_prefix_is_taken_to_the_letter(store: EmbeddedStore, prefix: str, found: list[str]) -> None:
    for name in ("a%b", "a_b", "a/b", "axb", "Axb", "é"):
        store.put(name, b"", LONG)

    assert sorted(store.keys(prefix)) == sorted(found)


@given(st.sets(st.text("aA%_/\\é😀"), max_size=6), st.text("aA%_/\\é😀", max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_keys_are_those_that_start_with_the_prefix(
    store: EmbeddedStore, names: set[str], prefix: str
) -> None:
    for name in store.keys(""):
        store.delete(name)
    for name in names:
        store.put(name, b"", LONG)

    assert set(store.keys(prefix)) == {name for name in names if name.startswith(prefix)}


def test_putting_a_record_clears_away_those_that_ended(
    store: EmbeddedStore, clock: Clock, database: Engine
) -> None:
    for number in range(5):
        store.put(f"old {number}", b"", 10)
    clock.now += 10

    store.put("new", b"", 10)

    with database.connect() as connection:
        assert list(connection.scalars(text("SELECT key FROM records"))) == ["new"]


def test_records_outlive_the_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kept.db'}"
    first = EmbeddedStore(open_database(url))
    first.put("a", b"1", LONG)
    first.close()

    second = EmbeddedStore(open_database(url))

    assert second.load("a") == Record(b"1", 1)
    second.close()


def test_a_lock_is_held_by_one_thread_at_a_time(store: EmbeddedStore) -> None:
    inside, most = 0, 0

    def enter(_: int) -> bool:
        nonlocal inside, most
        with store.lock("a", PATIENCE) as is_held:
            inside += 1
            most = max(most, inside)
            # Reading the database lets the other threads run.
            store.load("a")
            inside -= 1
            return is_held

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(enter, range(80)))

    assert outcomes == [True] * 80
    assert most == 1


def test_who_cannot_have_the_lock_in_time_is_told_so_and_leaves_it_alone(store: EmbeddedStore) -> None:
    with held(store, "a"):
        with store.lock("a", 0) as at_once, store.lock("a", 0.01) as soon:
            assert (at_once, soon) == (False, False)
        with store.lock("a", 0) as is_held:
            assert not is_held

    with store.lock("a", 0) as is_held:
        assert is_held


def test_who_waits_gets_the_lock_when_it_is_free(store: EmbeddedStore) -> None:
    is_had = threading.Event()

    def wait() -> None:
        with store.lock("a", PATIENCE) as is_held:
            assert is_held
            is_had.set()

    waiter = threading.Thread(target=wait)
    with held(store, "a"):
        waiter.start()
        assert not is_had.is_set()
    waiter.join()

    assert is_had.is_set()


def test_locks_of_different_names_have_nothing_to_do_with_each_other(store: EmbeddedStore) -> None:
    with held(store, "a"), store.lock("b", 0) as is_held:
        assert is_held


def test_a_lock_is_free_again_after_an_error(store: EmbeddedStore) -> None:
    with pytest.raises(ZeroDivisionError), store.lock("a", 0):
        raise ZeroDivisionError

    with store.lock("a", 0) as is_held:
        assert is_held


def test_locks_that_nobody_uses_are_forgotten(store: EmbeddedStore) -> None:
    before = lock_count()

    for number in range(100):
        with store.lock(f"call:{number}", 0):
            pass
    with held(store, "a"), store.lock("a", 0):
        assert lock_count() == before + 1

    assert lock_count() == before


class InterruptedWaitError(Exception):
    """Something from outside ended the waiting, as gevent does when it kills a greenlet."""


def interrupt(*_: object) -> None:
    raise InterruptedWaitError


def test_a_lock_is_forgotten_too_when_the_waiting_for_it_is_cut_short(store: EmbeddedStore) -> None:
    before = lock_count()
    usual = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with held(store, "a"):
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
            with pytest.raises(InterruptedWaitError), store.lock("a", PATIENCE):
                pass
    finally:
        signal.signal(signal.SIGUSR1, usual)

    assert lock_count() == before
