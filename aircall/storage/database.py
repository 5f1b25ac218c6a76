"""Opens databases, SQLite and PostgreSQL. Knows their settings; knows nothing of what is kept in them.

Answers of the log, remembered for as long as nothing in it changes.

A question that has to look at every call, a count for instance, is asked once per revision of the log:

    self._cache = Remembered(engine, select(state.c.revision))
    ...
    return self._cache.get(("calls per day", wanted, zone.key), lambda connection: ...)

The revision stands in the database, so this holds whichever thread or process writes.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, Select, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError


class DatabaseError(Exception):
    """A database cannot be opened or written to. The message names it, without its password."""


# Readers never wait for a writer (WAL), and a crash of the process loses nothing that was committed.
# The cache, for each connection, is of 8 MB: with 12 it held all that is asked for most of 100,000 calls, and
# counting them took 5 ms instead of 7. What was written is moved into the file when it is 16 MB (in pages of
# 4 KB), so that a first reading seldom waits for that.
SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "busy_timeout=2000",
    "cache_size=-8000",
    "wal_autocheckpoint=4000",
)
# One connection is used again and again, as nothing of SQLite's runs beside anything else under gevent.
SQLITE_POOL = {"pool_size": 2, "max_overflow": 30, "pool_use_lifo": True}
# In seconds: longer than any statement of ours takes, shorter than people wait for a page.
CONNECT_TIMEOUT, STATEMENT_TIMEOUT, POOL_TIMEOUT = 3, 5, 5
# A server that was restarted is met with a new connection; one that fell silent is given up.
POSTGRESQL_POOL = {
    "pool_size": 10,
    "max_overflow": 20,
    "pool_timeout": POOL_TIMEOUT,
    "pool_use_lifo": True,
    "pool_pre_ping": True,
}
POSTGRESQL_CONNECTION = {
    "connect_timeout": CONNECT_TIMEOUT,
    "tcp_user_timeout": STATEMENT_TIMEOUT * 1000,
    "keepalives_idle": STATEMENT_TIMEOUT,
    "keepalives_interval": 1,
    "keepalives_count": 3,
}
# Any number, the same in every process.
EXCLUSIVE_LOCK = 0x0CA11


def open_database(url: str) -> Engine:
    """An engine for this URL, `sqlite:///…` or `postgresql://…`.

    Under gevent a wait for SQLite's write lock holds every greenlet, the one with the lock included:
    never wait for anything else inside a transaction.
    """
    parsed = make_url(url)
    # Errors end up in logs, where neither tokens nor notes belong.
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(
            parsed, hide_parameters=True, connect_args=POSTGRESQL_CONNECTION, **POSTGRESQL_POOL
        )
        event.listen(engine, "connect", _prepare_postgresql)
    else:
        engine = create_engine(parsed, hide_parameters=True, **SQLITE_POOL)
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def check_database(url: str) -> None:
    """Open the database and write to it. Raises DatabaseError, one line for people, where that fails."""
    engine = open_database(url)
    try:
        with engine.connect() as connection:
            _try_to_write(connection)
    except SQLAlchemyError as error:
        raise DatabaseError(f"{_name(engine.url)} cannot be used: {first_line(error)}") from error
    finally:
        engine.dispose()


@contextmanager
def exclusive_transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction that no other of this kind overlaps, in whichever process."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({EXCLUSIVE_LOCK})")
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def _try_to_write(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Rolled back when the connection is closed.
        connection.exec_driver_sql("CREATE TABLE callboard_check ()")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _name(url: URL) -> str:
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)


def first_line(error: SQLAlchemyError) -> str:
    return str(error).splitlines()[0]


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_postgresql(connection: Any, _record: object) -> None:
    # Not among the connection's parameters, which poolers in between refuse.
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}s'")
        cursor.execute(f"SET lock_timeout = '{STATEMENT_TIMEOUT}s'")
    connection.commit()


T = TypeVar("T")
SIZE = 256


class RevisionCache:
    """The last `size` answers; the least recently used one is forgotten first."""

    def __init__(self, engine: Engine, revision: Select[int], size: int = SIZE) -> None:
        self._engine = engine
        self._revision = revision
        self._size = size
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[int, Hashable], Any] = OrderedDict()

    def get(self, question: Hashable, ask: Callable[[Connection], T]) -> T:
        """The answer to this question, from memory or by asking; it has to be what nobody will change.

        The question names everything that the answer depends on besides the calls. `ask` is given a
        connection, may be called by several threads at once, and reads nothing but the log.
        """
        with self._engine.connect() as connection:
            # Read before the answer: a write in between leaves a newer answer under a revision that is over.
            key = (connection.execute(self._revision).scalar_one(), question)
            with self._lock:
                if key in self._answers:
                    self._answers.move_to_end(key)
                    found: T = self._answers[key]
                    return found
            answer = ask(connection)
        self._keep(key, answer)
        return answer

    def _keep(self, key: tuple[int, Hashable], answer: object) -> None:
        with self._lock:
            self._answers[key] = answer
            while len(self._answers) > self._size:
                self._answers.popitem(last=False)
