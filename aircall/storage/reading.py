"""Reading for a page: one connection, each revision once, and results kept by revision."""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Row, Select

from aircall.storage.database import LruCache

T = TypeVar("T")

# Results per cache.
SIZE = 256


class _Block:
    """What a block of `reading_once` has read of revisions, and its connection to the engine it used last.

    One connection at a time, so that no two blocks wait for one of another engine that the other one holds.
    """

    def __init__(self) -> None:
        self.rows: dict[tuple[Engine, Select[Any]], Row[Any]] = {}
        # What it starts in the background has this block in its context, too.
        self._thread = threading.get_ident()
        self._connection: Connection | None = None
        self._users = 0

    def lend(self, engine: Engine) -> Connection | None:
        """Return the connection to this engine until `take_back`; None while another one is lent."""
        connection = self._connection
        if connection is None or connection.engine is not engine:
            if self._users:
                return None
            self.close()
            connection = self._connection = engine.connect()
        self._users += 1
        return connection

    def take_back(self, *, is_usable: bool) -> None:
        """End the use of the connection, which is closed unless it is usable."""
        self._users -= 1
        if not is_usable:
            self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def is_here(self) -> bool:
        """Whether this thread or greenlet began the block."""
        return self._thread == threading.get_ident()


_block: ContextVar[_Block | None] = ContextVar("block", default=None)


@contextmanager
def reading_once() -> Iterator[None]:
    """Read each revision once in the block, for all lookups in it, whose results may be newer.

    They share a connection. A block inside of another one is a part of it.
    """
    if _this_block():
        yield
        return
    block = _Block()
    before = _block.set(block)
    try:
        yield
    finally:
        _block.reset(before)
        block.close()


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    """Open a connection for reading, or go on with that of the block of `reading_once`."""
    block = _this_block()
    connection = block.lend(engine) if block else None
    if block is None or connection is None:
        with engine.connect() as own:
            yield own
        return
    is_usable = False
    try:
        yield connection
        is_usable = True
    finally:
        block.take_back(is_usable=is_usable)


def read_row(engine: Engine, query: Select[Any]) -> Row[Any]:
    """Return the one row that this query selects, or what it was earlier in a block of `reading_once`."""
    block = _this_block()
    known = block.rows.get((engine, query)) if block else None
    if known is not None:
        return known
    with connected(engine) as connection:
        row = connection.execute(query).one()
    if block:
        block.rows[engine, query] = row
    return row


def _this_block() -> _Block | None:
    block = _block.get()
    return block if block is not None and block.is_here else None


@dataclass(frozen=True, slots=True)
class Revision:
    """A number that grows with every write of some data: the column at `place` of the row of `query`."""

    engine: Engine
    query: Select[Any]
    place: int = 0

    def read(self) -> int:
        """Return the number now, or what it was earlier in a block of `reading_once`."""
        return int(read_row(self.engine, self.query)[self.place])


class RevisionCache:
    """An LRU cache of query results, each valid for one revision of the data.

    The revision is read from the database for each lookup, or once for several (`reading_once`), so writes of
    other processes invalidate the cache too.
    """

    def __init__(self, revision: Revision, size: int = SIZE) -> None:
        self._revision = revision
        self._results = LruCache[Any](size)

    def get(self, question: Hashable, ask: Callable[[Connection], T]) -> T:
        """Return the cached result for `question`, or the result of `ask`, which callers must not modify.

        `question` must name every input of the query except the data. `ask` may run in several threads at
        once. None is not cached.
        """
        # Read before the query: a write in between stores a newer result under an outdated revision.
        key = (self._revision.read(), question)
        known: T | None = self._results.get(key)
        if known is not None:
            return known
        with connected(self._revision.engine) as connection:
            result = ask(connection)
        if result is not None:
            self._results.put(key, result)
        return result
