"""Queries on the replica: filtered lists with paging, counts, adjacent calls.

Every process may write to the database, so counts are cached per revision of the replica (RevisionCache).
"""

from collections.abc import Sequence
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
    Select,
    bindparam,
    func,
    literal,
    select,
    tuple_,
)

from aircall.calls.count_cache import HEAD, HeadCache, written_since
from aircall.calls.filters import (
    ARCHIVED_FLAGS,
    STATEMENTS,
    CallFilter,
    SortKey,
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
from aircall.calls.found import FoundCalls
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
from aircall.calls.list_counts import ListCounter, ViewCounts
from aircall.calls.search import SearchIndex
from aircall.calls.tables import calls, from_row, revision_of, time_key
from aircall.models import UNKNOWN, Call
from aircall.storage.database import TEXT
from aircall.storage.reading import RevisionCache, connected

# A page after so many others is found by the kept counts; the calls before others are skipped one by one.
SKIPPED_PAGES = 4
# Of fewer calls of a kind SQLite sorts all, rather than look for them among the others.
RARE = 2000
SORT_KEY = tuple_(calls.c.created_at, calls.c.id)
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
        self.found = FoundCalls(engine, has_fts=search.is_maintained)
        self._cache = RevisionCache(revision_of(engine))
        self._counter = ListCounter(engine, self.found)
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
            head = self._heads.get(connection, wanted, newest, least=offset + limit)
            later = written_since(connection, head, lambda rows: filter_conditions(wanted, rows=rows))
            query = select(calls).where(calls.c.row_version.in_([*head.row_versions, *later]))
            query = sorted_by_candidates(query).offset(offset).limit(limit)
            found = [from_row(row) for row in connection.execute(query)]
        if head.end is None or len(found) == limit:
            return found
        self._heads.drop(wanted)
        return None

    def page_after(self, wanted: CallFilter, key: SortKey, limit: int) -> list[Call]:
        """Return up to `limit` calls of the filtered list that follow this place in it."""
        return self._read(self._page_query(wanted).where(_sort_key(key) > SORT_KEY).limit(limit))

    def page_before(self, wanted: CallFilter, key: SortKey, limit: int) -> list[Call]:
        """Return up to `limit` calls of the filtered list that precede this place in it, newest first."""
        query = self._page_query(wanted).where(_sort_key(key) < SORT_KEY)
        # `+ 0` as in the order of candidates, which may be what is read.
        is_small = bool(self.found.candidates(wanted.search))
        time = calls.c.created_at + 0 if is_small else calls.c.created_at
        return self._read(query.order_by(None).order_by(time, calls.c.id).limit(limit))[::-1]

    def _page_query(self, wanted: CallFilter) -> Select[Any]:
        if candidates := self.found.candidates(wanted.search):
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
        return self._counter.exact(wanted)

    def quick_counts(self, wanted: CallFilter) -> ViewCounts:
        """Return the same without the cursor, at once: of a search maybe only how many there are at least."""
        return self._counter.quick(wanted)

    def newer_count(self, wanted: CallFilter) -> int:
        """Return how many calls of the filtered list are before its cursor."""
        return self._counter.newer(wanted)

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


def _sort_key(key: SortKey) -> ColumnElement[Any]:
    return tuple_(literal(key.time_key, BigInteger), literal(key.call_id, TEXT))


@lru_cache(STATEMENTS)
def _neighbors(wanted: CallFilter) -> Select[str, str]:
    """Return the query of the calls before and after the one with `time_key` and `call_id`."""
    here = tuple_(bindparam("time_key", type_=BigInteger), bindparam("call_id", type_=TEXT))
    newer = select(calls.c.id).where(here < SORT_KEY, *filter_conditions(wanted))
    newer = newer.order_by(calls.c.created_at, calls.c.id)
    older = newest_first(wanted).with_only_columns(calls.c.id).where(here > SORT_KEY)
    return select(newer.limit(1).scalar_subquery(), older.limit(1).scalar_subquery())


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
