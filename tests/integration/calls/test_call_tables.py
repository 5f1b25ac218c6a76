"""The replica's tables and deferred indexes, created and dropped when a store opens."""

import logging

import pytest
from sqlalchemy import Engine, inspect, text

from aircall.calls import store
from aircall.calls.search import INDEX_NAME
from aircall.calls.store import CallStore, create_deferred_indexes
from aircall.calls.tables import (
    DEFERRED_INDEXES,
    PREFIX,
    SCHEMA_VERSION,
    calls,
    counts,
    gone,
    lines,
    removals,
    state,
    streaks,
)
from aircall.storage.database import open_database
from tests.support.made_calls import NOON, made_call
from tests.support.postgres import Postgres

DEFERRED = {str(index.name) for index in DEFERRED_INDEXES}
CALLS = [made_call(number) for number in range(5)]


def deferred_indexes(engine: Engine) -> set[str]:
    return DEFERRED & {str(index["name"]) for index in inspect(engine).get_indexes(calls.name)}


def test_tables_of_other_versions_are_dropped_and_no_others(database: Engine) -> None:
    outdated = (f"calls_{SCHEMA_VERSION - 1}", "log_1", "state_2", f"search_{SCHEMA_VERSION + 1}")
    others = ("calls_0", f"calls_{SCHEMA_VERSION - 1}", "call_log_1", "records")
    with database.begin() as connection:
        for name in (*(PREFIX + name for name in outdated), *others):
            connection.execute(text(f"CREATE TABLE {name} (id INTEGER)"))

    CallStore(database)

    tables = {name for name in inspect(database).get_table_names() if not name.startswith(INDEX_NAME)}
    ours = (calls, state, removals, counts, lines, gone, streaks)
    assert tables == {*(table.name for table in ours), *others}


def test_a_table_that_cannot_be_dropped_is_left_with_a_warning(
    postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_database(postgres.url)
    postgres.execute(f"CREATE TABLE {PREFIX}calls_1 (id INTEGER)")
    postgres.execute(f"CREATE TABLE {PREFIX}log_1 (id INTEGER)")
    postgres.execute(f"CREATE VIEW of_others AS SELECT id FROM {PREFIX}calls_1")  # noqa: S608 - ours

    call_store = CallStore(engine)
    call_store.apply(CALLS)

    assert len(call_store.call_ids()) == len(CALLS)
    assert {f"{PREFIX}calls_1"} == {name for name in inspect(engine).get_table_names() if name.endswith("_1")}
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert f"{PREFIX}calls_1 of another version cannot be dropped" in warning
    call_store.close()


def test_deferred_indexes_are_created_after_the_first_full_sync_or_at_the_next_start(
    database: Engine,
) -> None:
    call_store = CallStore(database)
    call_store.apply(CALLS)
    assert deferred_indexes(database) == set()

    call_store.mark_synced(NOON)
    call_store.catch_up()
    assert deferred_indexes(database) == DEFERRED

    with database.begin() as connection:
        if database.dialect.name == "postgresql":
            # PostgreSQL uses no index of a table without statistics.
            count = text("SELECT reltuples FROM pg_class WHERE relname = :name")
            assert connection.scalar(count, {"name": calls.name}) == len(CALLS)
        for index in DEFERRED_INDEXES:
            index.drop(connection)
    CallStore(database)
    assert deferred_indexes(database) == DEFERRED


def test_a_process_that_starts_during_their_creation_drops_no_deferred_index(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_store = CallStore(database)
    call_store.apply(CALLS)

    def start_another(engine: Engine) -> None:
        create_deferred_indexes(engine)
        CallStore(engine)

    monkeypatch.setattr(store, "create_deferred_indexes", start_another)
    call_store.mark_synced(NOON)
    call_store.catch_up()

    assert deferred_indexes(database) == DEFERRED
