"""The call-back queue, read from the streaks: who waits, and for a while who was just reached."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    union_all,
)

from aircall.calls.phone_numbers import searched_spellings
from aircall.calls.tables import (
    EVERY_NUMBER,
    IS_WAITING,
    NO_TIME,
    STATE,
    Contact,
    calls,
    revision_of,
    state,
    streaks,
)
from aircall.models import from_milliseconds, to_milliseconds
from aircall.storage.reading import RevisionCache, connected, read_row

# Statements that are kept, one for each filter.
STATEMENTS = 128
# How long a caller who was reached is still shown, since the end of that call.
SHOWN_FOR = timedelta(minutes=15)
# No call is longer.
LONGEST_CALL = timedelta(days=1)
# Numbers in a statement.
NUMBERS_AT_ONCE = 500
# Digits from which on a search looks into numbers.
MIN_DIGITS = 3

_lines_decoder = msgspec.json.Decoder(list[str])
_newer = streaks.alias("newer")


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """The answered call that ended a streak."""

    at: datetime | None
    direction: str
    duration: timedelta | None


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A caller's streak of unanswered calls which are not archived. `repr` omits number, lines and note.

    `number_key` is empty if the number is withheld: then the caller is a single call, `last_id`. `attempts`
    and `tries`, our calls since then that were not answered, are counted up to streaks.MAX_COUNTED. `reached`
    is None as long as the caller waits.
    """

    number_key: str
    number: str
    waiting_since: datetime | None
    attempts: int
    last_at: datetime | None
    last_id: str
    lines: tuple[str, ...]
    tries: int
    tried_at: datetime | None
    note: str
    reached: Reached | None

    def __repr__(self) -> str:
        return f"Caller(last_id={self.last_id!r}, attempts={self.attempts!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFilter:
    """Which callers the queue shows.

    `search` is a part of a number in any spelling; callers with one of the number keys `named` are found,
    too. `only` leaves out all others but those number keys, unless it is None; `without` leaves these out.
    `ours` are the numbers of our own, which are never in the queue.
    """

    search: str = ""
    named: tuple[str, ...] = ()
    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    ours: frozenset[str] = frozenset()

    @property
    def is_everyone(self) -> bool:
        """Whether all callers but our own are wanted."""
        return not self.search and self.only is None and not self.without


class CallerQuery:
    """The callers of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._cache = RevisionCache(revision_of(engine))

    def is_complete(self) -> bool:
        """Return whether the streaks of all calls are kept: some time after the first full sync."""
        return bool(read_row(self._engine, STATE).streaks_up_to == EVERY_NUMBER)

    def count(self, wanted: QueueFilter) -> int:
        """Return how many callers wait. Until the streaks are complete, these are fewer than there are."""
        return self._cache.get(("count", wanted), lambda connection: self._count(connection, wanted))

    def page(
        self, wanted: QueueFilter, now: datetime, *, offset: int, limit: int, is_newest_first: bool = False
    ) -> list[Caller]:
        """Return the callers who wait, and those reached in the last SHOWN_FOR, sorted by when it began."""
        query = _page(wanted, self._present(wanted), is_newest_first)
        values = {"offset": offset, "limit": limit, "up_to": offset + limit} | _reached_after(now)
        with connected(self._engine) as connection:
            return [_caller(row) for row in connection.execute(query, values)]

    def reached_count(self, wanted: QueueFilter, now: datetime) -> int:
        """Return how many callers are shown who were just reached."""
        query = _count_reached(wanted, self._present(wanted))
        with connected(self._engine) as connection:
            return connection.scalar(query, _reached_after(now)) or 0

    def longest_wait(self, wanted: QueueFilter) -> datetime | None:
        """Return since when the one waits who has waited longest; None if nobody does at a known time."""
        return self._cache.get(("longest", wanted), lambda connection: self._longest(connection, wanted))

    def of_number(self, number_key: str) -> Caller | None:
        """Return the caller's latest streak."""
        query = select(streaks).where(
            streaks.c.number_key == number_key, streaks.c.waiting_since.is_not(None)
        )
        with connected(self._engine) as connection:
            row = connection.execute(query.order_by(streaks.c.started_at.desc()).limit(1)).one_or_none()
        return _caller(row) if row else None

    def is_waiting(self, number_key: str) -> bool:
        """Return whether the caller waits for a call back."""
        query = select(streaks.c.number_key).where(IS_WAITING, streaks.c.number_key == number_key).limit(1)
        with connected(self._engine) as connection:
            return connection.scalar(query) is not None

    def was_reached(self, number_key: str, since: datetime) -> bool:
        """Return whether somebody spoke with the caller after this time; the call may have begun before."""
        ends = calls.c.created_at + func.coalesce(calls.c.duration, 0)
        query = select(calls.c.id).where(
            calls.c.counterpart == number_key,
            calls.c.contact == Contact.REACHED,
            # For the index.
            calls.c.created_at > to_milliseconds(since - LONGEST_CALL),
            ends > to_milliseconds(since),
        )
        with connected(self._engine) as connection:
            return connection.scalar(query.limit(1)) is not None

    def has_called(self, number_key: str) -> bool:
        """Return whether there is a call with this number, in either direction."""
        query = select(calls.c.id).where(calls.c.counterpart == number_key).limit(1)
        with connected(self._engine) as connection:
            return connection.scalar(query) is not None

    def _count(self, connection: Connection, wanted: QueueFilter) -> int:
        if wanted.is_everyone:
            return int(connection.scalar(select(state.c.waiting)) or 0) - len(self._present(wanted))
        query = select(func.count()).where(IS_WAITING, *_conditions(wanted, self._present(wanted)))
        return connection.scalar(query) or 0

    def _longest(self, connection: Connection, wanted: QueueFilter) -> datetime | None:
        known = streaks.c.waiting_since > NO_TIME
        chosen = (IS_WAITING, known, *_conditions(wanted, self._present(wanted)))
        query = _sorted(select(streaks.c.waiting_since).where(*chosen), is_newest_first=False)
        return _time(connection.scalar(query.limit(1)))

    def _present(self, wanted: QueueFilter) -> tuple[str, ...]:
        """Return which of our own numbers wait. They are few, however many numbers we have."""
        if not wanted.ours:
            return ()
        return self._cache.get(
            ("present", wanted.ours),
            lambda connection: present_numbers(connection, wanted.ours, streaks.c.reached_at.is_(None)),
        )


