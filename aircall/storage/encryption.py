"""Records encrypted at rest, by a key that is derived from SECRET_KEY: tokens are in no file as they are.

Keys of records are not encrypted, so that a secret must not be part of one.
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from contextlib import AbstractContextManager

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from aircall.storage.database import LruCache
from aircall.storage.records import LOCK_LEASE, Record, RecordStore

# Set apart from what else is derived from the same secret.
PURPOSE = b"callboard records"
# Of encrypted values whose text is kept in memory.
KEPT_BYTES = 1024 * 1024


class EncryptedRecords:
    """A RecordStore that encrypts every value with the first of its secrets, and decrypts with any.

    A value that none of them decrypts, or that was stored under another key, counts as no record.
    """

    def __init__(self, records: RecordStore, secrets: Sequence[str]) -> None:
        self._records = records
        self._cipher = MultiFernet([Fernet(_derived_key(secret)) for secret in secrets])
        # A page reads the same four or so.
        self._decrypted = LruCache[bytes](KEPT_BYTES)

    def load(self, key: str) -> Record | None:
        record = self._records.load(key)
        if record is None:
            return None
        value = self._decrypted.get((key, record.value))
        if value is None:
            value = self._decrypt(key, record.value)
            if value is None:
                return None
            self._decrypted.put((key, record.value), value, len(record.value))
        return Record(value, record.generation)

    def put(self, key: str, value: bytes, ttl: float) -> None:
        self._records.put(key, self._encrypted(key, value), ttl)

    def compare_and_set(self, key: str, generation: int, value: bytes, ttl: float) -> bool:
        return self._records.compare_and_set(key, generation, self._encrypted(key, value), ttl)

    def delete(self, key: str) -> None:
        self._records.delete(key)

    def keys(self, prefix: str) -> list[str]:
        return self._records.keys(prefix)

    def clear(self) -> None:
        self._records.clear()

    def close(self) -> None:
        self._records.close()

    def lock(self, name: str, wait: float, lease: float = LOCK_LEASE) -> AbstractContextManager[bool]:
        return self._records.lock(name, wait, lease)

    def _decrypt(self, key: str, value: bytes) -> bytes | None:
        try:
            text = self._cipher.decrypt(value)
        except InvalidToken:
            return None
        label = _label(key)
        return text[len(label) :] if text.startswith(label) else None

    def _encrypted(self, key: str, value: bytes) -> bytes:
        return self._cipher.encrypt(_label(key) + value)


def _label(key: str) -> bytes:
    # Binds a value to its key: whoever can write to the store cannot give one person's session to another.
    return key.encode() + b"\n"


def _derived_key(secret: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode())
    return urlsafe_b64encode(derived)
