"""Statistics for the charts: the number of calls by local day, by weekday and hour, and by kind.

Databases differ in how they know time zones, or do not know them, so they count by quarters of an hour, and
Python assigns the quarters to local days and hours. This is exact: since 2012 all clock changes have been at
a quarter and by whole quarters, except for one in Antarctica that was a minute late.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Select,
    String,
    and_,
    case,
    column,
    func,
    inspect,
    select,
    true,
    values,
)

from aircall.calls.count_cache import CountCache
from aircall.calls.filters import ARCHIVED_FLAGS, CallFilter, filter_conditions, is_kept, midnight
from aircall.calls.found import FoundCalls
from aircall.calls.kept_counts import DAY, END, FIRST, FIRST_TIME, HOUR, are_complete, count_by_kind
from aircall.calls.tables import KIND_INDEX, NO_TIME, calls, counts, revision_of
from aircall.models import CALL_TYPES, DIRECTIONS, UNKNOWN, from_milliseconds, to_milliseconds
from aircall.storage.reading import RevisionCache

# Milliseconds.
QUARTER = 15 * 60 * 1000
# Milliseconds since 1970. A whole quarter before all others: databases differ in how they divide negative
# numbers.
FIRST_QUARTER = NO_TIME // QUARTER * QUARTER
# Longer ranges are counted by quarters, not day by day.
MAX_DAYS = timedelta(days=62)
# The same with kept counts, which have a row for each hour.
MAX_KEPT_DAYS = timedelta(days=400)

# Direction and type.
CallKind = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Bucket:
    """The number of calls of a kind in a quarter of an hour; `quarter` is its start, None without a time."""

    quarter: datetime | None
    kind: CallKind
    count: int


@dataclass(frozen=True, slots=True)
class CallStatistics:
    """Call counts by local time. Calls without a time are in `totals` only. Cached: do not change it.

    `hours` has the keys (weekday, hour); Monday is 0. The hour that is repeated when a clock is set back is
    one key.
    """

    days: Mapping[date, Counter[CallKind]]
    hours: Counter[tuple[int, int]]
    totals: Counter[CallKind]

    # The cached object is the key of what is drawn of it; its content would take long to compare.
    __hash__ = object.__hash__


class CallStatisticsQuery:
    """Statistics of filtered lists, cached per revision of the replica."""

    def __init__(self, engine: Engine, found: FoundCalls | None = None) -> None:
        """Create the query; what searches found makes their statistics fast."""
        self._cache = RevisionCache(revision_of(engine))
        self._counts = CountCache(engine)
        self._found = found
        self._has_kind_index = False

    def read(self, wanted: CallFilter, zone: ZoneInfo) -> CallStatistics:
        """Return the statistics of the filtered list in this time zone."""
        return self._cache.get(
            ("all", wanted, zone.key), lambda _connection: bucket_by_day(self._buckets(wanted), zone)
        )

    def read_days(self, wanted: CallFilter, zone: ZoneInfo) -> CallStatistics:
        """Return the same without `hours`; faster for a range of few whole days in this time zone."""
        days = _whole_days(wanted, zone)
        if not days:
            return self.read(wanted, zone)
        return self._cache.get(
            ("days", wanted, zone.key), lambda connection: self._count_days(connection, wanted, days, zone)
        )

    def newest_day(self, wanted: CallFilter, zone: ZoneInfo) -> date | None:
        """Return the local day of the newest call of the filtered list; None if none has a time."""
        newest = self._cache.get(("newest", wanted), lambda connection: self._newest(connection, wanted))
        return newest.astimezone(zone).date() if newest else None

    def _count_days(
        self, connection: Connection, wanted: CallFilter, days: list[date], zone: ZoneInfo
    ) -> CallStatistics:
        is_of_rows = bool(wanted.line or wanted.number or wanted.search or wanted.cursor)
        if not is_of_rows and (kept := _count_by_kept(connection, wanted, days, zone)):
            return kept
        if is_of_rows or len(days) > MAX_DAYS.days:
            return self._by_rows(wanted, days, zone)
        # A deferred index: missing during the first full sync, and never dropped later.
        self._has_kind_index = self._has_kind_index or inspect(connection).has_index(calls.name, KIND_INDEX)
        if self._has_kind_index:
            return _count_by_index(connection, wanted, days, zone)
        # Without the index, each day and kind would scan all calls.
        return self._by_rows(wanted, days, zone)

    def _by_rows(self, wanted: CallFilter, days: list[date], zone: ZoneInfo) -> CallStatistics:
        begins = _begins(days, zone)
        times = [begin for begin, _ in begins]
        # Where no clock changes, the database can count by whole days.
        width = DAY if all(end - begin == DAY for begin, end in pairwise(times)) else QUARTER
        counted = (
            (times[bisect_right(times, times[0] + bucket * width) - 1], direction, call_type, number)
            for (bucket, direction, call_type), number in self._grouped(wanted, width, times[0]).items()
        )
        return _by_day(dict(begins), counted)

    def _newest(self, connection: Connection, wanted: CallFilter) -> datetime | None:
        candidates = self._candidates(wanted)
        query = select(calls.c.created_at).where(*filter_conditions(wanted, candidates))
        since = _newest_hour(connection, wanted)
        if since is not None:
            # Inside a CASE they use no index: SQLite would sort all calls of a kind.
            matching = case((and_(*filter_conditions(wanted)), 1)) == 1
            query = select(calls.c.created_at).where(calls.c.created_at >= since, matching)
        # `+ 0` disables the index on time, so that SQLite starts from the candidates.
        time = calls.c.created_at + 0 if candidates else calls.c.created_at
        newest = connection.scalar(query.where(time > NO_TIME).order_by(time.desc()).limit(1))
        return None if newest is None else from_milliseconds(newest)

    def _candidates(self, wanted: CallFilter) -> list[ColumnElement[bool]]:
        return self._found.candidates(wanted.search) if self._found else []

    def _buckets(self, wanted: CallFilter) -> list[Bucket]:
        counted = self._grouped(wanted, QUARTER, FIRST_QUARTER)
        return [
            Bucket(_start_of(bucket), (direction, call_type), number)
            for (bucket, direction, call_type), number in counted.items()
        ]

    def _grouped(self, wanted: CallFilter, width: int, first: int) -> Counter[tuple[Any, ...]]:
        """Return the number of calls by bucket of this width, counted from `first`, direction and type."""

        def grouped(rows: FromClause, number: ColumnElement[int]) -> Select[Any]:
            bucket = ((rows.c.created_at - first) // width).label("bucket")
            conditions = filter_conditions(wanted, self._candidates(wanted) if rows is calls else [], rows)
            query = select(bucket, rows.c.direction, rows.c.call_type, number.label("number"))
            return query.where(*conditions).group_by("bucket", rows.c.direction, rows.c.call_type)

        return self._counts.get((wanted, width, first), grouped)


def bucket_by_day(buckets: Iterable[Bucket], zone: ZoneInfo) -> CallStatistics:
    """Return the statistics of these buckets in this time zone."""
    days: defaultdict[date, Counter[CallKind]] = defaultdict(Counter)
    hours: Counter[tuple[int, int]] = Counter()
    totals: Counter[CallKind] = Counter()
    for bucket in buckets:
        totals[bucket.kind] += bucket.count
        if bucket.quarter:
            local = bucket.quarter.astimezone(zone)
            days[local.date()][bucket.kind] += bucket.count
            hours[local.weekday(), local.hour] += bucket.count
    return CallStatistics(dict(days), hours, totals)


def _start_of(quarter: int) -> datetime | None:
    # Quarter 0 is that of NO_TIME, before all real times.
    return from_milliseconds(FIRST_QUARTER + quarter * QUARTER) if quarter else None


def _whole_days(wanted: CallFilter, zone: ZoneInfo) -> list[date]:
    """Return the local days of the filter's time range; empty if they are not whole days, or too many."""
    if wanted.since is None or wanted.until is None:
        return []
    first, last = (time.astimezone(zone).date() for time in (wanted.since, wanted.until))
    if not first < last <= first + MAX_KEPT_DAYS:
        return []
    days = [first + timedelta(number) for number in range((last - first).days)]
    is_whole = (wanted.since, wanted.until) == (midnight(first, zone), midnight(last, zone))
    return days if is_whole else []


