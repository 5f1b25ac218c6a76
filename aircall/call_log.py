"""The mirrored list: what we know of every call, and which of two states of a call is the newer one.

Knows SQL; knows nothing of the API's HTTP, of Flask or of who is listening. The API gives a call no version,
so the log counts its own writes. Whoever reads from the API takes the version first: what was written after
that is newer than what was read.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from aircall.call_query import CallQuery
from aircall.call_table import calls, from_milliseconds, metadata, state, to_milliseconds, to_row
from aircall.feed import Change, ChangeKind
from aircall.models import Call

STATE_ID = 1
# Databases limit how many values a statement may name.
MOST_IDS = 500
# How many removals are remembered, to keep readings that were under way from undoing them.
MOST_REMOVALS = 10_000

KnownRows = Mapping[str, RowMapping]


class CallLog(CallQuery):
    """Keeps the calls of one API. Reading them is CallQuery's part."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        # Ids and the version at which they were removed, the last one last.
        self._removals: dict[str, int] = {}
        metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(insert(state).values(id=STATE_ID, version=0).on_conflict_do_nothing())

    @property
    def version(self) -> int:
        """How many writes there have been. Take it before reading from the API."""
        with self.engine.connect() as connection:
            return int(connection.execute(select(state.c.version)).scalar_one())

    @property
    def synchronised_at(self) -> datetime | None:
        """When the last whole reading of the list began, or None where there was none yet."""
        with self.engine.connect() as connection:
            value = connection.execute(select(state.c.synchronised_at)).scalar_one()
        return None if value is None else from_milliseconds(value)

    def mark_synchronised(self, began_at: datetime) -> None:
        """Remember that the whole list has been read, and when that began."""
        with self.engine.begin() as connection:
            connection.execute(update(state).values(synchronised_at=to_milliseconds(began_at)))

    def apply(self, found: Sequence[Call], as_of: int | None = None) -> list[Change]:
        """Write down these calls, each once; the answer tells what that changed, in their order.

        With `as_of`, the version taken before they were read, what was written or removed since stays so.
        """
        if not found:
            return []
        with self.engine.begin() as connection:
            version = _next_version(connection)
            known = _rows_of(connection, [call.id for call in found])
            newer = [call for call in found if as_of is None or self._last_written(call.id, known) <= as_of]
            changes = [change for call in newer if (change := _change(known.get(call.id), call))]
            # News that change nothing are written too: they are newer than a reading under way.
            changed = [change.call for change in changes if change.call]
            _write(connection, newer if as_of is None else changed, version)
        return changes

    def remove(self, call_ids: Collection[str], as_of: int) -> list[Change]:
        """Forget these calls, but for those that were written after version `as_of`."""
        if not call_ids:
            return []
        with self.engine.begin() as connection:
            version = _next_version(connection)
            removed = [
                call_id for some in _in_parts(call_ids) for call_id in _delete(connection, some, as_of)
            ]
            self._remember_removals(call_ids, version)
        return [Change(ChangeKind.REMOVE, call_id, None) for call_id in removed]

    def clear(self) -> None:
        """Forget every call, and that the list was ever read."""
        with self.engine.begin() as connection:
            connection.execute(delete(calls))
            connection.execute(update(state).values(synchronised_at=None))

    def _last_written(self, call_id: str, known: KnownRows) -> int:
        return int(known[call_id]["version"]) if call_id in known else self._removals.get(call_id, 0)

    def _remember_removals(self, call_ids: Collection[str], version: int) -> None:
        for call_id in call_ids:
            self._removals.pop(call_id, None)
            self._removals[call_id] = version
        for call_id in list(self._removals)[:-MOST_REMOVALS]:
            del self._removals[call_id]


def _next_version(connection: Connection) -> int:
    # The first statement writes, so that the transaction holds the write lock before it reads.
    statement = update(state).values(version=state.c.version + 1).returning(state.c.version)
    return int(connection.execute(statement).scalar_one())


def _rows_of(connection: Connection, call_ids: Collection[str]) -> KnownRows:
    queries = (select(calls).where(calls.c.id.in_(some)) for some in _in_parts(call_ids))
    return {row["id"]: row for query in queries for row in connection.execute(query).mappings()}


def _delete(connection: Connection, call_ids: Sequence[str], as_of: int) -> Sequence[str]:
    statement = delete(calls).where(calls.c.id.in_(call_ids), calls.c.version <= as_of)
    return connection.scalars(statement.returning(calls.c.id)).all()


def _in_parts(call_ids: Collection[str]) -> Iterator[Sequence[str]]:
    ids = list(call_ids)
    return (ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS))


def _change(row: RowMapping | None, call: Call) -> Change | None:
    if row is None:
        return Change(ChangeKind.ADD, call.id, call)
    # Rows are compared, as a call may be finer than what is kept of it.
    return None if to_row(call).items() <= row.items() else Change(ChangeKind.UPDATE, call.id, call)


def _write(connection: Connection, changed: Iterable[Call], version: int) -> None:
    rows = [to_row(call) | {"version": version} for call in changed]
    if rows:
        statement = insert(calls)
        columns = {name: statement.excluded[name] for name in rows[0]}
        connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=columns), rows)
