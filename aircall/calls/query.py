"""Queries on the replica: filtered lists with paging, counts, adjacent calls.

Every process may write to the database, so counts are cached per revision of the replica (RevisionCache).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Select,
    bindparam,
    case,
    func,
    select,
    tuple_,
)

from aircall.calls.count_cache import HEAD, CountCache, HeadCache, written_since
from aircall.calls.filters import (
    ARCHIVED_FLAGS,
    STATEMENTS,
    CallFilter,
    counted_range,
    filter_conditions,
    in_list_order,
    in_view,
    is_kept,
    midnight,
    newest_first,
    of_rare_kind,
    sorted_by_candidates,
    sorted_newest_first,
)
from aircall.calls.kept_counts import (
    END,
    FIRST,
    CountedRange,
    are_complete,
    count_range,
    find_bucket,
    find_lines,
    most_used_lines,
)
from aircall.calls.search import SearchIndex
from aircall.calls.tables import calls, from_row, revision_of, time_key
from aircall.models import UNKNOWN, Call
from aircall.storage.database import TEXT
from aircall.storage.reading import RevisionCache, connected

# A page after so many others is found by the kept counts; the calls before others are skipped one by one.
SKIPPED_PAGES = 4
# Of fewer calls of a kind SQLite sorts all, rather than look for them among the others.
RARE = 2000
MISSED = {"call_type": ("missed",), "direction": ("inbound", UNKNOWN)}


@dataclass(frozen=True, slots=True)
class Neighbors:
    """The ids of the calls before and after one in the filtered list, None at its ends."""

    newer: str | None
    older: str | None


class CallQuery:
    """Queries on the calls of one database."""

    def __init__(self, engine: Engine, search: SearchIndex) -> None:
        self.engine = engine
        self.search = search
        self._cache = RevisionCache(revision_of(engine))
        self._counts = CountCache(engine)
        self._heads = HeadCache()

    def close(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()

    def page(self, wanted: CallFilter, offset: int, limit: int) -> list[Call]:
        """Return up to `limit` calls of the filtered list, after the first `offset`."""
        if offset >= SKIPPED_PAGES * limit and is_kept(wanted):
            return self._far_page(wanted, offset, limit)
        query = self._page_query(wanted)
        if wanted.search and offset + limit <= HEAD:
            found = self._head_page(wanted, query, offset, limit)
            if found is not None:
                return found
        return self._read(query.offset(offset).limit(limit))

    def _head_page(
        self, wanted: CallFilter, newest: Select[Any], offset: int, limit: int
    ) -> list[Call] | None:
        """Return a page from the newest calls of a search; None if too many of them are gone."""
        with connected(self.engine) as connection:
            head = self._heads.get(connection, wanted, newest)
            later = written_since(connection, head, lambda rows: filter_conditions(wanted, rows=rows))
            query = select(calls).where(calls.c.row_version.in_([*head.row_versions, *later]))
            query = sorted_by_candidates(query).offset(offset).limit(limit)
            found = [from_row(row) for row in connection.execute(query)]
        if head.end is None or len(found) == limit:
            return found
        self._heads.drop(wanted)
        return None

    def _page_query(self, wanted: CallFilter) -> Select[Any]:
        if candidates := self.search.candidates(wanted.search):
            return sorted_by_candidates(select(calls).where(*filter_conditions(wanted, candidates)))
        return sorted_newest_first(self._page_conditions(wanted))

    def _far_page(self, wanted: CallFilter, offset: int, limit: int) -> list[Call]:
        """Return the page without stepping through the calls before it: by the kept counts."""
        place = self._cache.get(("place", wanted, offset), partial(_place, wanted, offset))
        if place is None:
            return []
        end, skipped = place
        query = sorted_newest_first(self._page_conditions(wanted)).where(calls.c.created_at < end)
        return self._read(query.offset(skipped).limit(limit))

    def _page_conditions(self, wanted: CallFilter) -> Sequence[ColumnElement[bool]]:
        has_choice = wanted.line or wanted.kinds
        if self.engine.dialect.name != "sqlite" or not has_choice or not is_kept(wanted):
            return filter_conditions(wanted)
        is_rare = not wanted.line and self.counts(replace(wanted, cursor=None))[wanted.view] < RARE
        return of_rare_kind(wanted) if is_rare else in_list_order(wanted)

    def find(self, call_ids: Sequence[str]) -> list[Call]:
        """Return the calls with these ids, newest first, without the unknown ones."""
        if not call_ids:
            return []
        return self._read(newest_first(CallFilter(view="all")).where(calls.c.id.in_(call_ids)))

    def counts(self, wanted: CallFilter) -> dict[str, int]:
        """Return the number of calls in each view, "inbox", "archived" and "all", under the other filters."""
        # The result, and so the cache key, does not depend on the view.
        wanted = replace(wanted, view="all")
        count_by_archived: Mapping[bool, int] | None = self._kept_by_archived(wanted)
        if count_by_archived is None:
            count_by_archived = self._count_by_archived(wanted)
        inbox, archived = count_by_archived.get(False, 0), count_by_archived.get(True, 0)
        return {"inbox": inbox, "archived": archived, "all": inbox + archived}

    def _kept_by_archived(self, wanted: CallFilter) -> dict[bool, int] | None:
        def count(connection: Connection) -> dict[bool, int] | None:
            return count_range(connection, counted_range(wanted)) if are_complete(connection) else None

        return self._cache.get(("counts", wanted), count) if is_kept(wanted) else None

    def _count_by_archived(self, wanted: CallFilter) -> Mapping[bool, int]:
        every = replace(wanted, cursor=None)

        def grouped(rows: FromClause, number: ColumnElement[int]) -> Select[Any]:
            candidates = self.search.candidates(wanted.search) if rows is calls else []
            return _by_archived(wanted, filter_conditions(every, candidates, rows), rows, number)

        counted = self._counts.get(("counts", every), grouped)
        if wanted.cursor is None:
            return {bool(is_archived): number for (is_archived,), number in counted.items()}
        # Few calls are before the cursor of a list that people have open.
        is_before = tuple_(calls.c.created_at, calls.c.id) > (wanted.cursor.time_key, wanted.cursor.call_id)
        conditions = [*filter_conditions(every, self.search.candidates(wanted.search)), is_before]
        query = _by_archived(wanted, conditions, calls, func.count())

        def count(connection: Connection) -> dict[bool, int]:
            return dict(connection.execute(query).all())

        before = self._cache.get(("before", wanted), count)
        return {flag: counted[flag,] - before.get(flag, 0) for flag in ARCHIVED_FLAGS["all"]}

    def missed_count(self) -> int:
        """Return the number of missed calls in the inbox. Unanswered outbound calls do not count."""

        def count(connection: Connection) -> int:
            if are_complete(connection):
                return count_range(connection, CountedRange(kinds=MISSED)).get(False, 0)
            # `in`, not `!=`: the index on kinds begins with the direction.
            is_missed = [calls.c[name].in_(allowed) for name, allowed in MISSED.items()]
            query = select(func.count()).where(*is_missed, in_view("inbox"))
            return connection.scalar(query) or 0

        return self._cache.get("missed", count)

    def lines(self, limit: int) -> list[str]:
        """Return the lines (`via` numbers) with the most calls."""
        found = self._cache.get(
            ("lines", limit), lambda connection: tuple(most_used_lines(connection, limit))
        )
        return list(found)

    def find_lines(self, text: str, limit: int) -> list[str]:
        """Return up to `limit` lines whose number contains this text in any spelling, sorted.

        If it is the whole number of a line, only lines with that number are returned.
        """
        with connected(self.engine) as connection:
            return find_lines(connection, text)[:limit]

    def matching_ids(self, wanted: CallFilter, limit: int) -> list[str]:
        """Return the ids of the first `limit` calls of the filtered list."""
        with connected(self.engine) as connection:
            return list(connection.scalars(newest_first(wanted).with_only_columns(calls.c.id).limit(limit)))

    def neighbors(self, wanted: CallFilter, call: Call) -> Neighbors:
        """Return the calls before and after this one in the filtered list, which need not contain it."""
        here = {"time_key": time_key(call), "call_id": call.id}
        with connected(self.engine) as connection:
            return Neighbors(*connection.execute(_neighbors(wanted), here).one())

    def _read(self, query: Select[tuple[object, ...]]) -> list[Call]:
        with connected(self.engine) as connection:
            return [from_row(row) for row in connection.execute(query)]


@lru_cache(STATEMENTS)
def _neighbors(wanted: CallFilter) -> Select[str, str]:
    """Return the query of the calls before and after the one with `time_key` and `call_id`."""
    sort_key, here = (
        tuple_(calls.c.created_at, calls.c.id),
        tuple_(bindparam("time_key", type_=BigInteger), bindparam("call_id", type_=TEXT)),
    )
    newer = select(calls.c.id).where(sort_key > here, *filter_conditions(wanted))
    newer = newer.order_by(calls.c.created_at, calls.c.id)
    older = newest_first(wanted).with_only_columns(calls.c.id).where(sort_key < here)
    return select(newer.limit(1).scalar_subquery(), older.limit(1).scalar_subquery())


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


def _place(wanted: CallFilter, offset: int, connection: Connection) -> tuple[int, int] | None:
    """Return a time before which the page begins, and after how many calls; None if it is beyond the last."""
    if not are_complete(connection):
        return END, offset
    # Places are counted from the newest call of all time.
    place = offset + _count_after(connection, wanted)
    counted = counted_range(wanted)
    everything = CountedRange(counted.line, counted.kinds)
    found = find_bucket(connection, everything, ARCHIVED_FLAGS[wanted.view], place)
    return None if found is None else (found[0], place - found[1])


def _count_after(connection: Connection, wanted: CallFilter) -> int:
    """Return the number of calls of the view after the filter's time range and before its cursor."""
    in_range = replace(counted_range(wanted), since=FIRST)
    if in_range.until == END:
        return 0
    counted, whole = (
        count_range(connection, in_range),
        count_range(connection, replace(in_range, until=END, last="")),
    )
    flags = ARCHIVED_FLAGS[wanted.view]
    return sum(whole.get(flag, 0) - counted.get(flag, 0) for flag in flags)


def inbox_counts(store: CallQuery) -> dict[str, int]:
    """Return how many calls of the inbox were missed, and how many are voicemail for us."""
    voicemail = CallFilter(call_type="voicemail", directions=MISSED["direction"])
    return {"missed": store.missed_count(), "voicemail": store.counts(voicemail)["inbox"]}


def inbox_count_of_day(store: CallQuery, day: date, zone: ZoneInfo) -> int:
    """Return how many calls of the inbox are of this local day."""
    until = midnight(day + timedelta(days=1), zone)
    return store.counts(CallFilter(since=midnight(day, zone), until=until))["inbox"]