def _count_by_kept(
    connection: Connection, wanted: CallFilter, days: list[date], zone: ZoneInfo
) -> CallStatistics | None:
    """Sum the kept counts of each day; None if they are not complete, or days do not begin at an hour."""
    begins = _begins(days, zone)
    if any(begin % HOUR for begin, _ in begins) or not are_complete(connection):
        return None
    ranges = [(begin, end) for (begin, _), (end, _) in pairwise(begins)]
    counted = count_by_kind(connection, ranges, wanted.kinds, ARCHIVED_FLAGS[wanted.view])
    return _by_day(dict(begins), counted)


def _newest_hour(connection: Connection, wanted: CallFilter) -> int | None:
    """Return when the newest hour began that has calls of these kinds; None without kinds or kept counts."""
    if not wanted.kinds or wanted.line or not is_kept(wanted) or not are_complete(connection):
        return None
    # Whole hours only: of another one, all calls may be too new.
    until = END if wanted.until is None else to_milliseconds(wanted.until)
    query = select(counts.c.bucket).where(
        counts.c.via == "",
        counts.c.width == HOUR,
        counts.c.bucket >= (FIRST_TIME - FIRST) // HOUR,
        counts.c.bucket < (until - FIRST) // HOUR,
        *(counts.c[name].in_(allowed) for name, allowed in wanted.kinds.items()),
        counts.c.is_archived.in_(ARCHIVED_FLAGS[wanted.view]),
        counts.c.count > 0,
    )
    bucket = connection.scalar(query.order_by(counts.c.bucket.desc()).limit(1))
    return None if bucket is None else FIRST + int(bucket) * HOUR


