"""A cache of counts that a change does not make void: it is brought up to date by the rows that changed.

A search of a million calls may take a second to count. Rows are never changed in place: a write inserts
rows with greater row versions, and copies those that it deletes to the table `gone`. So a count is that of
earlier, and the new rows that match, less the gone ones that matched.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Select,
    delete,
    func,
    insert,
    literal,
    select,
    true,
    union_all,
    update,
)

from aircall.calls.tables import calls, gone, state

# Counts that are kept.
SIZE = 256
# Rows. Of more, nothing is copied, and of more new ones all are counted anew.
MAX_CHANGED = 500
# Revisions for which gone rows are kept.
KEPT_REVISIONS = 1000
NO_LIMIT = 2**62

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
        self._lock = threading.Lock()
        self._counted: OrderedDict[Hashable, Counted] = OrderedDict()

    def get(self, question: Hashable, grouped: Grouped) -> Counter[tuple[Any, ...]]:
        """Return the counts by key of the query, for which `question` stands."""
        with self._lock:
            known = self._counted.get(question)
        with self._engine.connect() as connection:
            now = connection.execute(select(state.c.revision, state.c.changes_from, _last())).one()
            if known and known.revision == now.revision:
                return known.numbers
            if known and _reaches(known, *now):
                counted = _read(connection, _changes_since(known, grouped), known.numbers)
            else:
                counted = _read(connection, grouped(calls, func.count()), Counter())
        with self._lock:
            self._counted[question] = counted
            self._counted.move_to_end(question)
            while len(self._counted) > SIZE:
                self._counted.popitem(last=False)
        return counted.numbers


def keep_gone(connection: Connection, ids: Collection[str], *chosen: ColumnElement[bool]) -> None:
    """Copy the calls that match, at most those with these ids, before they are deleted by a write."""
    revision = connection.execute(select(state.c.revision)).scalar_one() + 1
    if len(ids) > MAX_CHANGED:
        forget_gone(connection)
        return
    connection.execute(delete(gone).where(gone.c.revision <= revision - KEPT_REVISIONS))
    names = [column.name for column in gone.columns if column.name != "revision"]
    copied = select(literal(revision), *(calls.c[name] for name in names)).where(*chosen)
    connection.execute(insert(gone).from_select(["revision", *names], copied))


def forget_gone(connection: Connection) -> None:
    """Make all counts void, because a write deletes many calls."""
    connection.execute(delete(gone))
    connection.execute(update(state).values(changes_from=state.c.revision + 1))


def _reaches(known: Counted, revision: int, changes_from: int, last: int) -> bool:
    """Return whether everything that changed since is still known, and little."""
    is_known = changes_from <= known.revision and revision - known.revision < KEPT_REVISIONS
    return is_known and last - known.row_version <= MAX_CHANGED


def _last() -> ColumnElement[int]:
    return func.coalesce(select(func.max(calls.c.row_version)).scalar_subquery(), 0)


def _changes_since(known: Counted, grouped: Grouped) -> Select[Any]:
    names = [column.name for column in gone.columns if column.name != "revision"]
    # The limit keeps the conditions of the query out, so that these rows are found by the row version.
    latest = select(calls).where(calls.c.row_version > known.row_version).limit(NO_LIMIT).subquery()
    new = select(*(latest.c[name] for name in names), literal(1).label("sign"))
    old = select(*(gone.c[name] for name in names), literal(-1).label("sign"))
    old = old.where(gone.c.revision > known.revision, gone.c.row_version <= known.row_version)
    changed = union_all(new, old).subquery("changed")
    return grouped(changed, func.sum(changed.c.sign))


def _read(connection: Connection, query: Select[Any], known: Counter[tuple[Any, ...]]) -> Counted:
    # In one statement, so that the numbers are those of this revision.
    numbers = query.subquery()
    joined = state.outerjoin(numbers, true())
    found = connection.execute(select(state.c.revision, _last(), *numbers.c).select_from(joined)).all()
    total = Counter(known)
    for _, _, *key, number in found:
        if number is not None:
            total[tuple(key)] += int(number)
    return Counted(
        found[0][0], found[0][1], Counter({key: number for key, number in total.items() if number})
    )
