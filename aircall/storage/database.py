"""SQLAlchemy engines for SQLite and PostgreSQL, exclusive transactions, bulk inserts, a cache."""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import URL, Connection, Engine, String, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from aircall.storage import sqlite

T = TypeVar("T")

# Compared by code point on every database; PostgreSQL would use the server's locale.
TEXT = String().with_variant(String(collation="C"), "postgresql")


class DatabaseError(Exception):
    """A database cannot be opened or written to. The message names it, without its password."""


SQLITE = "sqlite:///"
# SQLite calls block all greenlets, so under gevent one connection is reused most of the time.
SQLITE_POOL = {"pool_size": 2, "max_overflow": 30, "pool_use_lifo": True}
# Seconds. Longer than any statement here takes, shorter than people wait for a page.
CONNECT_TIMEOUT, STATEMENT_TIMEOUT, POOL_TIMEOUT = 3, 5, 5
# `pool_pre_ping` replaces connections to a server that was restarted.
POSTGRESQL_POOL = {
    "pool_size": 10,
    "max_overflow": 20,
    "pool_timeout": POOL_TIMEOUT,
    "pool_use_lifo": True,
    "pool_pre_ping": True,
}
POSTGRESQL_CONNECTION = {
    "connect_timeout": CONNECT_TIMEOUT,
    # Else psycopg gives bytes for text where the database is in SQL_ASCII.
    "client_encoding": "utf8",
    "tcp_user_timeout": STATEMENT_TIMEOUT * 1000,
    "keepalives_idle": STATEMENT_TIMEOUT,
    "keepalives_interval": 1,
    "keepalives_count": 3,
}
# Class of PostgreSQL's error codes: such as a text too long for an index.
LIMIT_EXCEEDED = "54"
# Key of the advisory lock: arbitrary, the same in every process.
EXCLUSIVE_LOCK = 0x0CA11


def open_database(url: str, *, is_durable: bool = False) -> Engine:
    """Return an engine for a URL, `sqlite:///…` with a path as it is, or `postgresql://…`.

    `is_durable`: a commit in SQLite also survives a power failure, as in PostgreSQL, and waits for the disk.
    While its file is not in its place, it is not used.
    """
    # Not parsed: `?` and `%20` are parts of a path's names.
    is_file = url.startswith(SQLITE)
    parsed = URL.create("sqlite", database=url.removeprefix(SQLITE)) if is_file else make_url(url)
    # `hide_parameters`: errors are logged, and parameters contain tokens and notes.
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(
            parsed, hide_parameters=True, connect_args=POSTGRESQL_CONNECTION, **POSTGRESQL_POOL
        )
        event.listen(engine, "connect", _prepare_postgresql)
    else:
        engine = create_engine(parsed, hide_parameters=True, **SQLITE_POOL)
        sqlite.prepare(engine, Path(url.removeprefix(SQLITE)), is_durable=is_durable)
    _close_after_disposal(engine)
    return engine


def check_database(url: str) -> None:
    """Write to the database. Raises DatabaseError, one line for people, if that fails."""
    engine = open_database(url)
    try:
        with engine.connect() as connection:
            _check_encoding(connection)
            _try_to_write(connection)
    except SQLAlchemyError as error:
        raise DatabaseError(f"{_name(engine.url)} cannot be used: {first_line(error)}") from error
    finally:
        engine.dispose()


# What a statement may raise because of its values.
REFUSALS = (DBAPIError, ValueError, OverflowError)


def is_refusal(error: Exception) -> bool:
    """Return whether the database refused the values of a statement, as it will whenever they come again."""
    if not isinstance(error, DBAPIError):
        # The driver could not even encode them.
        return isinstance(error, (ValueError, OverflowError))
    code = getattr(error.orig, "sqlstate", None) or ""
    return isinstance(error, DataError) or code.startswith(LIMIT_EXCEEDED)


@contextmanager
def exclusive_transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that excludes every other exclusive transaction, in all processes."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({EXCLUSIVE_LOCK})")
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def allow_long_statements(connection: Connection) -> None:
    """Lift the time limit of this transaction's statements, for work on a million rows."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def insert_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows by the fastest means of the driver. Raises SQLAlchemyError.

    SQLAlchemy takes as long for a row as SQLite itself; PostgreSQL takes three times as long for an INSERT
    as for a row of a COPY.
    """
    names = ", ".join(columns)
    if connection.dialect.name == "postgresql":
        _copy_rows(connection, f"COPY {table} ({names}) FROM STDIN", rows)
        return
    placeholders = ", ".join("?" * len(columns))
    connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({placeholders})", list(rows))  # noqa: S608  # the callers' constants


def _copy_rows(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    driver_error = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except driver_error as error:
        failure = DBAPIError.instance(statement, None, error, driver_error, hide_parameters=True)
    else:
        return
    # Raised here, without a cause: PostgreSQL's own error quotes the row.
    raise failure


def _check_encoding(connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        return
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise DatabaseError(
            f"{_name(connection.engine.url)} cannot be used: notes may hold any character, and it is in "
            f"{encoding}. Make a database with ENCODING 'UTF8'."
        )


def _try_to_write(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Rolled back when the connection closes.
        connection.exec_driver_sql("CREATE TABLE callboard_check ()")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _name(url: URL) -> str:
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)


def first_line(error: SQLAlchemyError) -> str:
    """Return the error's message without the statement and the link that follow it."""
    return str(error).splitlines()[0]


def _close_after_disposal(engine: Engine) -> None:
    # SQLAlchemy leaves open what a background thread still uses at that moment, and what it opens later.
    disposed = threading.Event()

    def check_in(_connection: object, entry: ConnectionPoolEntry) -> None:
        if disposed.is_set():
            entry.invalidate()

    event.listen(engine, "engine_disposed", lambda _: disposed.set())
    event.listen(engine, "checkin", check_in)


def _prepare_postgresql(connection: Any, _record: object) -> None:
    # Connection poolers such as PgBouncer refuse these as connection parameters.
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}s'")
        cursor.execute(f"SET lock_timeout = '{STATEMENT_TIMEOUT}s'")
        # Compiling a statement took 0.6 s, ten times as long as any runs.
        cursor.execute("SET jit = off")
    connection.commit()


class _Entry(Generic[T]):
    __slots__ = ("is_used", "size", "value")

    def __init__(self, value: T, size: int) -> None:
        self.value = value
        self.size = size
        # Since it was put, or was last the oldest one.
        self.is_used = False


class LruCache(Generic[T]):
    """A cache for several threads that drops what was not used lately. `limit` bounds the sum of the sizes.

    An entry that was used is not moved, which would compare its key once more, but is spared once when it is
    the oldest one ("second chance").
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        """Return the value of this key, and count it as used; None if there is none."""
        # One look-up, so without the lock.
        entry = self._entries.get(key)
        if entry is None:
            return None
        entry.is_used = True
        return entry.value

    def put(self, key: Hashable, value: T, size: int = 1) -> None:
        """Set the value of this key, unless it is greater than the limit, and drop others beyond that."""
        with self._lock:
            self._remove(key)
            if size > self._limit:
                return
            while self._size + size > self._limit:
                self._drop_or_spare_oldest()
            self._size += size
            self._entries[key] = _Entry(value, size)

    def drop(self, key: Hashable) -> None:
        """Remove this key, if it is there."""
        with self._lock:
            self._remove(key)

    def _remove(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size -= entry.size

    def _drop_or_spare_oldest(self) -> None:
        key, entry = self._entries.popitem(last=False)
        if entry.is_used:
            entry.is_used = False
            self._entries[key] = entry
        else:
            self._size -= entry.size
