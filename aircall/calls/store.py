"""The call store: the replica's calls in a SQL database, with versioned writes.

The API gives its calls no version, so the store counts its own writes: each one increments the store version.
A reader takes the version before it reads from the API (`read_version`). Calls that were written or removed
after that are newer than what was read, and stay as they are. The events that a leader writes carry a fencing
token, and are rejected once another process has been elected.
"""

import logging
import re
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from msgspec.structs import replace
from sqlalchemy import (
    Connection,
    Engine,
    bindparam,
    delete,
    insert,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from aircall.calls.call_backs import CallBackQuery
from aircall.calls.callers import CallerQuery
from aircall.calls.feed import Change, ChangeKind
from aircall.calls.kept_counts import EVERY_VERSION, KeptCounts
from aircall.calls.phone_numbers import line_number
from aircall.calls.query import CallQuery
from aircall.calls.search import SearchIndex
from aircall.calls.streaks import KeptStreaks, Place, place_of
from aircall.calls.tables import (
    CONTENT_COLUMNS,
    DEFERRED_INDEXES,
    INSERTED_COLUMNS,
    PREFIX,
    SCHEMA_VERSION,
    STATE,
    calls,
    metadata,
    removals,
    row_content,
    state,
    to_row,
)
from aircall.concurrency import yield_control
from aircall.models import Call, from_milliseconds, to_milliseconds
from aircall.storage.database import (
    DatabaseError,
    allow_long_statements,
    exclusive_transaction,
    first_line,
    insert_rows,
)
from aircall.storage.reading import connected, read_row

# Ids fetched from the database at a time; other greenlets run between two times.
IDS_AT_ONCE = 10_000
# Ids. Databases limit the number of parameters of a statement.
MAX_IDS = 500
# Writes. Removals are remembered for so long, so that a full sync in progress does not restore the calls.
REMOVAL_MEMORY = 10_000
INITIAL_STATE = {
    "id": 1, "version": 0, "revision": 0, "indexed_revision": 0, "indexed_row_version": 0,
    "counted_row_version": 0, "changes_from": 0, "fence": 0, "left_out": 0,
    "waiting": 0,
}  # fmt: skip
# Up to version 7 the table of the state was named "log".
VERSIONED_TABLE = re.compile(rf"{PREFIX}(?:calls|state|log|search|removed|counts|lines|gone|streaks)_(\d+)")
OTHER_API = "DATABASE_URL holds the calls of {}, not of {}: give this dashboard a database of its own."

# Built once.
VERSION = select(state.c.version)
STORED_CONTENT = select(calls.c.row_version, *(calls.c[name] for name in CONTENT_COLUMNS)).where(
    calls.c.id == bindparam("call_id")
)

# By call id: version, id and CONTENT_COLUMNS.
KnownRows = Mapping[str, tuple[Any, ...]]

log = logging.getLogger(__name__)


class FencedError(Exception):
    """A write was rejected because another process has been elected leader."""


class LastSync(NamedTuple):
    """When a full sync began, None without any, and how many of its rows could not be read or stored."""

    began_at: datetime | None
    left_out: int


class CallStore(CallQuery):
    """The replica's calls in a database, and their queries. Creates the tables."""

    def __init__(self, engine: Engine) -> None:
        search, self.kept_counts, self.streaks = _create_tables(engine)
        super().__init__(engine, search)
        self.callers = CallerQuery(engine)
        self.call_backs = CallBackQuery(engine)
        self._has_deferred_indexes = False

    @property
    def version(self) -> int:
        """The store version: the number of writes so far. Take it before reading from the API."""
        with self.engine.connect() as connection:
            return int(connection.execute(VERSION).scalar_one())

    @property
    def synced_at(self) -> datetime | None:
        """When the latest complete full sync began; None before the first one."""
        return self.last_sync.began_at

    @property
    def last_sync(self) -> LastSync:
        """The latest complete full sync."""
        now = read_row(self.engine, STATE)
        began_at = None if now.synced_at is None else from_milliseconds(now.synced_at)
        return LastSync(began_at, now.left_out)

    def row_version(self, call: Call) -> int:
        """Return the version of the call's content, never used again; 0 if the stored content differs."""
        with connected(self.engine) as connection:
            row = connection.execute(STORED_CONTENT, {"call_id": call.id}).one_or_none()
        # Compare rows, not calls: a row rounds times and durations to milliseconds.
        return int(row[0]) if row and row[1:] == row_content(*with_plain_lines([call])) else 0

    def call_ids(self, *, besides: Container[str] = ()) -> list[str]:
        """Return the ids of all calls except `besides`, sorted."""
        found, after = list[str](), ""
        query = select(calls.c.id).order_by(calls.c.id).limit(IDS_AT_ONCE)
        with self.engine.connect() as connection:
            # By the driver, as in `_known_rows`.
            while rows := connection.execute(query.where(calls.c.id > after)).cursor.fetchall():
                found += [call_id for (call_id,) in rows if call_id not in besides]
                (after,) = rows[-1]
                # A transaction must not wait for other greenlets.
                connection.rollback()
                yield_control()
        return found

    def mark_synced(self, began_at: datetime, left_out: int = 0) -> None:
        """Record a complete full sync that began at this time, unless a later one is recorded already.

        `left_out` is the number of rows that could not be read or stored.
        """
        at = to_milliseconds(began_at)
        # A record of the future is of a clock that has been put right meanwhile.
        is_later = or_(
            state.c.synced_at.is_(None),
            state.c.synced_at < at,
            state.c.synced_at > to_milliseconds(datetime.now(UTC)),
        )
        with self.engine.begin() as connection:
            connection.execute(update(state).where(is_later).values(synced_at=at, left_out=left_out))

    def new_fence(self) -> int:
        """Return a new fencing token. Writes with an older one are rejected from now on."""
        with self.engine.begin() as connection:
            statement = update(state).values(fence=state.c.fence + 1).returning(state.c.fence)
            return int(connection.execute(statement).scalar_one())

    def apply(
        self, found: Sequence[Call], read_version: int | None = None, fence: int | None = None
    ) -> list[Change]:
        """Write these calls and return the changes in the same order; of duplicates the last one counts.

        With `read_version`, the store version before they were read, calls that were written or removed since
        then are skipped. Raises FencedError if `fence` is given and is not the newest fencing token.
        """
        if not found:
            return []
        changed, known, version = self._write(with_plain_lines(found), read_version, fence)
        return [
            Change(ChangeKind.UPDATE if call.id in known else ChangeKind.ADD, call.id, call, version)
            for call in changed
        ]

    def fill(self, found: Sequence[Call], read_version: int) -> bool:
        """Write calls as `apply` does, faster if all of them are new; return whether anything changed."""
        if not found:
            return False
        found = with_plain_lines(found)
        with suppress(IntegrityError), self.engine.begin() as connection:
            version = _next_version(connection)
            if not _has_removals(connection, read_version):
                self._replace(connection, found, {}, version)
                return True
        # Some are known, or were removed while they were read.
        return bool(self._write(found, read_version)[0])

    def remove(self, call_ids: Collection[str], read_version: int) -> list[Change]:
        """Remove these calls, except those written after `read_version`, and return the resulting changes."""
        if not call_ids:
            return []
        with self.engine.begin() as connection:
            version = _next_version(connection)
            removed = self._delete(connection, call_ids, read_version)
            if removed:
                self._keep_streaks(connection, removed)
                self._increment_revision(connection)
            _remember_removals(connection, call_ids, version)
        return [Change(ChangeKind.REMOVE, place.call_id, None, version) for place in removed]

    def belong_to(self, api_url: str) -> None:
        """Bind the store to the API at this URL; a SQLite file with calls of another API is cleared.

        Raises DatabaseError, with one line for people, if a PostgreSQL database has calls of another API: a
        dashboard of that API may be using it.
        """
        with exclusive_transaction(self.engine) as connection:
            stored_url = connection.scalar(select(state.c.api_url))
            if stored_url not in (None, api_url):
                if connection.dialect.name == "postgresql":
                    raise DatabaseError(OTHER_API.format(stored_url, api_url))
                self._clear(connection)
            connection.execute(update(state).values(api_url=api_url))

    def catch_up(self) -> None:
        """Create the deferred indexes; count and index all rows. Call it after `mark_synced`."""
        if not self._has_deferred_indexes:
            create_deferred_indexes(self.engine)
            self._has_deferred_indexes = True
        self.kept_counts.catch_up()
        self.streaks.catch_up()
        self.search.catch_up()

    def clear(self) -> None:
        """Remove every call and the record of full syncs."""
        with self.engine.begin() as connection:
            self._clear(connection)

    def _clear(self, connection: Connection) -> None:
        self._increment_revision(connection)
        self.search.remove(connection)
        self.kept_counts.clear(connection)
        self.streaks.clear(connection)
        connection.execute(delete(calls))
        connection.execute(update(state).values(synced_at=None, left_out=0))

    def _write(
        self, found: Sequence[Call], read_version: int | None, fence: int | None = None
    ) -> tuple[list[Call], KnownRows, int]:
        """Write calls; return those that are new or changed, the rows before, and the new store version."""
        with self.engine.begin() as connection:
            version = _next_version(connection, fence)
            last_states = {call.id: call for call in found}
            known = _known_rows(connection, last_states)
            newer = _not_written_since(connection, last_states, known, read_version)
            changed = [call for call in newer if not _is_stored(known.get(call.id), call)]
            if read_version is None:
                # An event that changes nothing is still newer than a full sync in progress.
                _set_version(connection, [call.id for call in newer], version)
            self._replace(connection, changed, known, version)
        return changed, known, version

    def _replace(
        self, connection: Connection, changed: Sequence[Call], known: KnownRows, version: int
    ) -> None:
        if not changed:
            return
        deleted = self._delete(connection, [call.id for call in changed if call.id in known])
        rows = [to_row(call, version) for call in changed]
        insert_rows(connection, calls.name, INSERTED_COLUMNS, rows)
        self.search.add(connection, len(changed))
        self.kept_counts.add(connection, len(changed))
        self._keep_streaks(connection, deleted, rows)
        self._increment_revision(connection)

    def _keep_streaks(
        self, connection: Connection, deleted: Sequence[Place], inserted: Sequence[tuple[Any, ...]] = ()
    ) -> None:
        if self.streaks.is_kept(connection):
            self.streaks.update(connection, [*deleted, *map(place_of, inserted)])

    def _delete(
        self, connection: Connection, call_ids: Collection[str], last_version: int = EVERY_VERSION
    ) -> list[Place]:
        deleted: list[Place] = []
        for ids in _batches(call_ids):
            chosen = (calls.c.id.in_(ids), calls.c.version <= last_version)
            self.search.remove(connection, *chosen)
            self.kept_counts.remove(connection, ids, last_version, total=len(call_ids))
            places = (
                delete(calls).where(*chosen).returning(calls.c.counterpart, calls.c.created_at, calls.c.id)
            )
            deleted += (Place(*row) for row in connection.execute(places))
        return deleted

    def _increment_revision(self, connection: Connection) -> None:
        revision = state.c.revision + 1
        new = (
            {"revision": revision, "indexed_revision": revision}
            if self.search.is_maintained
            else {"revision": revision}
        )
        connection.execute(update(state).values(new))


def with_plain_lines(found: Sequence[Call]) -> Sequence[Call]:
    """Return the calls with each line in one form, so that all spellings of its number are one line."""
    return [
        call if (line := line_number(call.via)) == call.via else replace(call, via=line) for call in found
    ]


def create_deferred_indexes(engine: Engine) -> None:
    """Create the indexes that are not needed before the first full sync is complete, if they are missing."""
    for index in DEFERRED_INDEXES:
        with exclusive_transaction(engine) as connection:
            allow_long_statements(connection)
            index.create(connection, checkfirst=True)
        yield_control()
    if engine.dialect.name == "postgresql":
        # Without statistics PostgreSQL does not use the new indexes.
        with engine.begin() as connection:
            allow_long_statements(connection)
            connection.exec_driver_sql(f"ANALYZE {calls.name}")


def _create_tables(engine: Engine) -> tuple[SearchIndex, KeptCounts, KeptStreaks]:
    with exclusive_transaction(engine) as connection:
        _drop_other_versions(connection)
        metadata.create_all(connection)
        if connection.execute(select(state)).first() is None:
            connection.execute(insert(state).values(INITIAL_STATE))
        is_synced = connection.execute(select(state.c.synced_at)).scalar_one() is not None
        allow_long_statements(connection)
        for index in DEFERRED_INDEXES:
            # The process that completed the first full sync may have ended before it created them.
            (index.create if is_synced else index.drop)(connection, checkfirst=True)
        return SearchIndex(connection), KeptCounts(connection), KeptStreaks(connection)


def _drop_other_versions(connection: Connection) -> None:
    for name in inspect(connection).get_table_names():
        match = VERSIONED_TABLE.fullmatch(name)
        if match and int(match[1]) != SCHEMA_VERSION:
            _try_to_drop(connection, name)


def _try_to_drop(connection: Connection, name: str) -> None:
    # Dropping may fail (open reader, dependent view). The old table is unused, so ignore it.
    quote = connection.dialect.identifier_preparer.quote
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"DROP TABLE {quote(name)}")
    except DBAPIError as error:
        log.warning("The table %s of another version cannot be dropped: %s", name, first_line(error))


