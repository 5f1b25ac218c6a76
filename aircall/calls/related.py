"""The other calls with the number of one call, whatever its spelling."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, bindparam, func, select

from aircall.calls.filters import CallFilter, newest_first
from aircall.calls.phone_numbers import number_key
from aircall.calls.query import CallQuery
from aircall.calls.tables import calls, from_row
from aircall.models import Call, to_milliseconds
from aircall.storage.reading import connected

# Calls listed by `read_related_calls`.
LATEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedCalls:
    """The other calls with the number of one call, in every view.

    `missed_count` leaves out outbound calls, and includes `missed_today_count`; `latest` is sorted newest
    first. `number` is their `number_key`. If it is empty, the number is hidden, and nothing is counted.
    """

    number: str
    count: int = 0
    missed_count: int = 0
    missed_today_count: int = 0
    latest: Sequence[Call] = ()


def read_related_calls(store: CallQuery, call: Call, today: tuple[datetime, datetime]) -> RelatedCalls:
    """Return the other calls with this call's number; `today` is where the current day begins and ends."""
    key = number_key(call.counterpart)
    if not key:
        return RelatedCalls(number="")
    begins, ends = map(to_milliseconds, today)
    values = {"number": key, "call_id": call.id, "begins": begins, "ends": ends}
    with connected(store.engine) as connection:
        counts = connection.execute(COUNT_RELATED, values).one()
        latest = tuple(from_row(row) for row in connection.execute(LATEST_RELATED, values))
    return RelatedCalls(number=key, latest=latest, **counts._asdict())


def _count_related() -> Select[int, int, int]:
    is_missed = and_(calls.c.call_type == "missed", calls.c.direction != "outbound")
    is_today = and_(calls.c.created_at >= bindparam("begins"), calls.c.created_at < bindparam("ends"))
    return select(
        func.count().label("count"),
        func.count().filter(is_missed).label("missed_count"),
        func.count().filter(and_(is_missed, is_today)).label("missed_today_count"),
    ).where(*IS_RELATED)


IS_RELATED = (calls.c.counterpart == bindparam("number"), calls.c.id != bindparam("call_id"))
COUNT_RELATED = _count_related()
LATEST_RELATED = newest_first(CallFilter(view="all")).where(*IS_RELATED).limit(LATEST)
