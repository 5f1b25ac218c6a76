"""Queries on the replica: filtered lists with paging, counts, adjacent calls.

Calls are sorted newest first, and by id within one time; calls without a time come last. Every process may
write to the database, so counts are cached per revision of the replica (RevisionCache).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
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
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    true,
    tuple_,
)

from aircall.calls.count_cache import HEAD, CountCache, HeadCache, written_since
from aircall.calls.kept_counts import (
    END,
    FIRST,
    FIRST_TIME,
    CountedRange,
    Kinds,
    are_complete,
    count_range,
    find_bucket,
    find_lines,
    most_used_lines,
)
from aircall.calls.search import SearchIndex, search_condition
from aircall.calls.tables import NO_TIME, calls, from_row, revision_of, time_key
from aircall.models import DIRECTIONS, UNKNOWN, Call, to_milliseconds
from aircall.storage.database import TEXT
from aircall.storage.reading import RevisionCache, connected

VIEWS = ("inbox", "archived", "all")
# Statements that are kept, one for each list.
STATEMENTS = 128
# A page after so many others is found by the kept counts; the calls before others are skipped one by one.
SKIPPED_PAGES = 4
# Of fewer calls of a kind SQLite sorts all, rather than look for them among the others.
RARE = 2000
ARCHIVED_FLAGS = {"inbox": (False,), "archived": (True,), "all": (False, True)}
MISSED = {"call_type": ("missed",), "direction": ("inbound", UNKNOWN)}


@dataclass(frozen=True, slots=True, order=True)
class SortKey:
    """The sort key of a call in the list."""

    time_key: int
    call_id: str

    @classmethod
    def of(cls, call: Call) -> "SortKey":
        """Return the sort key of this call."""
        return cls(time_key(call), call.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls a list contains. Empty values and None do not filter; `since` is inclusive, `until` is not.

    `directions` are those of a kind, of which `direction` may leave none. `number` is the `number_key` of the
    other side; a `search` also finds the calls with the keys in `named`. `cursor` drops the calls before it,
    so that pages stay stable while calls come in (keyset pagination). A call without a time is outside every
    time range.
    """

    view: str = "inbox"
    call_type: str = ""
    direction: str = ""
    directions: tuple[str, ...] = ()
    line: str = ""
    number: str = ""
    search: str = ""
    named: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    cursor: SortKey | None = None

    @property
    def kinds(self) -> Kinds:
        """The type and direction that are filtered by, as the kept counts take them."""
        chosen = {"call_type": (self.call_type,), "direction": self.directions or (self.direction,)}
        if self.direction and self.directions:
            chosen["direction"] = tuple({self.direction} & {*self.directions})
        return {name: values for name, values in chosen.items() if values != ("",)}


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
        if offset >= SKIPPED_PAGES * limit and _is_kept(wanted):
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
            query = _by_candidates(query).offset(offset).limit(limit)
            found = [from_row(row) for row in connection.execute(query)]
        if head.end is None or len(found) == limit:
            return found
        self._heads.drop(wanted)
        return None

    def _page_query(self, wanted: CallFilter) -> Select[Any]:
        if candidates := self.search.candidates(wanted.search):
            return _by_candidates(select(calls).where(*filter_conditions(wanted, candidates)))
        return _sorted(self._page_conditions(wanted))

    def _far_page(self, wanted: CallFilter, offset: int, limit: int) -> list[Call]:
        """Return the page without stepping through the calls before it: by the kept counts."""
        place = self._cache.get(("place", wanted, offset), partial(_place, wanted, offset))
        if place is None:
            return []
        end, skipped = place
        query = _sorted(self._page_conditions(wanted)).where(calls.c.created_at < end)
        return self._read(query.offset(skipped).limit(limit))

    def _page_conditions(self, wanted: CallFilter) -> Sequence[ColumnElement[bool]]:
        has_choice = wanted.line or wanted.kinds
        if self.engine.dialect.name != "sqlite" or not has_choice or not _is_kept(wanted):
            return filter_conditions(wanted)
        is_rare = not wanted.line and self.counts(replace(wanted, cursor=None))[wanted.view] < RARE
        return _of_rare_kind(wanted) if is_rare else _in_list_order(wanted)

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
            return count_range(connection, _counted(wanted)) if are_complete(connection) else None

        return self._cache.get(("counts", wanted), count) if _is_kept(wanted) else None

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
            query = select(func.count()).where(*is_missed, _in_view("inbox"))
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


