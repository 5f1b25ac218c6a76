"""Numbers of calls, put into the days and hours of a zone. Knows no SQL.

How many calls there were, when and of what sort, for the pictures. Knows SQL; writes nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Select,
    String,
    column,
    func,
    inspect,
    select,
    true,
    values,
)

from aircall.calls.query import CallFilter, all_conditions
from aircall.calls.search import SearchIndex
from aircall.calls.tables import NO_TIME, REVISION, SORT_INDEX, calls, from_milliseconds, to_milliseconds
from aircall.models import CALL_TYPES, DIRECTIONS, UNKNOWN
from aircall.storage.database import RevisionCache

# A call's direction and type.
CallKind = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many calls of one sort came in a quarter of an hour; `quarter` is its start, None if unknown."""

    quarter: datetime | None
    sort: CallKind
    number: int


@dataclass(frozen=True, slots=True)
class CallStatistics:
    """Numbers of calls, by local time; those without a time are only in `totals`. Not to be changed.

    `hours` are for (weekday, hour): Monday is 0, and the hours of a clock that is set back count together.
    """

    days: Mapping[date, Counter[CallKind]]
    hours: Counter[tuple[int, int]]
    totals: Counter[CallKind]


def bucket_by_day(tallies: Iterable[Bucket], zone: ZoneInfo) -> CallStatistics:
    """The figures by the days and hours of this zone."""
    days: defaultdict[date, Counter[CallKind]] = defaultdict(Counter)
    hours: Counter[tuple[int, int]] = Counter()
    totals: Counter[CallKind] = Counter()
    for tally in tallies:
        totals[tally.sort] += tally.number
        if tally.quarter:
            local = tally.quarter.astimezone(zone)
            days[local.date()][tally.sort] += tally.number
            hours[local.weekday(), local.hour] += tally.number
    return CallStatistics(dict(days), hours, totals)


# Databases know zones each in their own way, or not at all, so they count by quarters of an hour, and Python
# puts those into local days and hours. Since 2012 every clock has been set at a quarter, by whole quarters,
# but for one in Antarctica that was set a minute late.
QUARTER_MS = 15 * 60 * 1000
# Quarters are counted from here, a whole one, so that none is negative: databases differ in dividing those.
START_MS = NO_TIME // QUARTER_MS * QUARTER_MS

# More days than these are not counted one by one.
MOST_DAYS = timedelta(days=62)
VIEW_FLAGS = {"inbox": [False], "archived": [True], "all": [False, True]}


