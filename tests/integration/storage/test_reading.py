"""Queries of a page share a connection and a reading of the state; one that fails leaves the others alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import DBAPIError

from aircall.calls.filters import CallFilter
from aircall.calls.store import CallStore
from aircall.calls.tables import STATE, revision_of
from aircall.storage.database import open_database
from aircall.storage.reading import connected, read_row, reading_once
from tests.support.made_calls import made_call


@contextmanager
def checkouts(engine: Engine) -> Iterator[list[object]]:
    """Collect the connections that are taken from the pool."""
    taken: list[object] = []

    def note(connection: object, *_: object) -> None:
        taken.append(connection)

    event.listen(engine, "checkout", note)
    yield taken
    event.remove(engine, "checkout", note)


def test_the_queries_of_a_block_share_a_connection_which_goes_back_at_its_end(
    call_store: CallStore, database: Engine
) -> None:
    call_store.apply([made_call()])

    with checkouts(database) as taken, reading_once(), reading_once():
        assert call_store.counts(CallFilter())["inbox"] == 1
        assert len(call_store.page(CallFilter(), 0, 10)) == 1
        assert call_store.synced_at is None

    assert len(taken) == 1
    assert database.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a QueuePool


def test_a_failed_query_leaves_the_others_of_its_block_alone(call_store: CallStore, database: Engine) -> None:
    with reading_once():
        call_store.counts(CallFilter())
        with pytest.raises(DBAPIError), connected(database) as connection:
            connection.execute(text("SELECT nothing FROM nowhere"))
        assert call_store.page(CallFilter(), 0, 10) == []


def test_a_block_reads_the_revision_once_and_the_calls_as_they_are(call_store: CallStore) -> None:
    with reading_once():
        before = revision_of(call_store.engine).read()
        call_store.apply([made_call()])
        assert revision_of(call_store.engine).read() == before
        assert len(call_store.page(CallFilter(), 0, 10)) == 1

    assert revision_of(call_store.engine).read() == before + 1


def test_what_another_thread_reads_meanwhile_is_not_of_the_block(
    call_store: CallStore, database: Engine
) -> None:
    with reading_once():
        read_row(database, STATE)
        call_store.apply([made_call()])
        with connected(database) as mine:
            seen: list[bool] = []

            def read() -> None:
                with connected(database) as theirs:
                    seen.append(theirs is not mine and read_row(database, STATE).revision == 1)

            # A greenlet begins with a copy of the context that started it.
            thread = Thread(target=copy_context().run, args=(read,))
            thread.start()
            thread.join()
    assert seen == [True]


def test_a_connection_in_use_is_not_given_up_for_another_database(database: Engine, tmp_path: Path) -> None:
    other = open_database(f"sqlite:///{tmp_path / 'other.db'}")

    with reading_once(), connected(database) as first, connected(other) as second:
        assert (first.engine, second.engine) == (database, other)
        assert first.scalar(select(1)) == second.scalar(select(1)) == 1

    other.dispose()
