"""Figures of calling back, from the streaks and the kept counts: how soon, and what was missed.

A streak belongs to the time in which it began. Only missed calls and voicemail that came in count as missed.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, or_, select

from aircall.calls.callers import present_numbers
from aircall.calls.kept_counts import DAY, FIRST, HOUR, are_complete
from aircall.calls.tables import UNANSWERED, calls, counts, revision_of, streaks
from aircall.models import UNKNOWN, from_milliseconds, to_milliseconds
from aircall.storage.reading import RevisionCache

# How soon callers were called back.
STEPS = (timedelta(minutes=15), timedelta(hours=1), timedelta(days=1))
INCOMING = ("inbound", UNKNOWN)


@dataclass(frozen=True, slots=True)
class CallBacks:
    """Callers who were not answered, how many were reached, and within each of STEPS; their median wait."""

    callers: int
    reached: int
    within: tuple[int, ...]
    median: timedelta | None


@dataclass(frozen=True, slots=True)
class Missed:
    """How many of the calls that came in were missed."""

    missed: int = 0
    calls: int = 0


class CallBackQuery:
    """Figures of one database, cached per revision of the replica."""

    def __init__(self, engine: Engine) -> None:
        self._cache = RevisionCache(revision_of(engine))

    def call_backs(self, since: datetime, until: datetime, ours: Collection[str]) -> CallBacks:
        """Return the figures of the streaks that began in this time, without our own numbers."""
        key = frozenset(ours)

        def read(connection: Connection) -> CallBacks:
            return _call_backs(connection, to_milliseconds(since), to_milliseconds(until), key)

        return self._cache.get(("call-backs", since, until, key), read)

    def missed_by_hour(self, since: datetime, until: datetime, zone: ZoneInfo) -> dict[int, Missed]:
        """Return the calls that came in by local hour of the day; empty until the counts are complete."""

        def read(connection: Connection) -> dict[int, Missed]:
            first, end = (_bucket(time, HOUR) for time in (since, until))
            in_range = (
                counts.c.via == "",
                counts.c.width == HOUR,
                counts.c.bucket >= first,
                counts.c.bucket < end,
            )
            query = _grouped(counts.c.bucket, counts, func.sum(counts.c.count)).where(*in_range)
            return _missed(
                (from_milliseconds(FIRST + bucket * HOUR).astimezone(zone).hour, call_type, number)
                for bucket, call_type, number in connection.execute(query)
            )

        return self._cache.get(
            ("by hour", since, until, zone.key), lambda one: read(one) if are_complete(one) else {}
        )

    def missed_by_line(self, lines: Sequence[str], since: datetime, until: datetime) -> dict[str, Missed]:
        """Return the calls that came in by these lines; empty until the counts are complete."""

        def read(connection: Connection) -> dict[str, Missed]:
            # Whole days are counted; the calls of the incomplete ones are read by the index on lines.
            first, end = -(-_offset(since) // DAY), _bucket(until, DAY)
            days = (
                counts.c.via.in_(lines),
                counts.c.width == DAY,
                counts.c.bucket >= first,
                counts.c.bucket < end,
            )
            rests = or_(
                _between(to_milliseconds(since), FIRST + first * DAY),
                _between(FIRST + end * DAY, to_milliseconds(until)),
            )
            found = [
                *connection.execute(_grouped(counts.c.via, counts, func.sum(counts.c.count)).where(*days)),
                *connection.execute(
                    _grouped(calls.c.via, calls, func.count()).where(calls.c.via.in_(lines), rests)
                ),
            ]
            return _missed((via, call_type, number) for via, call_type, number in found)

        return self._cache.get(
            ("by line", tuple(lines), since, until), lambda one: read(one) if are_complete(one) else {}
        )


def _call_backs(connection: Connection, since: int, until: int, ours: Collection[str]) -> CallBacks:
    began = [streaks.c.started_at >= since, streaks.c.started_at < until, streaks.c.number_key != ""]
    if present := present_numbers(connection, ours, *began[:2]):
        began.append(streaks.c.number_key.not_in(present))
    wait = streaks.c.reached_at - streaks.c.started_at
    within = [func.count().filter(wait <= step // timedelta(milliseconds=1)) for step in STEPS]
    row = connection.execute(
        select(func.count(), func.count(streaks.c.reached_at), *within).where(*began)
    ).one()
    middle = select(wait).where(*began, streaks.c.reached_at.is_not(None)).order_by(wait)
    median = connection.scalar(middle.limit(1).offset((row[1] - 1) // 2)) if row[1] else None
    return CallBacks(
        callers=row[0],
        reached=row[1],
        within=tuple(row[2:]),
        median=None if median is None else timedelta(milliseconds=median),
    )


def _grouped(key: ColumnElement[Any], table: Any, number: ColumnElement[int]) -> Select[Any]:
    query = select(key, table.c.call_type, number).where(table.c.direction.in_(INCOMING))
    return query.group_by(key, table.c.call_type)


def _missed(rows: Any) -> dict[Any, Missed]:
    sums: defaultdict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for key, call_type, number in rows:
        sums[key][0] += int(number) if call_type in UNANSWERED else 0
        sums[key][1] += int(number)
    return {key: Missed(*pair) for key, pair in sums.items() if pair[1]}


def _between(since: int, until: int) -> ColumnElement[bool]:
    return (calls.c.created_at >= since) & (calls.c.created_at < until)


def _offset(time: datetime) -> int:
    return to_milliseconds(time) - FIRST


def _bucket(time: datetime, width: int) -> int:
    return _offset(time) // width
