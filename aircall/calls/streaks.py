"""Streaks: a caller's unanswered calls until somebody speaks with them, kept by the writes.

The answered calls with a number divide its other calls into streaks. A write touches some calls' places, a
number and a time each; the answered calls next to a place bound all streaks that the write can have changed,
which are replaced, each read by its ends and LATEST calls (docs/decisions/0046-callers-are-kept.md). Like
the kept counts, streaks are not kept during the first full sync: `catch_up` reads them afterwards, number by
number.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, TextClause, delete, func, select, text, update

from aircall.calls.tables import EVERY_NUMBER, INSERTED_COLUMNS, NO_TIME, Contact, calls, state, streaks
from aircall.concurrency import yield_control
from aircall.storage.database import allow_long_statements, exclusive_transaction

# Calls of a streak that are counted, and that lines and notes are looked for in.
MAX_COUNTED, LATEST = 1000, 20
# Characters of a note.
MAX_NOTE = 200
# Calls whose numbers `catch_up` reads in one transaction.
CATCH_UP_BATCH = 5000
# Milliseconds, before and after every time.
BEFORE, END = NO_TIME - 1, -NO_TIME


class Place(NamedTuple):
    """Where a call was written or deleted."""

    number_key: str
    at: int
    call_id: str


_of_row = itemgetter(*map(INSERTED_COLUMNS.index, ("counterpart", "created_at", "id")))


def place_of(row: Sequence[Any]) -> Place:
    """Return the place of a row of INSERTED_COLUMNS."""
    return Place(*_of_row(row))


class KeptStreaks:
    """The streaks of one database.

    Call `update` in the transaction of each write, after it, and `catch_up` after each full sync.
    """

    def __init__(self, connection: Connection) -> None:
        self._engine = connection.engine
        is_postgresql = connection.dialect.name == "postgresql"
        touched = f"{TOUCHED[is_postgresql]}, {REGIONS}"
        self._delete = text(DELETE[is_postgresql].format(regions=touched))
        self._insert = _insertion(f"{touched}, {SEGMENTS}", is_postgresql=is_postgresql)
        self._insert_range = _insertion(SEGMENTS_OF_RANGE, is_postgresql=is_postgresql)
        self._delete_withheld = text(DELETE_WITHHELD.format(touched=TOUCHED[is_postgresql]))
        withheld = INSERT_WITHHELD.format(note=NOTE_TEXT[is_postgresql], line=JSON_LINE[is_postgresql])
        chosen = IN_TOUCHED.format(touched=TOUCHED[is_postgresql])
        self._insert_withheld = text(f"{withheld} {chosen} {INSERTED}")
        self._insert_all_withheld = text(f"{withheld} {INSERTED}")

    def is_kept(self, connection: Connection) -> bool:
        """Return whether writes have to update the streaks: since the first full sync."""
        return connection.execute(select(state.c.streaks_up_to)).scalar_one() is not None

    def update(self, connection: Connection, places: Iterable[Place]) -> None:
        """Replace the streaks that the write of calls at these places may have changed."""
        known = {place for place in places if place.number_key}
        if known:
            self._replace(connection, self._delete, self._insert, known)
        withheld = {place for place in places if not place.number_key}
        if withheld:
            self._replace(connection, self._delete_withheld, self._insert_withheld, withheld)

    def clear(self, connection: Connection) -> None:
        """Forget all streaks, because all calls are deleted."""
        connection.execute(delete(streaks))
        connection.execute(update(state).values(streaks_up_to=None, waiting=0))

    def catch_up(self) -> None:
        """Read the streaks of every number that was not read yet, in batches. Needs the deferred indexes."""
        is_behind = True
        while is_behind:
            with exclusive_transaction(self._engine) as connection:
                allow_long_statements(connection)
                # Excludes writers on PostgreSQL, too.
                query = select(state.c.streaks_up_to).with_for_update()
                is_behind = self._read_next(connection, connection.execute(query).scalar_one())
            yield_control()

    def _read_next(self, connection: Connection, after: str | None) -> bool:
        """Read the streaks of the next numbers after this one. Return whether there were any."""
        if after == EVERY_NUMBER:
            return False
        if after is None:
            # What a batch that was interrupted left.
            self.clear(connection)
            _count(connection, connection.execute(self._insert_all_withheld, FIXED).all(), ())
        last = _end_of_batch(connection, after or "")
        if last is not None:
            given = {"first": after or "", "last": last}
            chosen = (streaks.c.number_key > given["first"], streaks.c.number_key <= last)
            deleted = connection.execute(delete(streaks).where(*chosen).returning(*IS_OPEN)).all()
            inserted = connection.execute(self._insert_range, FIXED | given).all()
            _count(connection, inserted, deleted)
        # Makes cached results void, and leaves the search index as outdated as it is.
        more = {"revision": state.c.revision + 1, "indexed_revision": state.c.indexed_revision + 1}
        connection.execute(update(state).values(streaks_up_to=last or EVERY_NUMBER, **more))
        return last is not None

    def _replace(
        self, connection: Connection, delete_old: TextClause, insert_new: TextClause, places: set[Place]
    ) -> None:
        given = FIXED | {"touched": msgspec.json.encode(sorted(places)).decode()}
        deleted = connection.execute(delete_old, given).all()
        _count(connection, connection.execute(insert_new, given).all(), deleted)


def _end_of_batch(connection: Connection, after: str) -> str | None:
    """Return the last number of the next batch; None after the last one."""
    later = calls.c.counterpart > after
    nth = select(calls.c.counterpart).where(later).order_by(calls.c.counterpart)
    found: str | None = connection.scalar(nth.limit(1).offset(CATCH_UP_BATCH))
    return found or connection.scalar(select(func.max(calls.c.counterpart)).where(later))


def _count(connection: Connection, inserted: Sequence[Any], deleted: Sequence[Any]) -> None:
    """Keep the number of callers who wait."""
    more = sum(map(_is_waiting, inserted)) - sum(map(_is_waiting, deleted))
    if more:
        connection.execute(update(state).values(waiting=state.c.waiting + more))


def _is_waiting(row: Sequence[Any]) -> bool:
    waiting_since, reached_at = row
    return waiting_since is not None and reached_at is None


# The columns that tell whether a streak waits, of what is inserted or deleted.
IS_OPEN = (streaks.c.waiting_since, streaks.c.reached_at)
INSERTED = "RETURNING waiting_since, reached_at"
FIXED = {
    "before": BEFORE, "never": END, "most": MAX_COUNTED, "latest": LATEST, "length": MAX_NOTE,
}  # fmt: skip

# By whether the database is PostgreSQL: the places that a write has touched, and what is read of JSON.
TOUCHED = {
    False: """touched(number_key, at, call_id) AS MATERIALIZED (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
    FROM json_each(:touched))""",
    True: """touched(number_key, at, call_id) AS MATERIALIZED (
    SELECT value ->> 0, CAST(value ->> 1 AS bigint), value ->> 2
    FROM json_array_elements(CAST(:touched AS json)) AS places(value))""",
}
NOTE_TEXT = {
    False: "substr(json_extract(notes, '$[0][1]'), 1, :length)",
    True: "substr(CAST(notes AS json) -> 0 ->> 1, 1, :length)",
}
JSON_LINE = {False: "json_array(via)", True: "CAST(json_build_array(via) AS text)"}
JSON_LINES = {False: "json_group_array(DISTINCT via)", True: "CAST(json_agg(DISTINCT via) AS text)"}

# The times of the answered calls next to each place, or beyond all times, and whether one is at that place.
REGIONS = f"""region AS MATERIALIZED (
    SELECT DISTINCT number_key, at,
        COALESCE((SELECT max(created_at) FROM {calls.name} WHERE counterpart = number_key
            AND contact = {Contact.REACHED:d} AND created_at < at), :before) AS begins,
        COALESCE((SELECT min(created_at) FROM {calls.name} WHERE counterpart = number_key
            AND contact = {Contact.REACHED:d} AND created_at > at), :never) AS ends,
        EXISTS (SELECT 1 FROM {calls.name} WHERE counterpart = number_key
            AND contact = {Contact.REACHED:d} AND created_at = at) AS is_end
    FROM touched)"""  # noqa: S608  # constants
# Where a streak may be: after `begins`, up to the answered call at `ends`.
SEGMENTS = """segment AS MATERIALIZED (
    SELECT number_key, begins, CASE WHEN is_end THEN at ELSE ends END AS ends FROM region
    UNION SELECT number_key, at, ends FROM region WHERE is_end)"""
SEGMENTS_OF_RANGE = f"""ended AS (
    SELECT DISTINCT counterpart AS number_key, created_at AS ends FROM {calls.name}
    WHERE counterpart > :first AND counterpart <= :last AND contact = {Contact.REACHED:d}
    UNION ALL SELECT DISTINCT counterpart, CAST(:never AS bigint) FROM {calls.name}
    WHERE counterpart > :first AND counterpart <= :last),
