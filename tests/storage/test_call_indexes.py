"""The log's indexes: made when the list has been read, and in step with the calls that they are of."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from aircall.calls import search, store
from aircall.calls.query import CallFilter
from aircall.calls.search import NAME
from aircall.calls.store import CallStore, make_late_indexes
from aircall.calls.tables import LATE_INDEXES, calls
from aircall.models import Call
from tests.storage.naive import newest_first
from tests.support.made_calls import NOON, call_id, made_call, made_notes

LATE = {str(index.name) for index in LATE_INDEXES}
CALLS = [made_call(number, notes=made_notes(f"note {number}")) for number in range(5)]
# Compares every entry with the texts of the calls, both ways. Raises DatabaseError where they differ.
CHECK = text(f"INSERT INTO {NAME} ({NAME}, rank) VALUES ('integrity-check', 1)")  # noqa: S608 - ours


def check_search_index(engine: Engine) -> None:
    """Raises DatabaseError unless the index of searches holds just what the calls hold."""
    with engine.begin() as connection:
        connection.execute(CHECK)


def late_indexes(engine: Engine) -> set[str]:
    """Those of the late indexes that are there."""
    return LATE & {str(index["name"]) for index in inspect(engine).get_indexes(calls.name)}


def test_the_index_of_searches_is_in_step_with_the_calls_whatever_is_written(sqlite: Engine) -> None:
    log = CallStore(sqlite)

    for write in (
        lambda: log.apply(CALLS[:3]),
        lambda: log.apply(CALLS[3:]),
        lambda: log.apply([made_call(1, notes=made_notes("something else"))]),
        lambda: log.remove([call_id(2)], log.version),
        log.clear,
        lambda: log.apply(CALLS),
    ):
        write()
        check_search_index(sqlite)


@pytest.mark.parametrize("most_candidates", [search.MOST_CANDIDATES, 4])
def test_a_search_finds_everything_while_the_index_lags_behind(
    sqlite: Engine, monkeypatch: pytest.MonkeyPatch, most_candidates: int
) -> None:
    monkeypatch.setattr(search, "MOST_CANDIDATES", most_candidates)
    monkeypatch.setattr(search, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(search, "STEP", 3)
    log = CallStore(sqlite)
    truth: dict[str, Call] = {}

    def write(*changed: Call) -> None:
        log.apply(changed)
        truth.update({call.id: call for call in changed})

    def remove(*numbers: int) -> None:
        log.remove([call_id(number) for number in numbers], log.version)
        for number in numbers:
            truth.pop(call_id(number), None)

    changes: list[Callable[[], object]] = [
        lambda: write(*(numbered(number, "first") for number in range(20))),
        lambda: write(numbered(3, "second")),
        lambda: remove(4, 19),
        log.search.catch_up,
        lambda: write(*(numbered(number, "third") for number in range(10, 25))),
        lambda: remove(2, 24),
        lambda: write(numbered(30, "second"), numbered(12, "fourth")),
        log.search.catch_up,
    ]
    for change in changes:
        change()
        for text_ in ("first", "second", "third", "fourth", "6120000", "nothing"):
            wanted = CallFilter(search=text_)
            assert log.page(wanted, 0, 100) == newest_first(list(truth.values()), wanted)
    check_search_index(sqlite)


def test_many_calls_at_once_are_indexed_when_the_index_catches_up(sqlite: Engine) -> None:
    log = CallStore(sqlite)
    log.apply([numbered(number, "one of many") for number in range(search.MOST_AT_ONCE + 1)])
    with pytest.raises(DatabaseError):
        check_search_index(sqlite)

    log.search.catch_up()

    check_search_index(sqlite)


def numbered(number: int, note: str) -> Call:
    return made_call(number, caller=f"+33612{number:06}", notes=made_notes(note))


def test_the_check_itself_sees_an_index_that_is_out_of_step(sqlite: Engine) -> None:
    CallStore(sqlite).apply(CALLS)
    with sqlite.begin() as connection:
        connection.execute(calls.delete().where(calls.c.id == call_id(1)))

    with pytest.raises(DatabaseError):
        check_search_index(sqlite)


def test_indexes_that_the_first_page_can_do_without_are_made_when_the_list_has_been_read(
    database: Engine,
) -> None:
    log = CallStore(database)
    log.apply(CALLS)
    before = late_indexes(database)

    log.mark_synced(NOON)

    assert before == set()
    assert late_indexes(database) == LATE


def test_late_indexes_that_nobody_came_to_make_are_made_at_the_next_start(database: Engine) -> None:
    CallStore(database).mark_synced(NOON)
    with database.begin() as connection:
        for index in LATE_INDEXES:
            index.drop(connection)

    CallStore(database)

    assert late_indexes(database) == LATE


def test_a_process_that_starts_while_the_list_is_marked_as_read_takes_no_index_away(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CallStore(database)
    log.apply(CALLS)

    def start_another(engine: Engine) -> None:
        make_late_indexes(engine)
        CallStore(engine)

    monkeypatch.setattr(store, "make_late_indexes", start_another)
    log.mark_synced(NOON)

    assert late_indexes(database) == LATE
