"""What is known of the number behind a call: the other calls with it, and how often one of them was missed.

Knows SQL; writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, select

from aircall.call_query import CallFilter, CallQuery, newest_first
from aircall.call_table import calls, from_row, number_key, to_milliseconds
from aircall.models import Call

LATEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """The calls with one number, in every view, but for the call whose context this is.

    `missed_today_count` is a part of `missed_count`, the missed calls but those of our own that nobody took;
    `latest` are the last few, newest first. `number` is their number as `number_key` has it, and empty where
    the other side showed none: nothing is counted then.
    """

    number: str
    count: int = 0
    missed_count: int = 0
    missed_today_count: int = 0
    latest: Sequence[Call] = ()


def read_context(log: CallQuery, call: Call, today: tuple[datetime, datetime]) -> CallContext:
    """The context of this call; `today` is when the day began and when the next one begins."""
    key = number_key(call.counterpart)
    if not key:
        return CallContext(number="")
    others = and_(calls.c.counterpart == key, calls.c.id != call.id)
    newest = newest_first(CallFilter(view="all")).where(others).limit(LATEST)
    with log.engine.connect() as connection:
        counts = connection.execute(_counts(others, today)).one()
        latest = tuple(from_row(row) for row in connection.execute(newest))
    return CallContext(number=key, latest=latest, **counts._asdict())


def _counts(wanted: ColumnElement[bool], today: tuple[datetime, datetime]) -> Select[int, int, int]:
    """How many of the wanted calls there are, how many were missed, and how many of those today, by name."""
    begins, ends = map(to_milliseconds, today)
    is_missed = and_(calls.c.call_type == "missed", calls.c.direction != "outbound")
    is_today = and_(calls.c.created_at >= begins, calls.c.created_at < ends)
    return select(
        func.count().label("count"),
        func.count().filter(is_missed).label("missed_count"),
        func.count().filter(and_(is_missed, is_today)).label("missed_today_count"),
    ).where(wanted)
