"""How many calls a list has in each view: kept, corrected by what changed, or counted.

A search that finds many calls is counted for as long as all of them take. For a start it is told that there
are so many at least.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, FromClause, Select, and_, case, func, select, tuple_

from aircall.calls.count_cache import CountCache, Grouped
from aircall.calls.filters import (
    ARCHIVED_FLAGS,
    CallFilter,
    SortKey,
    counted_range,
    filter_conditions,
    is_kept,
)
from aircall.calls.found import FoundCalls
from aircall.calls.kept_counts import are_complete, count_range
from aircall.calls.tables import calls, revision_of
from aircall.storage.reading import RevisionCache


class ViewCounts(NamedTuple):
    """Numbers of calls by view; if they are not exact, there are so many at least."""

    numbers: dict[str, int]
    is_exact: bool


class ListCounter:
    """The counts of the lists of one database."""

    def __init__(self, engine: Engine, found: FoundCalls) -> None:
        self._engine = engine
        self._found = found
        self._cache = RevisionCache(revision_of(engine))
        self._counts = CountCache(engine)

    def exact(self, wanted: CallFilter) -> dict[str, int]:
        """Return the number of calls in each view, "inbox", "archived" and "all", under the other filters."""
        # The result, and so the cache key, does not depend on the view.
        wanted = replace(wanted, view="all")
        kept = self._kept(wanted)
        if kept is not None:
            return _by_view(kept)
        counted = self._counted(replace(wanted, cursor=None))
        if wanted.cursor is None:
            return _by_view(counted)
        before = self._before(wanted, wanted.cursor)
        return _by_view({flag: counted.get(flag, 0) - before.get(flag, 0) for flag in ARCHIVED_FLAGS["all"]})

    def quick(self, wanted: CallFilter) -> ViewCounts:
        """Return the same without the cursor; at once, so maybe only how many there are at least."""
        every = replace(wanted, view="all", cursor=None)
        is_costly = bool(every.search) and not (
            self._found.is_small()
            or self._found.candidates(every.search)
            or self._counts.known(*self._question(every)) is not None
        )
        if not is_costly:
            return ViewCounts(self.exact(every), is_exact=True)

        def sample(connection: Connection) -> dict[bool, int]:
            others = filter_conditions(replace(every, search=""))
            query = _by_archived(every, [self._found.sample(every.search), *others], calls, func.count())
            return {bool(is_archived): number for is_archived, number in connection.execute(query)}

        sampled = self._cache.get(("sample", every), sample)
        numbers = {view: _rounded_down(number) for view, number in _by_view(sampled).items()}
        return ViewCounts(numbers, is_exact=False)

    def newer(self, wanted: CallFilter) -> int:
        """Return how many calls of the list are before its cursor."""
        if wanted.cursor is None:
            return 0
        if self._kept(wanted) is not None:
            whole, rest = (self.exact(each)[wanted.view] for each in (replace(wanted, cursor=None), wanted))
            # The replica may have changed between the two reads.
            return max(0, whole - rest)
        return _by_view(self._before(replace(wanted, view="all"), wanted.cursor))[wanted.view]

    def _kept(self, wanted: CallFilter) -> dict[bool, int] | None:
        def count(connection: Connection) -> dict[bool, int] | None:
            return count_range(connection, counted_range(wanted)) if are_complete(connection) else None

        return self._cache.get(("counts", wanted), count) if is_kept(wanted) else None

    def _counted(self, every: CallFilter) -> dict[bool, int]:
        is_long = every.search and not (self._found.is_small() or self._found.candidates(every.search))

        def step(rows: ColumnElement[bool]) -> Select[Any]:
            # A CASE uses no index.
            matching = case((and_(*filter_conditions(every)), 1)) == 1
            return _by_archived(every, [rows, matching], calls, func.count())

        is_in_steps = is_long and self._engine.dialect.name == "sqlite"
        counted = self._counts.get(*self._question(every), step if is_in_steps else None)
        return {bool(is_archived): number for (is_archived,), number in counted.items()}

    def _question(self, every: CallFilter) -> tuple[CallFilter, Grouped]:
        def grouped(rows: FromClause, number: ColumnElement[int]) -> Select[Any]:
            candidates = self._found.candidates(every.search) if rows is calls else []
            return _by_archived(every, filter_conditions(every, candidates, rows), rows, number)

        return every, grouped

    def _before(self, wanted: CallFilter, cursor: SortKey) -> Mapping[bool, int]:
        """Return how many calls are before the cursor: few, of a list that people have open."""
        conditions = filter_conditions(replace(wanted, cursor=None), self._found.candidates(wanted.search))
        is_before = tuple_(calls.c.created_at, calls.c.id) > (cursor.time_key, cursor.call_id)
        query = _by_archived(wanted, [*conditions, is_before], calls, func.count())

        def count(connection: Connection) -> dict[bool, int]:
            return dict(connection.execute(query).all())

        return self._cache.get(("before", wanted), count)


def _by_archived(
    wanted: CallFilter,
    conditions: Sequence[ColumnElement[bool]],
    rows: FromClause,
    number: ColumnElement[int],
) -> Select[Any]:
    # For a search, group by an expression: by the column, SQLite would read all rows in index order.
    is_archived = case((rows.c.is_archived, 1), else_=0) if wanted.search else rows.c.is_archived
    query = select(is_archived.label("is_archived"), number.label("number")).where(*conditions)
    return query.group_by(is_archived)


def _by_view(counted: Mapping[bool, int]) -> dict[str, int]:
    inbox, archived = counted.get(False, 0), counted.get(True, 0)
    return {"inbox": inbox, "archived": archived, "all": inbox + archived}


def _rounded_down(number: int) -> int:
    digits = str(number)
    return int(digits[0] + "0" * (len(digits) - 1))
