"""Engines for SQLite and PostgreSQL."""

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, inspect, make_url, text

from aircall.storage import STORAGE_ERRORS
from aircall.storage.database import DatabaseError, check_database, open_database
from aircall.storage.records import SQLiteRecordStore
from tests.support.postgres import PASSWORD, Postgres


def test_readers_do_not_wait_for_a_writer(sqlite: Engine) -> None:
    store = SQLiteRecordStore(sqlite)
    store.put("a", b"1", 10)

    with sqlite.begin() as writer:
        writer.execute(text("DELETE FROM records"))
        record = store.load("a")

    assert record is not None
    assert store.load("a") is None


def test_a_durable_database_waits_for_the_disk(tmp_path: Path) -> None:
    modes = {}
    for is_durable in (False, True):
        engine = open_database(f"sqlite:///{tmp_path / 'test.db'}", is_durable=is_durable)
        with engine.connect() as connection:
            modes[is_durable] = connection.execute(text("PRAGMA synchronous")).scalar_one()
        engine.dispose()

    # NORMAL and FULL.
    assert modes == {False: 1, True: 2}


def test_a_durable_database_is_not_used_while_its_file_has_vanished(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    place.mkdir()
    engine = open_database(f"sqlite:///{place / 'team.db'}", is_durable=True)
    store = SQLiteRecordStore(engine)
    store.put("a", b"1", 10)

    place.rename(elsewhere)
    for _ in range(2):
        with pytest.raises(STORAGE_ERRORS):
            store.put("a", b"2", 10)
    place.mkdir()
    (place / "team.db").touch()
    with pytest.raises(STORAGE_ERRORS):
        store.put("a", b"2", 10)
    place.rename(tmp_path / "another")
    elsewhere.rename(place)
    store.put("b", b"3", 10)

    assert [record.value for key in "ab" if (record := store.load(key))] == [b"1", b"3"]
    assert caplog.text.count("has vanished") == 1
    engine.dispose()


def test_an_error_does_not_contain_parameters(sqlite: Engine) -> None:
    store = SQLiteRecordStore(sqlite)
    with sqlite.begin() as connection:
        connection.execute(text("ALTER TABLE records RENAME COLUMN value TO content"))
    with pytest.raises(STORAGE_ERRORS) as failed:
        store.put("login:1", b"a token", 10)

    assert "no column named value" in str(failed.value)
    assert "token" not in str(failed.value)
    assert "login:1" not in str(failed.value)


def test_a_writable_database_passes_the_check(tmp_path: Path, sqlite: Engine) -> None:
    store = SQLiteRecordStore(sqlite)
    store.put("a", b"1", 10)

    check_database(str(sqlite.url))
    check_database(f"sqlite:///{tmp_path / 'new.db'}")

    assert store.load("a") is not None


@pytest.mark.parametrize("path", ["missing/calls.db", "", "text.db"])
def test_an_unusable_database_is_named_in_one_line(tmp_path: Path, path: str) -> None:
    (tmp_path / "text.db").write_text("This is no database. " * 100)

    with pytest.raises(DatabaseError) as told:
        check_database(f"sqlite:///{tmp_path / path}")

    assert str(tmp_path) in str(told.value)
    assert str(told.value).isprintable()


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg"])
def test_a_writable_postgresql_passes_the_check_unchanged(postgres: Postgres, driver: str) -> None:
    url = postgres.url.replace("postgresql", driver)

    check_database(url)

    engine = open_database(url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


@pytest.mark.parametrize(
    "changed",
    [{"password": f"{PASSWORD}-2"}, {"database": "missing"}, {"port": 1}, {"host": "no-such-host.invalid"}],
)
def test_an_unusable_postgresql_is_named_in_one_line_without_its_password(
    postgres: Postgres, changed: dict[str, Any]
) -> None:
    url = make_url(postgres.url).set(**changed).render_as_string(hide_password=False)

    with pytest.raises(DatabaseError) as told:
        check_database(url)

    assert str(told.value).startswith("postgresql://postgres:***@")
    assert str(told.value).isprintable()
    assert PASSWORD not in str(told.value)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_character_is_refused_in_one_line(
    postgres: Postgres, encoding: str
) -> None:
    made = "LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
    postgres.execute(f"CREATE DATABASE other ENCODING '{encoding}' {made}")
    url = make_url(postgres.url).set(database="other").render_as_string(hide_password=False)
    try:
        with pytest.raises(DatabaseError, match=f"it is in {encoding}") as told:
            check_database(url)
    finally:
        postgres.execute("DROP DATABASE other")

    assert str(told.value).isprintable()


def test_connections_in_use_at_the_end_are_closed_when_they_are_given_back(database: Engine) -> None:
    with database.connect() as used:
        opened: list[Any] = [used.connection.dbapi_connection]
        database.dispose()
        with database.connect() as late:
            opened.append(late.connection.dbapi_connection)

    for connection in opened:
        with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError), match="closed"):
            connection.cursor()


def test_postgresql_has_timeouts_for_statements_and_locks(postgres: Postgres) -> None:
    engine = open_database(postgres.url)

    with engine.connect() as connection:
        for name in ("statement_timeout", "lock_timeout"):
            assert connection.scalar(text(f"SHOW {name}")) == "5s"
    engine.dispose()

    assert PASSWORD not in repr(engine)