def _next_version(connection: Connection, fence: int | None = None) -> int:
    # The first statement writes, so that the transaction takes the write lock before it reads.
    statement = update(state).values(version=state.c.version + 1).returning(state.c.version)
    if fence is not None:
        statement = statement.where(state.c.fence == fence)
    version = connection.execute(statement).scalar_one_or_none()
    if version is None:
        raise FencedError("Another process has been elected leader.")
    return int(version)


def _known_rows(connection: Connection, call_ids: Collection[str]) -> KnownRows:
    # By the driver: SQLAlchemy takes as long for 500 parameters as SQLite for the rows.
    columns = ", ".join(("version", "id", *CONTENT_COLUMNS))
    is_postgresql = connection.dialect.name == "postgresql"
    known: dict[str, tuple[Any, ...]] = {}
    for ids in _batches(call_ids):
        wanted = "= ANY(%s)" if is_postgresql else f"IN ({', '.join('?' * len(ids))})"
        query = f"SELECT {columns} FROM {calls.name} WHERE id {wanted}"  # noqa: S608  # constants
        result = connection.exec_driver_sql(query, (ids,) if is_postgresql else tuple(ids))
        known |= {row[1]: row for row in result.cursor.fetchall()}
    return known


def _not_written_since(
    connection: Connection, found: Mapping[str, Call], known: KnownRows, read_version: int | None
) -> list[Call]:
    """Return the calls that were neither written nor removed after `read_version`, or all without one."""
    if read_version is None:
        return list(found.values())
    versions = {call_id: row[0] for call_id, row in known.items()}
    versions |= _removed_since(connection, found.keys() - known.keys(), read_version)
    return [call for call in found.values() if versions.get(call.id, 0) <= read_version]


