"""Opens the SQL databases. Knows settings of SQLite; knows nothing of what is kept in them."""

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

# What anything that works with a database may raise.
StorageError = SQLAlchemyError


class DatabaseError(Exception):
    """A database cannot be opened or written to. The message names it."""


# Readers never wait for a writer (WAL), and a crash of the process loses nothing that was committed.
PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=500")


def open_database(url: str) -> Engine:
    """An engine for this SQLAlchemy URL.

    Under gevent a wait for SQLite's write lock holds every greenlet, the one with the lock included:
    never wait for anything else inside a transaction.
    """
    # Errors end up in logs, where neither tokens nor notes belong.
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    return engine


def check_database(url: str) -> None:
    """Open the database and write to it. Raises DatabaseError, one line for people, where that fails."""
    engine = create_engine(url, hide_parameters=True)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    except StorageError as error:
        raise DatabaseError(f"{url} cannot be used: {str(error).splitlines()[0]}") from error
    finally:
        engine.dispose()


def _prepare(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