segment AS MATERIALIZED (
    SELECT number_key, ends,
        COALESCE(lag(ends) OVER (PARTITION BY number_key ORDER BY ends), :before) AS begins
    FROM ended)"""  # noqa: S608  # constants
OF_REGION = "old.number_key = region.number_key AND old.started_at > begins AND old.started_at <= ends"
DELETE = {
    False: f"""DELETE FROM {streaks.name} WHERE (number_key, started_at, call_id) IN (
    WITH {{regions}}
    SELECT old.number_key, old.started_at, old.call_id FROM region CROSS JOIN {streaks.name} AS old
    WHERE {OF_REGION}) RETURNING waiting_since, reached_at""",  # noqa: S608  # constants
    # For a subquery it would read the whole table.
    True: f"""WITH {{regions}} DELETE FROM {streaks.name} AS old USING region
    WHERE {OF_REGION} RETURNING waiting_since, reached_at""",  # noqa: S608  # constants
}


def _of_segment(contact: Contact, since: str = "begins") -> str:
    """Return the condition of the calls of a segment, after the one at `begins` or from `since`."""
    begins = f"created_at > {since}" if since == "begins" else f"created_at >= {since}"
    return f"counterpart = number_key AND contact = {contact:d} AND {begins} AND created_at <= ends"


def _counted(contact: Contact) -> str:
    within = _of_segment(contact, "waiting_since")
    return f"(SELECT count(*) FROM (SELECT 1 FROM {calls.name} WHERE {within} LIMIT :most) AS counted)"  # noqa: S608  # constants


def _latest(columns: str, contact: Contact) -> str:
    within = _of_segment(contact, "waiting_since")
    return f"""SELECT {columns} FROM {calls.name} WHERE {within}
        ORDER BY created_at DESC, id DESC LIMIT :latest"""  # noqa: S608  # constants


def _insertion(segments: str, *, is_postgresql: bool) -> TextClause:
    """Return the statement that inserts the streaks of these segments."""
    noted = " UNION ALL ".join(
        f"SELECT * FROM ({_latest('created_at, id, notes', contact)}) AS of_{contact.name.lower()}"  # noqa: S608  # constants
        for contact in (Contact.ATTEMPT, Contact.TRY)
    )
    at_last = f"counterpart = number_key AND contact = {Contact.ATTEMPT:d} AND created_at = last_at"
    at_end = f"counterpart = number_key AND contact = {Contact.REACHED:d} AND created_at = ends"
    return text(f"""INSERT INTO {streaks.name} ({COLUMNS}) WITH {segments},
