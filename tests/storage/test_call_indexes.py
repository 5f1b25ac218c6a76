"""The log's indexes: made when the list has been read, and in step with the calls that they are of."""

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from aircall.call_log import CallLog
from aircall.call_search import NAME
from aircall.call_table import LATE_INDEXES, calls
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
    log = CallLog(sqlite)

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


def test_the_check_itself_sees_an_index_that_is_out_of_step(sqlite: Engine) -> None:
    CallLog(sqlite).apply(CALLS)
    with sqlite.begin() as connection:
        connection.execute(calls.delete().where(calls.c.id == call_id(1)))

    with pytest.raises(DatabaseError):
        check_search_index(sqlite)


def test_indexes_that_the_first_page_can_do_without_are_made_when_the_list_has_been_read(
    database: Engine,
) -> None:
    log = CallLog(database)
    log.apply(CALLS)
    before = late_indexes(database)

    log.mark_synchronised(NOON)

    assert before == set()
    assert late_indexes(database) == LATE
