"""Reading the log: filter, search, page and count, newest first. Knows SQL; writes nothing.

What is known of the number behind a call: the other calls with it, and how often one of them was missed.

Knows SQL; writes nothing.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, case, func, select, true, tuple_

from aircall.calls.search import SearchIndex, search_condition
from aircall.calls.tables import NO_TIME, REVISION, calls, from_row, number_key, time_key, to_milliseconds
from aircall.models import UNKNOWN, Call
from aircall.storage.database import RevisionCache

VIEWS = ("inbox", "archived", "all")
# So many ids are fetched at a time.
IDS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True, order=True)
class SortKey:
    """Where a call stands in the list: what the list is sorted by, newest first."""

    time_key: int
    call_id: str

    @classmethod
    def of(cls, call: Call) -> "SortKey":
        """The place of this call."""
        return cls(time_key(call), call.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls are wanted; an empty word or None asks nothing. `since` is inclusive, `until` exclusive.

    `number` is that of the other side as `call_table.number_key` has it.
    `top` leaves out what stands before that place, so that pages stay where they are while calls come in.
    A call without a time is in no range of times.
    """

    view: str = "inbox"
    call_type: str = ""
    direction: str = ""
    line: str = ""
    number: str = ""
    search: str = ""
    since: datetime | None = None
    until: datetime | None = None
    cursor: SortKey | None = None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The ids of the calls before and after one in the filtered list, None at its ends."""

    newer: str | None
    older: str | None


class CallQuery:
    """Questions to the log. Calls come newest first; calls without a time come last."""

    def __init__(self, engine: Engine, search: SearchIndex) -> None:
        self.engine = engine
        self.search = search
        self._cache = RevisionCache(engine, REVISION)

    def close(self) -> None:
        """Close the connections that are kept open."""
        self.engine.dispose()

    def page(self, wanted: CallFilter, offset: int, limit: int) -> list[Call]:
        """Up to `limit` calls of the filtered list, after the first `offset`."""
        query = newest_first(wanted)
        if candidates := self.search.candidates(wanted.search):
            # By what no index has, lest SQLite goes through the list instead of the few candidates.
            query = select(calls).where(*all_conditions(wanted, candidates))
            query = query.order_by((calls.c.created_at + 0).desc(), calls.c.id.desc())
        return self._calls(query.offset(offset).limit(limit))

    def find(self, call_ids: Sequence[str]) -> list[Call]:
        """The calls with these ids that the log knows, newest first."""
        return self._calls(newest_first(CallFilter(view="all")).where(calls.c.id.in_(call_ids)))

    def counts(self, wanted: CallFilter) -> dict[str, int]:
        """How many calls each view has under the other filters: inbox, archived, all."""
        # The answer is the same whatever the view.
        wanted = replace(wanted, view="all")
        # A search looks at rows: where an index had them in groups, SQLite would fetch them in its order.
        is_archived = case((calls.c.is_archived, 1), else_=0) if wanted.search else calls.c.is_archived
        query = select(is_archived, func.count()).group_by(is_archived)
        query = query.where(*all_conditions(wanted, self.search.candidates(wanted.search)))

        def ask(connection: Connection) -> dict[bool, int]:
            return dict(connection.execute(query).all())

        count = self._cache.get(("counts", wanted), ask)
        inbox, archived = count.get(False, 0), count.get(True, 0)
        return {"inbox": inbox, "archived": archived, "all": inbox + archived}

    def missed_count(self) -> int:
        """How many missed calls are still in the inbox. One of our own that nobody took is not missed."""
        # Each direction by name, as the index of sorts begins with it.
        is_theirs = calls.c.direction.in_(("inbound", UNKNOWN))
        query = select(func.count()).where(is_theirs, calls.c.call_type == "missed", in_view("inbox"))
        return self._cache.get("missed", lambda connection: connection.scalar(query) or 0)

    def lines(self) -> list[str]:
        """Every line (the `via` number) that a call came in or went out on, in order."""
        first = (
            select(func.min(calls.c.via).label("via")).where(calls.c.via > "").cte("lines", recursive=True)
        )
        # From each line straight to the next, past the calls of both.
        following = select(func.min(calls.c.via)).where(calls.c.via > first.c.via).scalar_subquery()
        lines = first.union_all(select(following).where(first.c.via.is_not(None)))
        query = select(lines.c.via).where(lines.c.via.is_not(None))
        return list(self._cache.get("lines", lambda connection: tuple(connection.scalars(query))))

    def call_ids(self, *, besides: Container[str] = ()) -> list[str]:
        """The id of every call in the log besides these."""
        with self.engine.connect() as connection:
            ids = connection.execution_options(yield_per=IDS_AT_ONCE).scalars(select(calls.c.id))
            return [call_id for call_id in ids if call_id not in besides]

    def matching_ids(self, wanted: CallFilter, limit: int) -> list[str]:
        """The ids of the first `limit` calls of the filtered list."""
        with self.engine.connect() as connection:
            return list(connection.scalars(newest_first(wanted).with_only_columns(calls.c.id).limit(limit)))

    def neighbours(self, wanted: CallFilter, call: Call) -> Neighbours:
        """What stands before and after this call in the filtered list, be the call itself in it or not."""
        place = tuple_(calls.c.created_at, calls.c.id)
        here = (time_key(call), call.id)
        newer = select(calls.c.id).where(place > here, in_view(wanted.view), *conditions(wanted))
        newer = newer.order_by(calls.c.created_at, calls.c.id)
        older = newest_first(wanted).with_only_columns(calls.c.id).where(place < here)
        with self.engine.connect() as connection:
            return Neighbours(connection.scalar(newer.limit(1)), connection.scalar(older.limit(1)))

    def _calls(self, query: Select[tuple[object, ...]]) -> list[Call]:
        with self.engine.connect() as connection:
            return [from_row(row) for row in connection.execute(query)]


def newest_first(wanted: CallFilter) -> Select[tuple[object, ...]]:
    """The rows of the filtered list, newest first."""
    query = select(calls).where(*all_conditions(wanted))
    return query.order_by(calls.c.created_at.desc(), calls.c.id.desc())


def in_view(view: str) -> ColumnElement[bool]:
    """The condition of a view."""
    return true() if view == "all" else calls.c.is_archived.is_(view == "archived")


def all_conditions(
    wanted: CallFilter, candidates: Sequence[ColumnElement[bool]] = ()
) -> list[ColumnElement[bool]]:
    """Every condition of a filter. A `narrowing` one (see SearchIndex) stands for its search and indexes."""
    every = [in_view(wanted.view), *conditions(replace(wanted, search="") if candidates else wanted)]
    return [*candidates, case((and_(*every), 1)) == 1] if candidates else every


def conditions(wanted: CallFilter) -> list[ColumnElement[bool]]:
    """Every condition of a filter but its view."""
    equal = (
        (calls.c.call_type, wanted.call_type),
        (calls.c.direction, wanted.direction),
        (calls.c.via, wanted.line),
        (calls.c.counterpart, wanted.number),
    )
    found = [column == word for column, word in equal if word]
    if wanted.since is not None:
        found.append(calls.c.created_at >= to_milliseconds(wanted.since))
    if wanted.until is not None:
        # A call without a time is in no range.
        found += [calls.c.created_at > NO_TIME, calls.c.created_at < to_milliseconds(wanted.until)]
    if wanted.search:
        found.append(search_condition(wanted.search))
    if wanted.cursor is not None:
        found.append(
            tuple_(calls.c.created_at, calls.c.id) <= (wanted.cursor.time_key, wanted.cursor.call_id)
        )
    return found


LATEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedCalls:
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


def read_related_calls(log: CallQuery, call: Call, today: tuple[datetime, datetime]) -> RelatedCalls:
    """The context of this call; `today` is when the day began and when the next one begins."""
    key = number_key(call.counterpart)
    if not key:
        return RelatedCalls(number="")
    others = and_(calls.c.counterpart == key, calls.c.id != call.id)
    newest = newest_first(CallFilter(view="all")).where(others).limit(LATEST)
    with log.engine.connect() as connection:
        counts = connection.execute(_counts(others, today)).one()
        latest = tuple(from_row(row) for row in connection.execute(newest))
    return RelatedCalls(number=key, latest=latest, **counts._asdict())


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
