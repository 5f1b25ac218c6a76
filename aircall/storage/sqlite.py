"""Connections to SQLite files: how they are opened, how they wait for locks, and files that vanish.

SQLite itself would wait for a lock with the whole process, so statements are repeated until LOCK_WAIT, and
other greenlets run meanwhile. A transaction that holds the write lock must not wait for anything else.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

SQLITE_PRAGMAS = (
    # Readers do not wait for a writer.
    "journal_mode=WAL",
    # With WAL, a crash of the process loses no committed transaction.
    "synchronous=NORMAL",
    # 8 MB per connection. 12 MB made counting 100,000 calls 5 ms instead of 7.
    "cache_size=-8000",
    # 16 MB in pages of 4 KB, so that a first full sync seldom waits for a checkpoint.
    "wal_autocheckpoint=4000",
)
# Seconds that a statement waits for a lock of another process, and between two attempts.
LOCK_WAIT, LOCK_RETRY = 2.0, 0.02

T = TypeVar("T")

log = logging.getLogger(__name__)


def prepare(engine: Engine, path: Path, *, is_durable: bool) -> None:
    """Set up the connections of an engine for this file; see `database.open_database`."""
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "do_execute", _execute_patiently)
    event.listen(engine, "do_executemany", _execute_many_patiently)
    if is_durable:
        event.listen(engine, "connect", _synchronize)
        same_file = _SameFile(path)
        event.listen(engine, "connect", same_file.note)
        event.listen(engine, "checkout", same_file.check)


def _prepare(connection: Any, _record: object) -> None:
    # sqlite3's own default would be five seconds.
    connection.execute("PRAGMA busy_timeout=0")
    for pragma in SQLITE_PRAGMAS:
        patiently(partial(connection.execute, f"PRAGMA {pragma}"))


def patiently(execute: Callable[[], T]) -> T:
    """Return what this statement returns, repeated while another connection has SQLite's lock.

    Raises sqlite3.OperationalError after LOCK_WAIT.
    """
    until = time.monotonic() + LOCK_WAIT
    while True:
        try:
            return execute()
        except sqlite3.OperationalError as error:
            # Not SQLITE_BUSY_SNAPSHOT: what the transaction has read is outdated, however long it waits.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(LOCK_RETRY)


def _execute_patiently(cursor: Any, statement: str, parameters: Any, _context: object) -> bool:
    patiently(lambda: cursor.execute(statement, parameters))
    return True


def _execute_many_patiently(cursor: Any, statement: str, parameters: Any, _context: object) -> bool:
    patiently(lambda: cursor.executemany(statement, parameters))
    return True


class _SameFile:
    """Refuses connections while their file has vanished: what is written to it would be lost at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_missed = False
        # Device and inode of the file that was opened first.
        self._opened: tuple[int, int] | None = None

    def note(self, _connection: object, record: ConnectionPoolEntry) -> None:
        """Note which file a new connection has opened."""
        record.info["file"] = self._place()
        self._opened = self._opened or self._place()

    def check(self, _connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        """Raise sqlite3.OperationalError unless the path still leads to the file that was opened first."""
        if self._place() == self._opened:
            self._is_missed = False
            if record.info["file"] != self._opened:
                raise DisconnectionError("This connection is to a file that was there meanwhile.")
            return
        if not self._is_missed:
            log.error("%s has vanished: nothing is written until it is back", self._path)
            self._is_missed = True
        raise sqlite3.OperationalError(f"{self._path.name} has vanished")

    def _place(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _synchronize(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=FULL")
