"""The log's tables and the index of its search: made, dropped and caught up with when the log opens."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, inspect, make_url, select, text

from aircall.calls.query import CallFilter
from aircall.calls.search import NAME, search_condition
from aircall.calls.store import CallStore
from aircall.calls.tables import FORM, PREFIX, calls, removals, state
from aircall.storage.database import open_database
from tests.storage.naive import newest_first
from tests.support.made_calls import NOON, made_call, made_notes
from tests.support.postgres import LOOPBACK, Postgres

RARE = CallFilter(search="+33 7 89")
CALLS = [made_call(number, caller=f"+33612{number:06}") for number in range(20)]
FOUND = made_call(99, caller="+33789000000", notes=made_notes("A note"))


def opened(path: Path, *, has_index: bool) -> CallStore:
    """The log in this file, with a SQLite that knows the index of searches or one that does not."""
    engine = open_database(f"sqlite:///{path}")

    def forbid(_action: int, *names: str | None) -> int:
        is_index = any(name and name.startswith(NAME) for name in names)
        return sqlite3.SQLITE_DENY if is_index else sqlite3.SQLITE_OK

    if not has_index:
        event.listen(engine, "connect", lambda connection, _: connection.set_authorizer(forbid))
    return CallStore(engine)


def answers(log: CallStore, search: str) -> list[str]:
    return [call.id for call in log.page(CallFilter(search=search), 0, 100)]


def test_tables_of_other_forms_are_dropped_and_nothing_else_is(database: Engine) -> None:
    others = ("calls_0", f"calls_{FORM - 1}", "call_log_1", "records")
    with database.begin() as connection:
        for name in (
            *(PREFIX + end for end in (f"calls_{FORM - 1}", "log_1", f"search_{FORM + 1}")),
            *others,
        ):
            connection.execute(text(f"CREATE TABLE {name} (id INTEGER)"))

    CallStore(database)

    tables = {name for name in inspect(database).get_table_names() if not name.startswith(NAME)}
    assert tables == {calls.name, state.name, removals.name, *others}


def test_a_table_that_cannot_be_dropped_is_left_and_told_of(
    postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_database(postgres.url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {PREFIX}calls_1 (id INTEGER)"))
        connection.execute(text(f"CREATE TABLE {PREFIX}log_1 (id INTEGER)"))
        connection.execute(text(f"CREATE VIEW of_others AS SELECT id FROM {PREFIX}calls_1"))  # noqa: S608 - ours

    log = CallStore(engine)
    log.apply(CALLS)

    assert len(log.call_ids()) == len(CALLS)
    assert {f"{PREFIX}calls_1"} == {name for name in inspect(engine).get_table_names() if name.endswith("_1")}
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert f"{PREFIX}calls_1 of another version cannot be dropped" in warnings[0]
    log.close()


def test_a_search_finds_the_same_without_an_index(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = opened(tmp_path / "calls.db", has_index=False)
    calls = [*CALLS, FOUND]
    log.apply(calls)
    log.remove([CALLS[0].id], log.version)

    for search in ("789", "A NOTE", "612", "61"):
        wanted = CallFilter(search=search)
        expected = newest_first([call for call in calls if call is not CALLS[0]], wanted)
        assert log.page(wanted, 0, 100) == expected
        assert log.counts(wanted)["all"] == len(expected)
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert warnings[0].startswith("Searches will be slow")
    log.close()


def test_calls_written_without_the_index_are_found_with_it_later(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    changes: list[tuple[bool, Callable[[CallStore], object]]] = [
        (True, lambda log: log.apply([*CALLS, FOUND])),
        (False, lambda log: log.remove([FOUND.id], log.version)),
        (False, lambda log: log.apply([made_call(100, caller="+33789111111")])),
    ]
    for has_index, change in changes:
        log = opened(path, has_index=has_index)
        change(log)
        log.close()

    log = opened(path, has_index=True)

    assert answers(log, "789") == [made_call(100).id]
    assert answers(log, "789000") == []
    log.close()


def test_a_search_for_many_calls_finds_them_all(log: CallStore) -> None:
    # More than are looked up one by one.
    calls = [made_call(number, caller=f"+33789{number:06}") for number in range(5100)]
    log.apply(calls)

    assert log.counts(RARE)["all"] == 5100
    assert log.page(RARE, 5090, 100) == newest_first(calls, RARE)[5090:]


def test_a_call_written_after_the_index_was_asked_is_found_too(sqlite: Engine) -> None:
    log = CallStore(sqlite)
    log.apply([*CALLS, FOUND])

    candidates = log.search.candidates("789000")
    log.apply([made_call(100, caller="+33789000111"), made_call(101, caller="+33612000111")])

    with sqlite.connect() as connection:
        found = set(connection.scalars(select(calls.c.id).where(*candidates)))
    assert found == {FOUND.id, made_call(100).id}


def test_a_database_that_may_not_be_extended_is_searched_without_an_index(
    postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    postgres.execute("DROP ROLE IF EXISTS guest")
    postgres.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    postgres.execute("CREATE DATABASE plain TEMPLATE template0")
    try:
        postgres.execute("ALTER DATABASE plain SET search_path = guest")
        owner = open_database(
            make_url(postgres.url).set(database="plain").render_as_string(hide_password=False)
        )
        with owner.begin() as connection:
            connection.execute(text("CREATE SCHEMA guest AUTHORIZATION guest"))
        owner.dispose()
        log = CallStore(open_database(f"postgresql://guest:guest@{LOOPBACK}:{postgres.port}/plain"))
        log.apply([*CALLS, FOUND])

        assert answers(log, "789") == [FOUND.id]
        assert sum("Searches will be slow" in record.getMessage() for record in caplog.records) == 1
        log.close()
    finally:
        postgres.execute("DROP DATABASE plain WITH (FORCE)")
        postgres.execute("DROP ROLE guest")


def test_postgresql_looks_searches_up_in_its_index(postgres: Postgres) -> None:
    log = CallStore(open_database(postgres.url))
    log.apply([made_call(number, caller=f"+336{number * 7919:08}") for number in range(5000)])

    query = select(calls).where(search_condition("7891"))
    words = query.compile(log.engine, compile_kwargs={"literal_binds": True})
    with log.engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off"))
        plan = "\n".join(connection.exec_driver_sql("EXPLAIN " + str(words)).scalars())
    log.close()

    assert f"{calls.name}_search" in plan


def test_postgresql_knows_how_many_calls_there_are_once_the_list_has_been_read(postgres: Postgres) -> None:
    log = CallStore(open_database(postgres.url))
    log.apply(CALLS)

    log.mark_synced(NOON)

    with log.engine.connect() as connection:
        words = text("SELECT reltuples FROM pg_class WHERE relname = :name")
        assert connection.execute(words, {"name": calls.name}).scalar_one() == len(CALLS)
    log.close()
