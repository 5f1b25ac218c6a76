"""Small records that outlive a request: sessions and logins. Knows nothing of what is in them.

A record has a generation, which grows by one each time it is replaced. Replacing names the generation that
was read, so that a slow writer never puts an old state over a new one, and nothing deleted comes back.

A store in a SQLite file of this one process, with locks for its threads.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import (
    Column,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept under a key, and which generation of it this is."""

    value: bytes
    generation: int


class RecordStore(Protocol):
    """What every store promises; `ttl` is in seconds, after which a record is gone."""

    def load(self, key: str) -> Record | None:
        """The record, or None where there is none (any more)."""

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """Keep this value under the key whatever was there before."""

    def compare_and_set(self, key: str, generation: int, value: bytes, ttl: float) -> bool:
        """Compare and set: False, and nothing done, if the record is gone or has another generation."""

    def delete(self, key: str) -> None:
        """Forget the record, if there is one."""

    def keys(self, prefix: str) -> list[str]:
        """The keys that start with `prefix`, the one that lives longest first."""

    def clear(self) -> None:
        """Forget every record."""

    def close(self) -> None:
        """Let go of what the store keeps open."""

    def lock(self, name: str, wait: float, lease: float = 15.0) -> AbstractContextManager[bool]:
        """Hold the named lock inside the block; False where it could not be had within `wait` seconds."""


metadata = MetaData()
records = Table(
    "records",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
)


class SQLiteRecordStore:
    """A store in a SQLite file of this process, which keeps it over a restart."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock
        self._locks = _NamedLocks()
        metadata.create_all(engine)

    def load(self, key: str) -> Record | None:
        query = select(records.c.value, records.c.generation).where(
            records.c.key == key, records.c.expires_at > self._clock()
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Record(row.value, row.generation)

    def put(self, key: str, value: bytes, ttl: float) -> None:
        now = self._clock()
        content = {"value": value, "expires_at": now + ttl}
        statement = insert(records).values(key=key, generation=1, **content)
        # A new generation, so that who read the record before cannot replace this one.
        over = content | {"generation": records.c.generation + 1}
        with self._engine.begin() as connection:
            connection.execute(delete(records).where(records.c.expires_at <= now))
            connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=over))

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
            connection.execute(delete(records).where(records.c.key == key))

    def keys(self, prefix: str) -> list[str]:
        query = (
            select(records.c.key)
            # Not by LIKE, which takes "A" for "a".
            .where(func.substr(records.c.key, 1, len(prefix)) == prefix, records.c.expires_at > self._clock())
            .order_by(records.c.expires_at.desc())
        )
        with self._engine.connect() as connection:
            return list(connection.scalars(query))

    def clear(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(records))

    def close(self) -> None:
        self._engine.dispose()

    def lock(self, name: str, wait: float, lease: float = 15.0) -> AbstractContextManager[bool]:  # noqa: ARG002
        return self._locks.hold(name, wait)


@dataclass(slots=True)
class _NamedLock:
    lock: threading.Lock = field(default_factory=threading.Lock)
    user_count: int = 0


class _NamedLocks:
    """Locks by name, each kept only while somebody holds it or waits for it."""

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
