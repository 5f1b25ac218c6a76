"""What is known of the number behind a call: the other calls with it, and how often one of them was missed.

Knows SQL; writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, select

from aircall.call_query import NUMBER_CHARACTERS, CallFilter, CallQuery, newest_first
from aircall.call_table import calls, from_row, number_key, to_milliseconds
from aircall.models import Call

LATEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """The calls with one number, in every view, but for the call whose context this is.

    `missed_today_count` is a part of `missed_count`, the calls from outside that nobody took; `latest` are
    the last few, newest first. `number` is what a search finds all of them by, and empty where the other side
    showed none: nothing is counted then.
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
        count, missed_count, missed_today_count = connection.execute(_counts(others, today)).one()
        latest = tuple(from_row(row) for row in connection.execute(newest))
    return CallContext(
        # A search takes nothing for a number that has other characters in it.
        number=call.counterpart if NUMBER_CHARACTERS.issuperset(call.counterpart) else key,
        count=count,
        missed_count=missed_count,
        missed_today_count=missed_today_count,
        latest=latest,
    )


def _counts(wanted: ColumnElement[bool], today: tuple[datetime, datetime]) -> Select[int, int, int]:
    """How many of the wanted calls there are, how many were missed, and how many of those today."""
    begins, ends = map(to_milliseconds, today)
    is_missed = and_(calls.c.call_type == "missed", calls.c.direction == "inbound")
    is_today = and_(calls.c.created_at >= begins, calls.c.created_at < ends)
    return select(
        func.count(),
        func.count().filter(is_missed),
        func.count().filter(and_(is_missed, is_today)),
    ).where(wanted)
