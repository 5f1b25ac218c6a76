"""The store's records: they end by themselves, and are replaced only by who has read them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aircall.storage.records import Record, RecordStore
from tests.storage.stores import Stores

LONG = 3600.0
# Longer than any test that goes well holds a lock, in seconds.
VERIFY_TIMEOUT = 10.0


def test_a_record_is_found_as_it_was_put(store: RecordStore) -> None:
    store.put("a", b"\x00\xff", LONG)

    assert store.load("a") == Record(b"\x00\xff", 1)
    assert store.load("b") is None


def test_a_record_that_is_put_again_is_a_new_generation_with_a_new_life(
    stores: Stores, store: RecordStore
) -> None:
    store.put("a", b"1", 10)

    store.put("a", b"2", 20)
    stores.age(15)

    assert store.load("a") == Record(b"2", 2)


def test_a_record_ends_with_its_life(stores: Stores, store: RecordStore) -> None:
    store.put("a", b"1", 1000)

    stores.age(990)
    assert store.load("a") is not None
    stores.age(10)

    assert store.load("a") is None
    assert store.keys("") == []
    assert not store.compare_and_set("a", 1, b"2", LONG)
    assert store.load("a") is None


def test_a_record_that_ended_begins_anew(stores: Stores, store: RecordStore) -> None:
    store.put("a", b"1", 10)
    store.compare_and_set("a", 1, b"2", 10)
    stores.age(10)

    store.put("a", b"3", 10)

    assert store.load("a") == Record(b"3", 1)


def test_a_deleted_record_is_gone(store: RecordStore) -> None:
    store.put("a", b"1", LONG)
    store.put("b", b"2", LONG)

    store.delete("a")
    store.delete("never there")

    assert store.load("a") is None
    assert store.load("b") is not None


def test_replacing_makes_a_new_generation_with_a_new_life(stores: Stores, store: RecordStore) -> None:
    store.put("a", b"1", 10)

    assert store.compare_and_set("a", 1, b"2", 20)
    stores.age(15)

    assert store.load("a") == Record(b"2", 2)


def test_replacing_does_nothing_to_another_generation(store: RecordStore) -> None:
    store.put("a", b"1", LONG)
    store.compare_and_set("a", 1, b"2", LONG)

    assert not store.compare_and_set("a", 1, b"slow", LONG)
    assert not store.compare_and_set("a", 3, b"too early", LONG)
    assert store.load("a") == Record(b"2", 2)


def test_replacing_does_nothing_to_what_was_put_over_the_record_that_was_read(store: RecordStore) -> None:
    store.put("a", b"1", LONG)
    read = store.load("a")
    assert read is not None
    store.put("a", b"2", LONG)

    assert not store.compare_and_set("a", read.generation, b"slow", LONG)
    assert store.load("a") == Record(b"2", 2)


def test_what_is_deleted_cannot_be_brought_back_by_replacing(store: RecordStore) -> None:
    store.put("a", b"1", LONG)
    store.delete("a")

    assert not store.compare_and_set("a", 1, b"2", LONG)
    assert store.load("a") is None


def test_of_many_who_replace_the_same_generation_one_wins(store: RecordStore) -> None:
    store.put("a", b"", LONG)
    start = threading.Barrier(8)

    def replace(number: int) -> bool:
        start.wait(VERIFY_TIMEOUT)
        return store.compare_and_set("a", 1, b"%d" % number, LONG)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(replace, range(8)))

    assert won.count(True) == 1
    assert store.load("a") == Record(b"%d" % won.index(True), 2)


def test_keys_are_told_the_longest_lived_first(store: RecordStore) -> None:
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
def test_a_prefix_is_taken_to_the_letter(store: RecordStore, prefix: str, found: list[str]) -> None:
    for name in ("a%b", "a_b", "a/b", "axb", "Axb", "é"):
        store.put(name, b"", LONG)

    assert sorted(store.keys(prefix)) == sorted(found)


@given(st.sets(st.text("aA:%_/\\é😀"), max_size=6), st.text("aA:%_/\\é😀", max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_keys_are_those_that_start_with_the_prefix(store: RecordStore, names: set[str], prefix: str) -> None:
    for name in store.keys(""):
        store.delete(name)
    for name in names:
        store.put(name, b"", LONG)

    assert set(store.keys(prefix)) == {name for name in names if name.startswith(prefix)}


def test_putting_a_record_clears_away_those_that_ended(stores: Stores, store: RecordStore) -> None:
    for number in range(5):
        store.put(f"old {number}", b"", 10)
    stores.age(10)

    store.put("new", b"", 10)

    assert store.keys("") == ["new"]
    assert stores.record_count() == 1


def test_a_cleared_store_keeps_nothing(store: RecordStore) -> None:
    store.put("a", b"1", LONG)
    store.put("b", b"2", LONG)

    store.clear()

    assert store.keys("") == []
    assert not store.compare_and_set("a", 1, b"3", LONG)


def test_records_outlive_the_process(stores: Stores) -> None:
    first = stores.open()
    first.put("a", b"1", LONG)
    first.close()

    second = stores.open()

    assert second.load("a") == Record(b"1", 1)
    assert second.keys("") == ["a"]
    second.close()
