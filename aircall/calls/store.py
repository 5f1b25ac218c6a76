"""Rows of the log's tables, many at a time, inside a transaction of the caller's. Knows no rules.

Makes the log's tables where there are none yet, and drops those of other forms. Knows no calls.

The mirrored list: what we know of every call, and which of two states of a call is the newer one.

Knows SQL; knows nothing of the API's HTTP, of Flask or of who is listening. The API gives a call no version,
so the log counts its own writes. Whoever reads from the API takes the version first: what was written after
that is newer than what was read.
"""

import logging
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, insert, inspect, or_, select, update
from sqlalchemy.exc import DBAPIError

from aircall.calls.feed import Change, ChangeKind
from aircall.calls.query import CallQuery
from aircall.calls.search import SearchIndex
from aircall.calls.tables import (
    FACTS,
    FORM,
    LATE_INDEXES,
    PREFIX,
    WRITTEN,
    calls,
    facts,
    from_milliseconds,
    metadata,
    removals,
    state,
    to_milliseconds,
    to_row,
)
from aircall.concurrency import yield_control
from aircall.models import Call
from aircall.storage.database import DatabaseError, exclusive_transaction, first_line

# Databases limit how many values a statement may name.
MOST_IDS = 500
# For so many writes a removal is remembered, to keep readings that were under way from undoing it.
REMOVAL_MEMORY = 10_000

# By its id: the version of a call, its id and the FACTS.
KnownRows = Mapping[str, Row[Any]]


def removed_since(connection: Connection, call_ids: Collection[str], read_version: int) -> dict[str, int]:
    """Which of these calls were removed after version `as_of`, each with the version then."""
    lately = select(removals.c.id, removals.c.version).where(removals.c.version > read_version)
    # Mostly there are none, and a first reading asks for each of its calls.
    if not call_ids or connection.execute(lately.limit(1)).first() is None:
        return {}
    queries = (lately.where(removals.c.id.in_(some)) for some in in_parts(call_ids))
    return {row.id: row.version for query in queries for row in connection.execute(query)}


def remember_removals(connection: Connection, call_ids: Collection[str], version: int) -> None:
    """Remember that these calls were removed at this version."""
    connection.execute(delete(removals).where(removals.c.version <= version - REMOVAL_MEMORY))
    for some in in_parts(call_ids):
        connection.execute(delete(removals).where(removals.c.id.in_(some)))
        connection.execute(insert(removals), [{"id": call_id, "version": version} for call_id in some])


def rows_of(connection: Connection, call_ids: Collection[str]) -> KnownRows:
    """The rows of those calls that there are."""
    known = select(calls.c.version, calls.c.id, *(calls.c[name] for name in FACTS))
    queries = (known.where(calls.c.id.in_(some)) for some in in_parts(call_ids))
    return {row[1]: row for query in queries for row in connection.execute(query)}


def insert_rows(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    """Write these rows, in the columns WRITTEN."""
    # Past SQLAlchemy, which takes as long for a row as SQLite itself.
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    marks = ", ".join(mark for _ in WRITTEN)
    statement = f"INSERT INTO {calls.name} ({', '.join(WRITTEN)}) VALUES ({marks})"  # noqa: S608  # names of ours
    connection.exec_driver_sql(statement, rows)


def touch(connection: Connection, call_ids: Collection[str], version: int) -> None:
    """These calls have been heard of at this version, though nothing of them has changed."""
    for some in in_parts(call_ids):
        connection.execute(update(calls).where(calls.c.id.in_(some)).values(version=version))


def in_parts(call_ids: Collection[str]) -> Iterator[Sequence[str]]:
    """The ids, each once, in parts that one statement may name."""
    ids = list(dict.fromkeys(call_ids))
    return (ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS))


FIRST_STATE = {
    "id": 1, "version": 0, "revision": 0, "indexed_revision": 0, "indexed_number": 0, "fence": 0,
}  # fmt: skip
TABLE = re.compile(rf"{PREFIX}(?:calls|log|search|removed)_(\d+)")

log = logging.getLogger(__name__)


