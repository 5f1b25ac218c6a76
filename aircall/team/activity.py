"""Who did what through Callboard, and when: append-only lines, kept for ACTIVITY_DAYS.

A line names a number, a call, or both. It has no text of a note and no caller's name in it. Every append also
removes a few outdated lines, so that nothing has to be scheduled and no removal takes long.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Integer,
    Select,
    bindparam,
    delete,
    insert,
    select,
    union_all,
)

from aircall.calls.phone_numbers import number_key
from aircall.models import User, from_milliseconds, to_milliseconds
from aircall.storage.reading import connected
from aircall.team.database import TeamDatabase
from aircall.team.tables import activity

ACTIVITY_DAYS = 365
# Lines of a page.
PAGE_SIZE = 50
# Outdated lines that an append removes, besides as many as it adds.
REMOVED_AT_ONCE = 100
# Outdated lines that the start removes at a time.
REMOVED_AT_START = 10_000


class Action(StrEnum):
    """What was done. Words of the database: never renamed."""

    TAKEN = "taken"
    LET_GO = "let_go"
    # `detail` is the name of the user who had the claim before.
    TAKEN_OVER = "taken_over"
    # The claim's time was up.
    EXPIRED = "expired"
    # The claim ended by a conversation with the caller, or by archiving their calls.
    REACHED = "reached"
    CLOSED = "closed"
    ARCHIVED = "archived"
    MOVED_BACK = "moved_back"
    # `detail` is the note's id.
    NOTED = "noted"
    NAMED = "named"
    RENAMED = "renamed"
    UNNAMED = "unnamed"
    MERGED = "merged"
    IMPORTED = "imported"


ACTIONS = frozenset(Action)


class ActivityLine(msgspec.Struct, frozen=True, kw_only=True):
    """An action and its user, None for what happened by itself; `id` is 0 before it is stored."""

    action: Action
    user: User | None
    at: datetime
    number_key: str = ""
    call_id: str = ""
    detail: str = ""
    id: int = 0


def _newest(*wanted: ColumnElement[bool]) -> Select[Any]:
    query = select(activity).where(
        activity.c.api_id == bindparam("api_id"),
        *wanted,
        activity.c.at >= bindparam("since"),
        activity.c.at < bindparam("until"),
        activity.c.id < bindparam("before"),
    )
    return query.order_by(activity.c.id.desc()).limit(bindparam("limit", type_=Integer))


# Built once: building a statement takes longer than executing it.
OF_ALL = _newest()
OF_NUMBER = _newest(activity.c.number_key == bindparam("number_key"))
OF_CALL = _newest(activity.c.call_id == bindparam("call_id"))
OF_CALLER = _newest(activity.c.number_key == bindparam("number_key"), activity.c.call_id == "")
# Not by OR: SQLite would read all lines, 50 ms for 200,000.
OF_CALL_AND_CALLER = union_all(select(OF_CALL.subquery()), select(OF_CALLER.subquery()))
# After all times and ids.
LAST = 2**62


class Activity:
    """The lines of one API. Removes the outdated ones."""

    def __init__(self, database: TeamDatabase, days: int = ACTIVITY_DAYS) -> None:
        self._database = database
        self._kept_time = timedelta(days=days)
        self.remove_outdated()

    def add(
        self, action: Action, user: User | None, *, number: str = "", call_id: str = "", detail: str = ""
    ) -> None:
        """Append a line about this number, in any spelling, or this call, or both."""
        line = ActivityLine(
            action=action,
            user=user,
            at=self._database.clock(),
            number_key=number_key(number),
            call_id=call_id,
            detail=detail,
        )
        self.add_all([line])

    def add_all(self, lines: Sequence[ActivityLine]) -> None:
        """Append lines in one transaction."""
        with self._database.engine.begin() as connection:
            self.write(connection, lines)

    def write(self, connection: Connection, lines: Sequence[ActivityLine]) -> None:
        """Append lines in the transaction of what they tell."""
        if lines:
            connection.execute(insert(activity), [self._row(line) for line in lines])
            self._remove(connection, REMOVED_AT_ONCE + len(lines))

    def of_number(
        self, number: str, *, before: int | None = None, limit: int = PAGE_SIZE
    ) -> list[ActivityLine]:
        """Return the lines about a number and its calls, newest first; `before` is the last one's id."""
        return self._read(OF_NUMBER, before, limit, number_key=number_key(number))

    def of_number_between(
        self, number: str, since: datetime | None, until: datetime | None, *, limit: int = PAGE_SIZE
    ) -> list[ActivityLine]:
        """Return the lines about a number and its calls from `since` and before `until`, newest first."""
        bounds = {} if until is None else {"until": to_milliseconds(until)}
        if since is not None:
            bounds["since"] = max(to_milliseconds(since), self._oldest())
        return self._read(OF_NUMBER, None, limit, number_key=number_key(number), **bounds)

    def of_call(
        self, call_id: str, number: str = "", *, before: int | None = None, limit: int = PAGE_SIZE
    ) -> list[ActivityLine]:
        """Return the lines about a call and, with the caller's `number`, those about the caller as such."""
        key = number_key(number)
        query = OF_CALL_AND_CALLER if key else OF_CALL
        lines = self._read(query, before, limit, call_id=call_id, number_key=key)
        return sorted(lines, key=lambda line: -line.id)[:limit]

    def recent(self, *, before: int | None = None, limit: int = PAGE_SIZE) -> list[ActivityLine]:
        """Return all lines, newest first."""
        return self._read(OF_ALL, before, limit)

    def remove_outdated(self) -> None:
        """Remove every outdated line, of every API."""
        while True:
            with self._database.engine.begin() as connection:
                if self._remove(connection, REMOVED_AT_START) < REMOVED_AT_START:
                    return

    def _read(
        self, query: Select[Any] | CompoundSelect[Any], before: int | None, limit: int, **values: object
    ) -> list[ActivityLine]:
        given = {
            "api_id": self._database.api_id,
            "since": self._oldest(),
            "until": LAST,
            "before": LAST if before is None else before,
            "limit": limit,
        }
        with connected(self._database.engine) as connection:
            # A newer version may have written words that this one does not know.
            rows = [row for row in connection.execute(query, given | values) if row.action in ACTIONS]
        return [
            ActivityLine(
                id=row.id,
                action=Action(row.action),
                user=User(id=row.user_id, username=row.username) if row.user_id else None,
                at=from_milliseconds(row.at),
                number_key=row.number_key,
                call_id=row.call_id,
                detail=row.detail,
            )
            for row in rows
        ]

    def _row(self, line: ActivityLine) -> dict[str, object]:
        return {
            "api_id": self._database.api_id,
            "at": to_milliseconds(line.at),
            "user_id": line.user.id if line.user else "",
            "username": line.user.username if line.user else "",
            "action": line.action,
            "number_key": line.number_key,
            "call_id": line.call_id,
            "detail": line.detail,
        }

    def _remove(self, connection: Connection, limit: int) -> int:
        # Of every API: those of one that is not used any more would stay forever.
        outdated = select(activity.c.id).where(activity.c.at < self._oldest()).order_by(activity.c.at)
        # Several writers remove at the same time, and none of them waits for another.
        outdated = outdated.limit(limit).with_for_update(skip_locked=True)
        return connection.execute(delete(activity).where(activity.c.id.in_(outdated))).rowcount

    def _oldest(self) -> int:
        return to_milliseconds(self._database.clock() - self._kept_time)


def lines_of(
    action: Action, user: User | None, at: datetime, keys: Iterable[str], detail: str = ""
) -> list[ActivityLine]:
    """Return a line for each of these number keys."""
    return [ActivityLine(action=action, user=user, at=at, number_key=key, detail=detail) for key in keys]
