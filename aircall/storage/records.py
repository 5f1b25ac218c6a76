"""A key-value store with TTLs, compare-and-set and named locks: the interface, and SQLite for one process.

Every write increments a record's generation. Compare-and-set names the generation that was read, so a slow
writer cannot overwrite a newer value or bring a deleted record back.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, cast

from sqlalchemy import (
    Column,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    event,
    func,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from aircall.storage.sqlite import patiently

log = logging.getLogger(__name__)

# Seconds. Upper bound for how long a lock outlives its holder, unless the caller asks for another lease.
LOCK_LEASE = 15.0


@dataclass(frozen=True, slots=True)
class Record:
    """A stored value and its generation, which starts at 1."""

    value: bytes
    generation: int


class RecordStore(Protocol):
    """Records by key. Each expires after its `ttl` in seconds. Raises STORAGE_ERRORS."""

    def load(self, key: str) -> Record | None:
        """Return the record, or None if there is none or it has expired."""

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """Store the value, replacing any."""

    def compare_and_set(self, key: str, generation: int, value: bytes, ttl: float) -> bool:
        """Replace the record and return True, or return False if its generation is another or it is gone."""

    def delete(self, key: str) -> None:
        """Delete the record if there is one."""

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`, the last to expire first."""

    def clear(self) -> None:
        """Delete every record."""

    def close(self) -> None:
        """Close the connections to the storage."""

    def lock(self, name: str, wait: float, lease: float = LOCK_LEASE) -> AbstractContextManager[bool]:
        """Hold the named lock inside the block; yield False if it was not acquired within `wait` seconds.

        A store that processes share frees the lock after `lease` seconds even while it is held, so the lease
        must exceed the work inside the block.
        """


metadata = MetaData()
records = Table(
    "records",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
)
LOAD = "SELECT value, generation FROM records WHERE key = ? AND expires_at > ?"
# Built once: each new visitor stores a record.
DELETE_EXPIRED = delete(records).where(records.c.expires_at <= bindparam("now"))
_INSERT = insert(records)
PUT = _INSERT.on_conflict_do_update(
    index_elements=["key"],
    set_={
        "value": _INSERT.excluded.value,
        "expires_at": _INSERT.excluded.expires_at,
        # The generation grows here too, so a compare-and-set of the value before fails.
        "generation": records.c.generation + 1,
    },
)


class SQLiteRecordStore:
    """A RecordStore in a SQLite file, which no other process may use: its locks are for threads.

    Nothing of a deleted record stays in the file, nor in the log beside it.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock
        self._locks = _NamedLocks()
        self._reader = _Reader(engine)
        event.listen(engine, "connect", _overwrite_deleted)
        metadata.create_all(engine)

    def load(self, key: str) -> Record | None:
        rows = self._reader.read(LOAD, (key, self._clock()))
        return Record(*rows[0]) if rows else None

    def put(self, key: str, value: bytes, ttl: float) -> None:
        now = self._clock()
        with self._engine.begin() as connection:
            expired = connection.execute(DELETE_EXPIRED, {"now": now}).rowcount
            connection.execute(PUT, {"key": key, "value": value, "generation": 1, "expires_at": now + ttl})
        if expired:
            self._empty_log()

    def compare_and_set(self, key: str, generation: int, value: bytes, ttl: float) -> bool:
        now = self._clock()
        statement = (
            update(records)
            .where(records.c.key == key, records.c.generation == generation, records.c.expires_at > now)
            .values(value=value, generation=generation + 1, expires_at=now + ttl)
        )
        with self._engine.begin() as connection:
            return connection.execute(statement).rowcount == 1

    def delete(self, key: str) -> None:
        with self._engine.begin() as connection:
            deleted = connection.execute(delete(records).where(records.c.key == key)).rowcount
        if deleted:
            self._empty_log()

    def keys(self, prefix: str) -> list[str]:
        query = (
            select(records.c.key)
            # LIKE would ignore case.
            .where(func.substr(records.c.key, 1, len(prefix)) == prefix, records.c.expires_at > self._clock())
            .order_by(records.c.expires_at.desc())
        )
        with self._engine.connect() as connection:
            return list(connection.scalars(query))

    def clear(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(records))
        # Earlier versions did not overwrite what they deleted.
        self._run("VACUUM")
        self._empty_log()

    def close(self) -> None:
        self._reader.close()
        self._engine.dispose()

    def lock(
        self,
        name: str,
        wait: float,
        lease: float = LOCK_LEASE,  # noqa: ARG002  # the holder cannot end without this process
    ) -> AbstractContextManager[bool]:
        return self._locks.hold(name, wait)

    def _empty_log(self) -> None:
        """Write SQLite's log into the file, and cut it off: what was deleted stands there too."""
        try:
            self._run("PRAGMA wal_checkpoint(TRUNCATE)")
        except (SQLAlchemyError, sqlite3.Error) as error:
            # The record is gone all the same.
            log.warning("deleted records may still be in a log", extra={"error": type(error).__name__})

    def _run(self, statement: str) -> None:
        """Run a statement that works outside of transactions only."""
        with closing(self._engine.raw_connection()) as connection:
            connection.cursor().execute(statement).fetchall()


class _Reader:
    """A connection for reading that is kept, by the driver: every request loads several records.

    SQLAlchemy would take ten times as long, and its pool five times.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._connection: PoolProxiedConnection | None = None
        self._execute: Callable[..., sqlite3.Cursor] | None = None

    def read(self, query: str, values: tuple[object, ...]) -> list[Any]:
        """Return the rows of this query. Raises SQLAlchemyError or sqlite3.Error."""
        with self._lock:
            if self._execute is None:
                self._connection = self._engine.raw_connection()
                self._execute = cast(sqlite3.Connection, self._connection.driver_connection).execute
            try:
                # All: a statement that is not read to its end would keep SQLite from emptying its log.
                return patiently(partial(self._execute, query, values)).fetchall()
            except sqlite3.Error:
                self._drop()
                raise

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
        self._connection = self._execute = None


def _overwrite_deleted(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA secure_delete=ON")


@dataclass(slots=True)
class _NamedLock:
    lock: threading.Lock = field(default_factory=threading.Lock)
    user_count: int = 0


class _NamedLocks:
    """Locks by name, each kept only while it is held or waited for."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._by_name: dict[str, _NamedLock] = {}

    @contextmanager
    def hold(self, name: str, wait: float) -> Iterator[bool]:
        with self._guard:
            named = self._by_name.setdefault(name, _NamedLock())
            named.user_count += 1
        is_held = False
        try:
            is_held = named.lock.acquire(timeout=wait)
            yield is_held
        finally:
            if is_held:
                named.lock.release()
            self._leave(name, named)

    def _leave(self, name: str, named: _NamedLock) -> None:
        with self._guard:
            named.user_count -= 1
            if named.user_count == 0:
                del self._by_name[name]
