"""Encrypted records: no value as it is, only under its own key, and read with any of the secrets."""

from contextlib import closing
from pathlib import Path

from aircall.storage.database import open_database
from aircall.storage.encryption import EncryptedRecords
from aircall.storage.records import Record, SQLiteRecordStore


def test_a_value_is_read_with_any_secret_written_with_the_first_and_good_under_its_own_key_alone(
    tmp_path: Path,
) -> None:
    with closing(SQLiteRecordStore(open_database(f"sqlite:///{tmp_path / 'kept.db'}"))) as kept:
        old, new = EncryptedRecords(kept, ["old"]), EncryptedRecords(kept, ["new", "old"])
        old.put("a", b"\x00 a token\n", 60)
        new.put("b", b"", 60)

        stored = kept.load("a")
        assert stored is not None
        assert b"a token" not in stored.value
        assert new.load("a") == Record(b"\x00 a token\n", 1)
        assert new.load("b") == Record(b"", 1)
        assert old.load("b") is None

        kept.put("b", stored.value, 60)
        kept.put("a", b"what is not encrypted", 60)
        assert [new.load(key) for key in ("a", "b", "c")] == [None] * 3
