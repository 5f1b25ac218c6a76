"""Rows of the log's tables, many at a time, inside a transaction of the caller's. Knows no rules."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from aircall.call_table import FACTS, WRITTEN, calls, removals

# Databases limit how many values a statement may name.
MOST_IDS = 500
# For so many writes a removal is remembered, to keep readings that were under way from undoing it.
REMOVAL_MEMORY = 10_000

# By its id: the version of a call, its id and the FACTS.
KnownRows = Mapping[str, Row[Any]]


def removed_since(connection: Connection, call_ids: Collection[str], as_of: int) -> dict[str, int]:
    """Which of these calls were removed after version `as_of`, each with the version then."""
    lately = select(removals.c.id, removals.c.version).where(removals.c.version > as_of)
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