def _removed_since(connection: Connection, call_ids: Collection[str], read_version: int) -> dict[str, int]:
    """Return the calls that were removed after `read_version`, with the store version of the removal."""
    # Fast path: mostly there are none, and a full sync asks for each new call.
    if not call_ids or not _has_removals(connection, read_version):
        return {}
    recent = select(removals.c.id, removals.c.version).where(removals.c.version > read_version)
    queries = (recent.where(removals.c.id.in_(ids)) for ids in _batches(call_ids))
    return {row.id: row.version for query in queries for row in connection.execute(query)}


def _has_removals(connection: Connection, read_version: int) -> bool:
    recent = select(removals.c.id).where(removals.c.version > read_version)
    return connection.execute(recent.limit(1)).first() is not None


def _remember_removals(connection: Connection, call_ids: Collection[str], version: int) -> None:
    connection.execute(delete(removals).where(removals.c.version <= version - REMOVAL_MEMORY))
    for ids in _batches(call_ids):
        connection.execute(delete(removals).where(removals.c.id.in_(ids)))
        connection.execute(insert(removals), [{"id": call_id, "version": version} for call_id in ids])


def _is_stored(row: tuple[Any, ...] | None, call: Call) -> bool:
    # Compare rows, not calls: a row rounds times and durations to milliseconds.
    return row is not None and row[2:] == row_content(call)


def _set_version(connection: Connection, call_ids: Collection[str], version: int) -> None:
    for ids in _batches(call_ids):
        connection.execute(update(calls).where(calls.c.id.in_(ids)).values(version=version))


def _batches(call_ids: Collection[str]) -> Iterator[Sequence[str]]:
    """Split the ids, without duplicates, into parts that fit into a statement."""
    ids = list(dict.fromkeys(call_ids))
    return (ids[start : start + MAX_IDS] for start in range(0, len(ids), MAX_IDS))