def prepare_tables(engine: Engine) -> SearchIndex:
    """Make everything ready; the index of searches, for who reads and writes calls."""
    with exclusive_transaction(engine) as connection:
        _drop_other_forms(connection)
        metadata.create_all(connection)
        if connection.execute(select(state)).first() is None:
            connection.execute(insert(state).values(FIRST_STATE))
        is_read = connection.execute(select(state.c.synced_at)).scalar_one() is not None
        for index in LATE_INDEXES:
            # Who was to make them may have ended before.
            (index.create if is_read else index.drop)(connection, checkfirst=True)
        return SearchIndex(connection)


def make_late_indexes(engine: Engine) -> None:
    """Make the indexes that are left out until the list has been read, where there are none yet.

    PostgreSQL is told to look at the calls: until it has, it does not know which index is worth using.
    """
    for index in LATE_INDEXES:
        with exclusive_transaction(engine) as connection:
            index.create(connection, checkfirst=True)
        yield_control()
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.exec_driver_sql(f"ANALYZE {calls.name}")


def _drop_other_forms(connection: Connection) -> None:
    for name in inspect(connection).get_table_names():
        form = TABLE.fullmatch(name)
        if form and int(form[1]) != FORM:
            _try_to_drop(connection, name)


def _try_to_drop(connection: Connection, name: str) -> None:
    # Somebody may look at it, or have made a view of it: it is in nobody's way.
    quote = connection.dialect.identifier_preparer.quote
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"DROP TABLE {quote(name)}")
    except DBAPIError as error:
        log.warning("The table %s of another version cannot be dropped: %s", name, first_line(error))


OTHER_API = "DATABASE_URL holds the calls of {}, not of {}: give this dashboard a database of its own."


class FencedError(Exception):
    """Another process has taken over the events: what was to be written may be old, and was not."""


