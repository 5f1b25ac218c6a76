"""The filter of a list of calls, and what it is in SQL: conditions, and statements in the list's order.

Calls are sorted newest first, and by id within one time; calls without a time come last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, or_, select, true, tuple_

from aircall.calls.kept_counts import END, FIRST, FIRST_TIME, CountedRange, Kinds
from aircall.calls.search import search_condition
from aircall.calls.tables import NO_TIME, calls, time_key
from aircall.models import DIRECTIONS, UNKNOWN, Call, to_milliseconds

VIEWS = ("inbox", "archived", "all")
ARCHIVED_FLAGS = {"inbox": (False,), "archived": (True,), "all": (False, True)}
# Statements that are kept, one for each list.
STATEMENTS = 128


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
    def is_found_one_by_one(self) -> bool:
        """Whether no kept counts tell where its pages begin."""
        return not is_kept(self)

    @property
    def kinds(self) -> Kinds:
        """The type and direction that are filtered by, as the kept counts take them."""
        chosen = {"call_type": (self.call_type,), "direction": self.directions or (self.direction,)}
        if self.direction and self.directions:
            chosen["direction"] = tuple({self.direction} & {*self.directions})
        return {name: values for name, values in chosen.items() if values != ("",)}


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which the day begins in this zone: a bound of `since` and `until`."""
    return datetime.combine(day, time.min, zone)


def filter_conditions(
    wanted: CallFilter, candidates: Sequence[ColumnElement[bool]] = (), rows: FromClause = calls
) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter; `candidates` (see SearchIndex) replace that of its search."""
    if not candidates:
        return [in_view(wanted.view, rows), *_column_conditions(wanted, rows)]
    others = and_(in_view(wanted.view), *_column_conditions(replace(wanted, search="")))
    # Inside a CASE they use no index, so that SQLite starts from the candidates.
    return [_or_named(wanted, and_(*candidates), calls), case((others, 1)) == 1]


# Building a statement takes as long as executing it.
@lru_cache(STATEMENTS)
def newest_first(wanted: CallFilter) -> Select[tuple[object, ...]]:
    """Return the statement that reads the filtered list."""
    return sorted_newest_first(filter_conditions(wanted))


def sorted_newest_first(conditions: Sequence[ColumnElement[bool]]) -> Select[tuple[object, ...]]:
    return select(calls).where(*conditions).order_by(calls.c.created_at.desc(), calls.c.id.desc())


def sorted_by_candidates(query: Select[tuple[object, ...]]) -> Select[tuple[object, ...]]:
    # `+ 0` disables the index on time, so that SQLite starts from the candidates.
    return query.order_by((calls.c.created_at + 0).desc(), calls.c.id.desc())


def in_list_order(wanted: CallFilter) -> Sequence[ColumnElement[bool]]:
    """Return the conditions of a filter so that SQLite reads an index that is in the list's order.

    It would rather sort all calls of a kind, and for a line read all others too: it has no statistics.
    """
    times = _time_conditions(wanted)
    if wanted.line:
        others = and_(in_view(wanted.view), *_kind_conditions(wanted))
        return [calls.c.via == wanted.line, *times, case((others, 1)) == 1]
    return [in_view(wanted.view), *times, case((and_(*_kind_conditions(wanted)), 1)) == 1]


def of_rare_kind(wanted: CallFilter) -> Sequence[ColumnElement[bool]]:
    """Return the conditions of a filter that few calls match, for the index on kinds."""
    # It begins with the direction.
    every = () if "direction" in wanted.kinds else (calls.c.direction.in_((*DIRECTIONS, UNKNOWN)),)
    return [*every, *filter_conditions(wanted)]


def in_view(view: str, rows: FromClause = calls) -> ColumnElement[bool]:
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


def is_kept(wanted: CallFilter) -> bool:
    """Return whether the kept counts know the calls of this filter."""
    return not wanted.search and not wanted.number


def counted_range(wanted: CallFilter) -> CountedRange:
    """Return what the kept counts count for this filter."""
    since = FIRST if wanted.since is None else to_milliseconds(wanted.since)
    until, last = END, ""
    if wanted.until is not None:
        since, until = max(since, FIRST_TIME), to_milliseconds(wanted.until)
    if wanted.cursor is not None and wanted.cursor.time_key < until:
        until, last = wanted.cursor.time_key, wanted.cursor.call_id
    return CountedRange(wanted.line, wanted.kinds, since, until, last)