def present_numbers(
    connection: Connection, keys: Collection[str], *conditions: ColumnElement[bool]
) -> tuple[str, ...]:
    """Return which of these number keys have a streak that meets the conditions."""
    numbers, found = sorted(keys), list[str]()
    for start in range(0, len(numbers), NUMBERS_AT_ONCE):
        some = streaks.c.number_key.in_(numbers[start : start + NUMBERS_AT_ONCE])
        found += connection.scalars(select(streaks.c.number_key).where(some, *conditions).distinct())
    return tuple(found)


def _conditions(wanted: QueueFilter, present: Sequence[str]) -> list[ColumnElement[bool]]:
    """Return the conditions of the filter; `present` are our own numbers that wait."""
    key = streaks.c.number_key
    conditions: list[ColumnElement[bool]] = [key.not_in(present)] if present else []
    if wanted.without:
        conditions.append(key.not_in(sorted(wanted.without)))
    if wanted.only is not None:
        conditions.append(key.in_(sorted(wanted.only)))
    if wanted.search:
        typed = {form.lstrip("+0") for form in searched_spellings(wanted.search)}
        digits = (form for form in sorted(typed) if len(form) >= MIN_DIGITS)
        conditions.append(or_(key.in_(wanted.named), *(key.contains(form) for form in digits)))
    return conditions


# Building a statement takes longer than executing it.
@lru_cache(STATEMENTS)
def _page(wanted: QueueFilter, present: tuple[str, ...], is_newest_first: bool) -> Select[Any]:
    """Return the query of a page, with the parameters `offset`, `limit`, their sum `up_to`, and `after`."""
    keys = _keys(_conditions(wanted, present), is_newest_first=is_newest_first).subquery()
    joined = and_(*(streaks.c[column.name] == column for column in keys.columns))
    return _sorted(select(streaks).join(keys, joined), is_newest_first)


@lru_cache(STATEMENTS)
def _count_reached(wanted: QueueFilter, present: tuple[str, ...]) -> Select[int]:
    """Return the query of how many callers were just reached, with the parameter `after`."""
    return select(func.count()).where(*WAS_REACHED, *_conditions(wanted, present))


def _keys(chosen: Sequence[ColumnElement[bool]], *, is_newest_first: bool) -> Select[Any]:
    """Return the primary keys of a page, read from indexes alone."""
    primary_key = (streaks.c.number_key, streaks.c.call_id, streaks.c.started_at, streaks.c.waiting_since)
    parts = [
        _sorted(select(*primary_key).where(*conditions, *chosen), is_newest_first).limit(_number("up_to"))
        for conditions in ((IS_WAITING,), WAS_REACHED)
    ]
    both = union_all(*(select(part.subquery()) for part in parts)).subquery("both")
    query = select(both.c.number_key, both.c.call_id, both.c.started_at)
    order = (both.c.waiting_since, both.c.number_key, both.c.call_id)
    return (
        query.order_by(*(column.desc() if is_newest_first else column for column in order))
        .offset(_number("offset"))
        .limit(_number("limit"))
    )


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger)


def _reached_after(now: datetime) -> dict[str, int]:
    return {"after": to_milliseconds(now - SHOWN_FOR)}


def _was_reached() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of callers who were reached `after` a time and have not called again."""
    again = select(_newer.c.number_key).where(
        _newer.c.number_key == streaks.c.number_key, _newer.c.started_at > streaks.c.started_at
    )
    return (
        streaks.c.reached_end > _number("after"),
        streaks.c.waiting_since.is_not(None),
        ~again.exists(),
    )


WAS_REACHED = _was_reached()


def _sorted(query: Select[Any], is_newest_first: bool) -> Select[Any]:
    order = (streaks.c.waiting_since, streaks.c.number_key, streaks.c.call_id)
    return query.order_by(*(column.desc() if is_newest_first else column for column in order))


def _caller(row: Row[Any]) -> Caller:
    lines = _lines_decoder.decode(row.lines) if row.lines else []
    is_reached = row.reached_at is not None
    return Caller(
        number_key=row.number_key,
        number=row.number,
        waiting_since=_time(row.waiting_since),
        attempts=row.attempts,
        last_at=_time(row.last_at),
        last_id=row.last_id,
        lines=tuple(sorted(filter(None, lines))),
        tries=row.tries,
        tried_at=_time(row.tried_at),
        note=row.note or "",
        reached=_reached(row) if is_reached else None,
    )


def _reached(row: Row[Any]) -> Reached:
    duration = row.reached_duration
    return Reached(
        at=_time(row.reached_at),
        direction=row.reached_direction,
        duration=None if duration is None else timedelta(milliseconds=duration),
    )


def _time(value: int | None) -> datetime | None:
    return None if value is None or value == NO_TIME else from_milliseconds(value)
