"""Caches of counts and of first pages that a change does not make void: the rows that changed correct them.

A search of a million calls may take a second to count. Rows are never changed in place: a write inserts rows
with greater row versions, and copies those that it deletes to the table `gone` (kept_counts.py). So a count
is that of earlier, and the new rows that match, less the gone ones that matched.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Select,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)

from aircall.calls.kept_counts import KEPT_REVISIONS, MAX_CHANGED
from aircall.calls.tables import LAST_ROW_VERSION, calls, gone, state
from aircall.storage.database import LruCache
from aircall.storage.reading import connected

# Counts that are kept.
SIZE = 256
NO_LIMIT = 2**62
# Calls of a head: a first page, and some that will be gone.
HEAD = 150

# Builds the query for the keys and the number of the calls among these rows, which has columns like `calls`.
Grouped = Callable[[FromClause, ColumnElement[int]], Select[Any]]


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts by key as of a revision, with the greatest row version at that time. Do not change them."""

    revision: int
    row_version: int
    numbers: Counter[tuple[Any, ...]]


class CountCache:
    """An LRU cache of counts by key, exact whatever is written meanwhile, by any process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._counted = LruCache[Counted](SIZE)

    def get(self, question: Hashable, grouped: Grouped) -> Counter[tuple[Any, ...]]:
        """Return the counts by key of the query, for which `question` stands."""
        known = self._counted.get(question)
        with connected(self._engine) as connection:
            now = connection.execute(select(state.c.revision, state.c.changes_from, LAST_ROW_VERSION)).one()
            if known and known.revision == now.revision:
                return known.numbers
            if known and _reaches(known, *now):
                counted = _read(connection, _changes_since(known, grouped), known.numbers)
            else:
                counted = _read(connection, grouped(calls, func.count()), Counter())
        self._counted.put(question, counted)
        return counted.numbers


@dataclass(frozen=True, slots=True)
class Head:
    """The newest calls of a list by row version, as of the greatest row version `last`.

    `end` is the sort key of the last one, None if the list has no others.
    """

    last: int
    row_versions: Sequence[int]
    end: tuple[int, str] | None


class HeadCache:
    """An LRU cache of the newest calls of lists that take long to find, whatever is written meanwhile."""

    def __init__(self) -> None:
        self._heads = LruCache[Head](SIZE)

    def get(self, connection: Connection, question: Hashable, newest: Select[Any]) -> Head:
        """Return the newest calls of the list, which `newest` selects, maybe as of some writes ago."""
        # Read before the query: later rows are in both, which does not matter.
        last = connection.execute(select(LAST_ROW_VERSION)).scalar_one()
        head = self._heads.get(question)
        if head is None or last - head.last > MAX_CHANGED:
            columns = (calls.c.row_version, calls.c.created_at, calls.c.id)
            rows = connection.execute(newest.with_only_columns(*columns).limit(HEAD)).all()
            end = (rows[-1].created_at, rows[-1].id) if len(rows) == HEAD else None
            head = Head(last, [row.row_version for row in rows], end)
            self._heads.put(question, head)
        return head

    def drop(self, question: Hashable) -> None:
        """Forget a head of which too many calls are gone."""
        self._heads.drop(question)


def written_since(
    connection: Connection, head: Head, conditions: Callable[[FromClause], Sequence[ColumnElement[bool]]]
) -> Sequence[int]:
    """Return the row versions of the matching calls that were written since and belong to the head."""
    rows = _later_than(head.last)
    query = select(rows.c.row_version).where(*conditions(rows))
    if head.end is not None:
        query = query.where(tuple_(rows.c.created_at, rows.c.id) >= head.end)
    return connection.scalars(query).all()


def _later_than(row_version: int) -> FromClause:
    # The limit keeps the conditions of the query out, so that these rows are found by the row version.
    return select(calls).where(calls.c.row_version > row_version).limit(NO_LIMIT).subquery()


def _reaches(known: Counted, revision: int, changes_from: int, last: int) -> bool:
    """Return whether everything that changed since is still known, and little."""
    is_known = changes_from <= known.revision and revision - known.revision < KEPT_REVISIONS
    return is_known and last - known.row_version <= MAX_CHANGED


def _changes_since(known: Counted, grouped: Grouped) -> Select[Any]:
    names = [column.name for column in gone.columns if column.name != "revision"]
    latest = _later_than(known.row_version)
    new = select(*(latest.c[name] for name in names), literal(1).label("sign"))
    old = select(*(gone.c[name] for name in names), literal(-1).label("sign"))
    old = old.where(gone.c.revision > known.revision, gone.c.row_version <= known.row_version)
    changed = union_all(new, old).subquery("changed")
    return grouped(changed, func.sum(changed.c.sign))


def _read(connection: Connection, query: Select[Any], known: Counter[tuple[Any, ...]]) -> Counted:
    # In one statement, so that the numbers are those of this revision.
    numbers = query.subquery()
    joined = state.outerjoin(numbers, true())
    found = connection.execute(
        select(state.c.revision, LAST_ROW_VERSION, *numbers.c).select_from(joined)
    ).all()
    total = Counter(known)
    for _, _, *key, number in found:
        if number is not None:
            total[tuple(key)] += int(number)
    return Counted(
        found[0][0], found[0][1], Counter({key: number for key, number in total.items() if number})
    )
