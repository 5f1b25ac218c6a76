"""How many calls there were, when and of what sort, for the pictures. Knows SQL; writes nothing."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, func, select

from aircall.call_query import CallFilter, conditions, in_view
from aircall.call_table import NO_TIME, calls, from_milliseconds
from aircall.remembered import Remembered

# Databases know zones each in their own way, or not at all, so they count by quarters of an hour, and Python
# puts those into local days and hours. Since 2012 every clock has been set at a quarter, by whole quarters,
# but for one in Antarctica that was set a minute late.
QUARTER_MS = 15 * 60 * 1000
# Quarters are counted from here, a whole one, so that none is negative: databases differ in dividing those.
START_MS = NO_TIME // QUARTER_MS * QUARTER_MS

# A call's direction and type.
Sort = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many calls of one sort came in a quarter of an hour; `quarter` is its start, None if unknown."""

    quarter: datetime | None
    sort: Sort
    number: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of calls, by local time; those without a time are only in `totals`. Not to be changed.

    `hours` are for (weekday, hour): Monday is 0, and the hours of a clock that is set back count together.
    """

    days: Mapping[date, Counter[Sort]]
    hours: Counter[tuple[int, int]]
    totals: Counter[Sort]


class CallFigures:
    """Counts the calls of a log, once for each state that it is in."""

    def __init__(self, engine: Engine) -> None:
        self._remembered = Remembered(engine)

    def read(self, wanted: CallFilter, zone: ZoneInfo) -> Figures:
        """The figures of the filtered list, in this zone."""
        return self._remembered.answer(
            ("figures", wanted, zone.key), lambda connection: in_zone(_tallies(connection, wanted), zone)
        )

    def newest_day(self, wanted: CallFilter, zone: ZoneInfo) -> date | None:
        """The day, in this zone, of the newest call of the filtered list; None where none has a time."""
        newest = self._remembered.answer(("newest", wanted), lambda connection: _newest(connection, wanted))
        return newest.astimezone(zone).date() if newest else None


def in_zone(tallies: Iterable[Tally], zone: ZoneInfo) -> Figures:
    """The figures by the days and hours of this zone."""
    days: defaultdict[date, Counter[Sort]] = defaultdict(Counter)
    hours: Counter[tuple[int, int]] = Counter()
    totals: Counter[Sort] = Counter()
    for tally in tallies:
        totals[tally.sort] += tally.number
        if tally.quarter:
            local = tally.quarter.astimezone(zone)
            days[local.date()][tally.sort] += tally.number
            hours[local.weekday(), local.hour] += tally.number
    return Figures(dict(days), hours, totals)


def _tallies(connection: Connection, wanted: CallFilter) -> list[Tally]:
    quarter = ((calls.c.created_at - START_MS) // QUARTER_MS).label("quarter")
    query = (
        select(quarter, calls.c.direction, calls.c.call_type, func.count().label("number"))
        .where(in_view(wanted.view), *conditions(wanted))
        .group_by("quarter", calls.c.direction, calls.c.call_type)
    )
    return [
        Tally(_start_of(row.quarter), (row.direction, row.call_type), row.number)
        for row in connection.execute(query)
    ]


def _start_of(quarter: int) -> datetime | None:
    # The first quarter is that of NO_TIME, which is longer ago than any time there is.
    return from_milliseconds(START_MS + quarter * QUARTER_MS) if quarter else None


def _newest(connection: Connection, wanted: CallFilter) -> datetime | None:
    timed = calls.c.created_at > NO_TIME
    query = select(calls.c.created_at).where(timed, in_view(wanted.view), *conditions(wanted))
    newest = connection.scalar(query.order_by(calls.c.created_at.desc()).limit(1))
    return None if newest is None else from_milliseconds(newest)
