"""What holds for every database that is opened here."""

import pytest
from sqlalchemy import Engine, text

from aircall.database import StorageError
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