opened AS MATERIALIZED (SELECT number_key, begins, ends,
    (SELECT min(created_at) FROM {calls.name} WHERE {_of_segment(Contact.ATTEMPT)}) AS waiting_since,
    (SELECT min(created_at) FROM {calls.name} WHERE {_of_segment(Contact.ARCHIVED_ATTEMPT)}) AS archived_at,
    (SELECT max(created_at) FROM {calls.name} WHERE {_of_segment(Contact.ATTEMPT)}) AS last_at
    FROM segment),
streak AS MATERIALIZED (SELECT *,
    (SELECT max(id) FROM {calls.name} WHERE {at_last}) AS last_id,
    (SELECT max(id) FROM {calls.name} WHERE {at_end}) AS reached_id
    FROM opened WHERE waiting_since IS NOT NULL OR archived_at IS NOT NULL)
SELECT number_key,
    CASE WHEN waiting_since <= archived_at OR archived_at IS NULL THEN waiting_since ELSE archived_at END,
    '', waiting_since, last_at, last_id, last.caller,
    {_counted(Contact.ATTEMPT)},
    (SELECT {JSON_LINES[is_postgresql]} FROM ({_latest("via", Contact.ATTEMPT)}) AS ringing),
    {_counted(Contact.TRY)},
    (SELECT max(created_at) FROM {calls.name} WHERE {_of_segment(Contact.TRY, "waiting_since")}),
    (SELECT {NOTE_TEXT[is_postgresql]} FROM ({noted}) AS noted WHERE notes <> '[]'
        ORDER BY created_at DESC, id DESC LIMIT 1),
    reached.created_at, reached.created_at + COALESCE(reached.duration, 0), reached.direction,
    reached.duration
FROM streak
LEFT JOIN {calls.name} AS last ON last.id = last_id
LEFT JOIN {calls.name} AS reached ON reached.id = reached_id
{INSERTED}""")  # noqa: S608  # constants


COLUMNS = ", ".join(column.name for column in streaks.columns)
# A number that is withheld tells not who called: each call waits by itself, and nobody can be called back.
INSERT_WITHHELD = f"""INSERT INTO {streaks.name} ({COLUMNS})
SELECT '', created_at, id, created_at, created_at, id, caller, 1, {{line}}, 0, NULL,
    CASE WHEN notes <> '[]' THEN {{note}} END, NULL, NULL, NULL, NULL
FROM {calls.name} WHERE counterpart = '' AND contact = {Contact.ATTEMPT:d}"""  # noqa: S608  # constants
IN_TOUCHED = "AND id IN (WITH {touched} SELECT call_id FROM touched)"
DELETE_WITHHELD = f"""DELETE FROM {streaks.name} WHERE (number_key, started_at, call_id) IN (
    WITH {{touched}} SELECT number_key, at, call_id FROM touched)
{INSERTED}"""  # noqa: S608  # constants
