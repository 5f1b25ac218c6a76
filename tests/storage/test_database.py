"""What holds for every database that is opened here."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from aircall.database import DatabaseError, StorageError, check_database
from aircall.store import EmbeddedStore


def test_readers_do_not_wait_for_a_writer(database: Engine) -> None:
    store = EmbeddedStore(database)
    store.put("a", b"1", 10)

    with database.begin() as writer:
        writer.execute(text("DELETE FROM records"))
        record = store.load("a")

    assert record is not None
    assert store.load("a") is None


def test_an_error_does_not_tell_what_was_to_be_kept(database: Engine) -> None:
    store = EmbeddedStore(database)
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE records RENAME COLUMN value TO content"))

    with pytest.raises(StorageError) as failed:
        store.put("login:1", b"a token", 10)

    assert "no column named value" in str(failed.value)
    assert "token" not in str(failed.value)
    assert "login:1" not in str(failed.value)


def test_a_database_that_can_be_written_to_is_good(tmp_path: Path, database: Engine) -> None:
    store = EmbeddedStore(database)
    store.put("a", b"1", 10)

    check_database(str(database.url))
    check_database(f"sqlite:///{tmp_path / 'new.db'}")

    assert store.load("a") is not None


@pytest.mark.parametrize("path", ["missing/calls.db", "", "text.db"])
def test_a_database_that_cannot_be_used_is_named_in_one_line(tmp_path: Path, path: str) -> None:
    (tmp_path / "text.db").write_text("This is no database. " * 100)

    with pytest.raises(DatabaseError) as told:
        check_database(f"sqlite:///{tmp_path / path}")

    assert str(tmp_path) in str(told.value)
    assert str(told.value).isprintable()