def filter_conditions(
    wanted: CallFilter, candidates: Sequence[ColumnElement[bool]] = (), rows: FromClause = calls
) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter; `candidates` (see SearchIndex) replace that of its search."""
    if not candidates:
        return [_in_view(wanted.view, rows), *_column_conditions(wanted, rows)]
    others = and_(_in_view(wanted.view), *_column_conditions(replace(wanted, search="")))
    # Inside a CASE they use no index, so that SQLite starts from the candidates.
    return [_or_named(wanted, and_(*candidates), calls), case((others, 1)) == 1]


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


# Building a statement takes as long as executing it.
@lru_cache(STATEMENTS)
def newest_first(wanted: CallFilter) -> Select[tuple[object, ...]]:
    """Return the statement that reads the filtered list."""
    return _sorted(filter_conditions(wanted))


def _sorted(conditions: Sequence[ColumnElement[bool]]) -> Select[tuple[object, ...]]:
    return select(calls).where(*conditions).order_by(calls.c.created_at.desc(), calls.c.id.desc())


def _by_candidates(query: Select[tuple[object, ...]]) -> Select[tuple[object, ...]]:
    # `+ 0` disables the index on time, so that SQLite starts from the candidates.
    return query.order_by((calls.c.created_at + 0).desc(), calls.c.id.desc())


def _in_list_order(wanted: CallFilter) -> Sequence[ColumnElement[bool]]:
    """Return the conditions of a filter so that SQLite reads an index that is in the list's order.

    It would rather sort all calls of a kind, and for a line read all others too: it has no statistics.
    """
    times = _time_conditions(wanted)
    if wanted.line:
        others = and_(_in_view(wanted.view), *_kind_conditions(wanted))
        return [calls.c.via == wanted.line, *times, case((others, 1)) == 1]
    return [_in_view(wanted.view), *times, case((and_(*_kind_conditions(wanted)), 1)) == 1]


def _of_rare_kind(wanted: CallFilter) -> Sequence[ColumnElement[bool]]:
    """Return the conditions of a filter that few calls match, for the index on kinds."""
    # It begins with the direction.
    every = () if "direction" in wanted.kinds else (calls.c.direction.in_((*DIRECTIONS, UNKNOWN)),)
    return [*every, *filter_conditions(wanted)]


def _in_view(view: str, rows: FromClause = calls) -> ColumnElement[bool]:
    return true() if view == "all" else rows.c.is_archived.is_(view == "archived")


def _column_conditions(wanted: CallFilter, rows: FromClause = calls) -> list[ColumnElement[bool]]:
    equal = ((rows.c.via, wanted.line), (rows.c.counterpart, wanted.number))
    conditions = [column == value for column, value in equal if value]
    conditions += _kind_conditions(wanted, rows) + _time_conditions(wanted, rows)
    if wanted.search:
        conditions.append(_or_named(wanted, search_condition(wanted.search, rows), rows))
    return conditions


def _or_named(wanted: CallFilter, is_found: ColumnElement[bool], rows: FromClause) -> ColumnElement[bool]:
    return or_(is_found, rows.c.counterpart.in_(wanted.named)) if wanted.named else is_found


def _kind_conditions(wanted: CallFilter, rows: FromClause = calls) -> list[ColumnElement[bool]]:
    # `==` where it can be: for `in`, SQLite would sort what an index has in order.
    return [
        rows.c[name] == values[0] if len(values) == 1 else rows.c[name].in_(values)
        for name, values in wanted.kinds.items()
    ]


def _time_conditions(wanted: CallFilter, rows: FromClause = calls) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        conditions.append(rows.c.created_at >= to_milliseconds(wanted.since))
    if wanted.until is not None:
        conditions += [rows.c.created_at > NO_TIME, rows.c.created_at < to_milliseconds(wanted.until)]
    if wanted.cursor is not None:
        cursor = (wanted.cursor.time_key, wanted.cursor.call_id)
        conditions.append(tuple_(rows.c.created_at, rows.c.id) <= cursor)
    return conditions


def _is_kept(wanted: CallFilter) -> bool:
    """Return whether the kept counts know the calls of this filter."""
    return not wanted.search and not wanted.number


def _counted(wanted: CallFilter) -> CountedRange:
    """Return what the kept counts count for this filter."""
    since = FIRST if wanted.since is None else to_milliseconds(wanted.since)
    until, last = END, ""
    if wanted.until is not None:
        since, until = max(since, FIRST_TIME), to_milliseconds(wanted.until)
    if wanted.cursor is not None and wanted.cursor.time_key < until:
        until, last = wanted.cursor.time_key, wanted.cursor.call_id
    return CountedRange(wanted.line, wanted.kinds, since, until, last)


def _place(wanted: CallFilter, offset: int, connection: Connection) -> tuple[int, int] | None:
    """Return a time before which the page begins, and after how many calls; None if it is beyond the last."""
    if not are_complete(connection):
        return END, offset
    # Places are counted from the newest call of all time.
    place = offset + _count_after(connection, wanted)
    counted = _counted(wanted)
    everything = CountedRange(counted.line, counted.kinds)
    found = find_bucket(connection, everything, ARCHIVED_FLAGS[wanted.view], place)
    return None if found is None else (found[0], place - found[1])


def _count_after(connection: Connection, wanted: CallFilter) -> int:
    """Return the number of calls of the view after the filter's time range and before its cursor."""
    in_range = replace(_counted(wanted), since=FIRST)
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


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which the day begins in this zone: a bound of `since` and `until`."""
    return datetime.combine(day, time.min, zone)