class CallStatisticsQuery:
    """Counts the calls of a log, once for each state that it is in."""

    def __init__(self, engine: Engine, search: SearchIndex | None = None) -> None:
        """With the log's index, `search`, those of a search for something rare are found quickly."""
        self._cache = RevisionCache(engine, REVISION)
        self._search = search
        self._has_index = False

    def read(self, wanted: CallFilter, zone: ZoneInfo) -> CallStatistics:
        """The figures of the filtered list, in this zone."""
        return self._cache.get(
            ("figures", wanted, zone.key),
            lambda connection: bucket_by_day(self._tallies(connection, wanted), zone),
        )

    def read_days(self, wanted: CallFilter, zone: ZoneInfo) -> CallStatistics:
        """The same but for `hours`, sooner where a range of a few days in this zone is wanted."""
        days = _days_of(wanted, zone)
        if not days or wanted.line or wanted.number or wanted.search or wanted.cursor:
            return self.read(wanted, zone)
        return self._cache.get(
            ("days", wanted, zone.key), lambda connection: self._days(connection, wanted, days, zone)
        )

    def newest_day(self, wanted: CallFilter, zone: ZoneInfo) -> date | None:
        """The day, in this zone, of the newest call of the filtered list; None where none has a time."""
        newest = self._cache.get(("newest", wanted), lambda connection: self._newest(connection, wanted))
        return newest.astimezone(zone).date() if newest else None

    def _days(
        self, connection: Connection, wanted: CallFilter, days: list[date], zone: ZoneInfo
    ) -> CallStatistics:
        # There is none yet while the list is read for the first time. Once made, it stays.
        self._has_index = self._has_index or inspect(connection).has_index(calls.name, SORT_INDEX)
        if self._has_index:
            return _by_day(connection, wanted, days, zone)
        # Each day's sorts would be looked for among all calls.
        whole = bucket_by_day(self._tallies(connection, wanted), zone)
        return CallStatistics(whole.days, Counter(), whole.totals)

    def _newest(self, connection: Connection, wanted: CallFilter) -> datetime | None:
        candidates = self._candidates(wanted)
        query = select(calls.c.created_at).where(*all_conditions(wanted, candidates))
        # Of few calls the newest is looked for among them, and not among all.
        time = calls.c.created_at + 0 if candidates else calls.c.created_at
        newest = connection.scalar(query.where(time > NO_TIME).order_by(time.desc()).limit(1))
        return None if newest is None else from_milliseconds(newest)

    def _candidates(self, wanted: CallFilter) -> list[ColumnElement[bool]]:
        return self._search.candidates(wanted.search) if self._search else []

    def _tallies(self, connection: Connection, wanted: CallFilter) -> list[Bucket]:
        quarter = ((calls.c.created_at - START_MS) // QUARTER_MS).label("quarter")
        query = (
            select(quarter, calls.c.direction, calls.c.call_type, func.count().label("number"))
            .where(*all_conditions(wanted, self._candidates(wanted)))
            .group_by("quarter", calls.c.direction, calls.c.call_type)
        )
        return [
            Bucket(_start_of(row.quarter), (row.direction, row.call_type), row.number)
            for row in connection.execute(query)
        ]


def _days_of(wanted: CallFilter, zone: ZoneInfo) -> list[date]:
    """The local days that the filter's times make up, empty where they make up none or too many."""
    if wanted.since is None or wanted.until is None:
        return []
    first, last = (time.astimezone(zone).date() for time in (wanted.since, wanted.until))
    if not first < last <= first + MOST_DAYS:
        return []
    days = [first + timedelta(number) for number in range((last - first).days)]
    is_whole = (wanted.since, wanted.until) == (_midnight(first, zone), _midnight(last, zone))
    return days if is_whole else []


def _by_day(connection: Connection, wanted: CallFilter, days: list[date], zone: ZoneInfo) -> CallStatistics:
    """Each day's calls of each sort, which lie side by side in an index: they are counted, not looked at."""
    begins = {to_milliseconds(_midnight(day, zone)): day for day in days}
    ends = [*list(begins)[1:], to_milliseconds(_midnight(days[-1] + timedelta(1), zone))]
    day = values(column("since", BigInteger), column("until", BigInteger)).data(
        list(zip(begins, ends, strict=True))
    )
    sort = values(column("direction", String), column("call_type", String)).data(_sorts(wanted))
    query = _numbers(wanted, day.cte("day"), sort.cte("sort"))
    numbers: defaultdict[date, Counter[CallKind]] = defaultdict(Counter)
    totals: Counter[CallKind] = Counter()
    for since, direction, call_type, number in connection.execute(query):
        if number:
            numbers[begins[since]][direction, call_type] += number
            totals[direction, call_type] += number
    return CallStatistics(dict(numbers), Counter(), totals)


def _numbers(wanted: CallFilter, day: CTE, sort: CTE) -> Select[Any]:
    """How many calls of each sort came on each day."""
    number = select(func.count()).where(
        calls.c.direction == sort.c.direction,
        calls.c.call_type == sort.c.call_type,
        # In every view by name, as the index of sorts has the view before the time.
        calls.c.is_archived.in_(VIEW_FLAGS[wanted.view]),
        calls.c.created_at >= day.c.since,
        calls.c.created_at < day.c.until,
    )
    return select(day.c.since, sort.c.direction, sort.c.call_type, number.scalar_subquery()).join_from(
        day, sort, true()
    )


def _sorts(wanted: CallFilter) -> list[CallKind]:
    return [
        (direction, call_type)
        for direction in (*DIRECTIONS, UNKNOWN)
        for call_type in (*CALL_TYPES, UNKNOWN)
        if wanted.direction in ("", direction) and wanted.call_type in ("", call_type)
    ]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def _start_of(quarter: int) -> datetime | None:
    # The first quarter is that of NO_TIME, which is longer ago than any time there is.
    return from_milliseconds(START_MS + quarter * QUARTER_MS) if quarter else None