class CallStore(CallQuery):
    """Keeps the calls of one API. Reading them is CallQuery's part."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, prepare_tables(engine))

    @property
    def version(self) -> int:
        """How many writes there have been. Take it before reading from the API."""
        with self.engine.connect() as connection:
            return int(connection.execute(select(state.c.version)).scalar_one())

    @property
    def synced_at(self) -> datetime | None:
        """When the last whole reading of the list began, or None where there was none yet."""
        with self.engine.connect() as connection:
            value = connection.execute(select(state.c.synced_at)).scalar_one()
        return None if value is None else from_milliseconds(value)

    def row_version(self, call: Call) -> int:
        """Stays while nothing of the call changes, and never comes again; 0 where the log says otherwise."""
        kept = select(calls.c.number, *(calls.c[name] for name in FACTS)).where(calls.c.id == call.id)
        with self.engine.connect() as connection:
            row = connection.execute(kept).one_or_none()
        # Rows are compared, as a call may be finer than what is kept of it.
        return int(row[0]) if row and row[1:] == facts(call) else 0

    def mark_synced(self, began_at: datetime) -> None:
        """Remember that the whole list has been read, and when that began; the latest is what counts."""
        is_first = self.synced_at is None
        at = to_milliseconds(began_at)
        is_later = or_(state.c.synced_at.is_(None), state.c.synced_at < at)
        with self.engine.begin() as connection:
            connection.execute(update(state).where(is_later).values(synced_at=at))
        if is_first:
            # Not before: a process that starts meanwhile drops them where the list has not been read.
            make_late_indexes(self.engine)

    def new_fence(self) -> int:
        """The fence of whoever writes down events from now on: events with an older one are refused."""
        with self.engine.begin() as connection:
            statement = update(state).values(fence=state.c.fence + 1).returning(state.c.fence)
            return int(connection.execute(statement).scalar_one())

    def apply(
        self, found: Sequence[Call], read_version: int | None = None, fence: int | None = None
    ) -> list[Change]:
        """Write down these calls; the answer tells what that changed, in their order.

        Of a call that is there more than once, only the last state counts. With `as_of`, the version taken
        before they were read, what was written or removed since stays so. Raises FencedError where another
        process has taken over the events since this `fence` was given out.
        """
        if not found:
            return []
        with self.engine.begin() as connection:
            version = _next_version(connection, fence)
            last = {call.id: call for call in found}
            known = rows_of(connection, last)
            newer = _not_written_since(connection, last, known, read_version)
            changes = [change for call in newer if (change := _change(known.get(call.id), call, version))]
            if read_version is None:
                # News that change nothing are newer than a reading under way all the same.
                touch(connection, [call.id for call in newer], version)
            self._replace(connection, [change.call for change in changes if change.call], known, version)
        return changes

    def remove(self, call_ids: Collection[str], read_version: int) -> list[Change]:
        """Forget these calls, but for those that were written after version `as_of`."""
        if not call_ids:
            return []
        with self.engine.begin() as connection:
            version = _next_version(connection)
            removed = self._delete(connection, call_ids, calls.c.version <= read_version)
            if removed:
                self._next_revision(connection)
            remember_removals(connection, call_ids, version)
        return [Change(ChangeKind.REMOVE, call_id, None, version) for call_id in removed]

    def belong_to(self, api_url: str) -> None:
        """Keep the calls of the API at this URL from now on. A file with those of another begins afresh.

        Raises DatabaseError, one line for people, where a server holds those of another, which may use them.
        """
        with exclusive_transaction(self.engine) as connection:
            owner = connection.scalar(select(state.c.api_url))
            if owner not in (None, api_url):
                if connection.dialect.name == "postgresql":
                    raise DatabaseError(OTHER_API.format(owner, api_url))
                self._clear(connection)
            connection.execute(update(state).values(api_url=api_url))

    def clear(self) -> None:
        """Forget every call, and that the list was ever read."""
        with self.engine.begin() as connection:
            self._clear(connection)

    def _clear(self, connection: Connection) -> None:
        self._next_revision(connection)
        self.search.forget(connection)
        connection.execute(delete(calls))
        connection.execute(update(state).values(synced_at=None))

    def _replace(
        self, connection: Connection, changed: Sequence[Call], known: KnownRows, version: int
    ) -> None:
        if not changed:
            return
        self._delete(connection, [call.id for call in changed if call.id in known])
        insert_rows(connection, [to_row(call, version) for call in changed])
        self.search.add(connection, len(changed))
        self._next_revision(connection)

    def _delete(
        self, connection: Connection, call_ids: Collection[str], *conditions: ColumnElement[bool]
    ) -> list[str]:
        deleted: list[str] = []
        for some in in_parts(call_ids):
            chosen = (calls.c.id.in_(some), *conditions)
            self.search.forget(connection, *chosen)
            deleted += connection.scalars(delete(calls).where(*chosen).returning(calls.c.id))
        return deleted

    def _next_revision(self, connection: Connection) -> None:
        grown = {"revision": state.c.revision + 1}
        if self.search.is_kept:
            grown["indexed_revision"] = state.c.revision + 1
        connection.execute(update(state).values(grown))


def _next_version(connection: Connection, fence: int | None = None) -> int:
    # The first statement writes, so that the transaction holds the write lock before it reads.
    statement = update(state).values(version=state.c.version + 1).returning(state.c.version)
    if fence is not None:
        statement = statement.where(state.c.fence == fence)
    version = connection.execute(statement).scalar_one_or_none()
    if version is None:
        raise FencedError("Another process has taken over the events.")
    return int(version)


def _not_written_since(
    connection: Connection, found: Mapping[str, Call], known: KnownRows, read_version: int | None
) -> list[Call]:
    """Those that were neither written nor removed after version `as_of`; all of them without one."""
    if read_version is None:
        return list(found.values())
    written = {call_id: row[0] for call_id, row in known.items()}
    written |= removed_since(connection, found.keys() - known.keys(), read_version)
    return [call for call in found.values() if written.get(call.id, 0) <= read_version]


def _change(row: Row[Any] | None, call: Call, version: int) -> Change | None:
    if row is None:
        return Change(ChangeKind.ADD, call.id, call, version)
    # Rows are compared, as a call may be finer than what is kept of it.
    return None if row[2:] == facts(call) else Change(ChangeKind.UPDATE, call.id, call, version)
