"""Caches of counts and of first pages that a change does not make void: the rows that changed correct them.

A search of a million calls may take a second to count. Rows are never changed in place: a write inserts rows
with greater row versions, and copies those that it deletes to the table `gone` (kept_counts.py). So a count
is that of earlier, and the new rows that match, less the gone ones that matched.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
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
from aircall.concurrency import yield_control
from aircall.storage.database import LruCache
from aircall.storage.reading import connected

# Counts that are kept.
SIZE = 256
NO_LIMIT = 2**62
# Rows that are counted at a time, in 10 ms: SQLite stops all greenlets until it has counted.
STEP = 20_000
# Calls of a list at most that are read from its head, and those besides a page, as some will be gone.
HEAD, SPARE = 150, 10

# What is asked before counts are corrected.
NOW = select(state.c.revision, state.c.changes_from, LAST_ROW_VERSION.label("last"))
# Builds the query for the keys and the number of the calls among these rows, which has columns like `calls`.
Grouped = Callable[[FromClause, ColumnElement[int]], Select[Any]]
# Builds it for the calls that meet a condition, which is all that an index may be used for.
GroupedWithin = Callable[[ColumnElement[bool]], Select[Any]]


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

    def get(
        self, question: Hashable, grouped: Grouped, step: GroupedWithin | None = None
    ) -> Counter[tuple[Any, ...]]:
        """Return the counts by key of the query, for which `question` stands.

        With `step`, the same query for some rows, STEP are counted at a time. Other greenlets run in between.
        """
        numbers = self.known(question, grouped)
        if numbers is not None:
            return numbers
        if step:
            counted = self._count_in_steps(grouped, step)
        else:
            with connected(self._engine) as connection:
                counted = _read(connection, grouped(calls, func.count()), Counter())
        self._counted.put(question, counted)
        numbers = self.known(question, grouped) if step else None
        return counted.numbers if numbers is None else numbers

    def known(self, question: Hashable, grouped: Grouped) -> Counter[tuple[Any, ...]] | None:
        """Return the same if it is known, but for a few changes; otherwise None."""
        known = self._counted.get(question)
        if known is None:
            return None
        with connected(self._engine) as connection:
            now = connection.execute(NOW).one()
            if known.revision == now.revision:
                return known.numbers
            if (
                not _is_traced(known, now.revision, now.changes_from)
                or now.last - known.row_version > MAX_CHANGED
            ):
                return None
            counted = _read(connection, _changes_since(known, grouped), known.numbers)
        self._counted.put(question, counted)
        return counted.numbers

    def _count_in_steps(self, grouped: Grouped, step: GroupedWithin) -> Counted:
        with connected(self._engine) as connection:
            now = connection.execute(NOW).one()
        target, done = now.last, Counted(now.revision, 0, Counter())
        while done.row_version < target:
            with connected(self._engine) as connection:
                now = connection.execute(NOW).one()
                if not _is_traced(done, now.revision, now.changes_from):
                    done = Counted(now.revision, 0, Counter())
                done = _add_step(connection, grouped, step, done)
            yield_control()
        return done


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

    def get(self, connection: Connection, question: Hashable, newest: Select[Any], least: int) -> Head:
        """Return the newest calls of the list, which `newest` selects, maybe as of some writes ago.

        Unless the list has fewer, they were so many at least.
        """
        # Read before the query: later rows are in both, which does not matter.
        last = connection.execute(select(LAST_ROW_VERSION)).scalar_one()
        head = self._heads.get(question)
        is_short = head is not None and head.end is not None and len(head.row_versions) < least
        if head is None or is_short or last - head.last > MAX_CHANGED:
            columns, size = (calls.c.row_version, calls.c.created_at, calls.c.id), least + SPARE
            rows = connection.execute(newest.with_only_columns(*columns).limit(size)).all()
            end = (rows[-1].created_at, rows[-1].id) if len(rows) == size else None
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


def _add_step(connection: Connection, grouped: Grouped, step: GroupedWithin, done: Counted) -> Counted:
    """Return these counts with those of the next rows."""
    last = done.row_version + STEP
    rows = calls.c.row_version.between(done.row_version + 1, last)
    counted = _read(connection, step(rows), done.numbers, last)
    if counted.revision == done.revision:
        return counted
    gone_rows = select(gone).where(*_gone_since(done), gone.c.revision <= counted.revision).subquery()
    subtracted = _read(connection, grouped(gone_rows, -func.count()), counted.numbers)
    return replace(counted, numbers=subtracted.numbers)


def _later_than(row_version: int) -> FromClause:
    # The limit keeps the conditions of the query out, so that these rows are found by the row version.
    return select(calls).where(calls.c.row_version > row_version).limit(NO_LIMIT).subquery()


def _gone_since(known: Counted) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return gone.c.revision > known.revision, gone.c.row_version <= known.row_version


def _is_traced(known: Counted, revision: int, changes_from: int) -> bool:
    """Return whether every row that was deleted since is still known."""
    return changes_from <= known.revision and revision - known.revision < KEPT_REVISIONS


def _changes_since(known: Counted, grouped: Grouped) -> Select[Any]:
    names = [column.name for column in gone.columns if column.name != "revision"]
    latest = _later_than(known.row_version)
    new = select(*(latest.c[name] for name in names), literal(1).label("sign"))
    old = select(*(gone.c[name] for name in names), literal(-1).label("sign"))
    old = old.where(*_gone_since(known))
    changed = union_all(new, old).subquery("changed")
    return grouped(changed, func.sum(changed.c.sign))


def _read(
    connection: Connection, query: Select[Any], known: Counter[tuple[Any, ...]], last: int = NO_LIMIT
) -> Counted:
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
    revision, greatest = found[0][:2]
    numbered = Counter({key: number for key, number in total.items() if number})
    return Counted(revision, min(last, greatest), numbered)