def _begins(days: list[date], zone: ZoneInfo) -> list[tuple[int, date]]:
    """Return when each day begins, in milliseconds, and the day after the last one."""
    return [(to_milliseconds(midnight(day, zone)), day) for day in [*days, days[-1] + timedelta(1)]]


def _by_day(begins: Mapping[int, date], counted: Iterable[tuple[int, str, str, int]]) -> CallStatistics:
    counts: defaultdict[date, Counter[CallKind]] = defaultdict(Counter)
    totals: Counter[CallKind] = Counter()
    for since, direction, call_type, count in counted:
        if count:
            counts[begins[since]][direction, call_type] += count
            totals[direction, call_type] += count
    return CallStatistics(dict(counts), Counter(), totals)


def _count_by_index(
    connection: Connection, wanted: CallFilter, days: list[date], zone: ZoneInfo
) -> CallStatistics:
    """Count each day and kind as one range of KIND_INDEX, without reading rows."""
    kinds = _kinds(wanted)
    # `direction` may be none of `directions`; databases know no VALUES without rows.
    if not kinds:
        return CallStatistics({}, Counter(), Counter())
    begins = _begins(days, zone)
    day = values(column("since", BigInteger), column("until", BigInteger)).data(
        [(begin, end) for (begin, _), (end, _) in pairwise(begins)]
    )
    kind = values(column("direction", String), column("call_type", String)).data(kinds)
    query = _count_ranges(wanted, day.cte("day"), kind.cte("kind"))
    return _by_day(dict(begins), (tuple(row) for row in connection.execute(query)))


def _count_ranges(wanted: CallFilter, day: CTE, kind: CTE) -> Select[Any]:
    count = select(func.count()).where(
        calls.c.direction == kind.c.direction,
        calls.c.call_type == kind.c.call_type,
        # Also for all calls: KIND_INDEX has this column before the time.
        calls.c.is_archived.in_(ARCHIVED_FLAGS[wanted.view]),
        calls.c.created_at >= day.c.since,
        calls.c.created_at < day.c.until,
    )
    return select(day.c.since, kind.c.direction, kind.c.call_type, count.scalar_subquery()).join_from(
        day, kind, true()
    )


def _kinds(wanted: CallFilter) -> list[CallKind]:
    return [
        (direction, call_type)
        for direction in (*DIRECTIONS, UNKNOWN)
        for call_type in (*CALL_TYPES, UNKNOWN)
        if direction in wanted.kinds.get("direction", (direction,))
        and call_type in wanted.kinds.get("call_type", (call_type,))
    ]
