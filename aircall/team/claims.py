"""Claims: "I'm on it". One person at a time takes care of a caller, until it is done or time is up.

A claim is of a number, so a withheld one has none. It ends by hand, when somebody spoke with the caller, when
their calls are archived, and by itself after CLAIM_MINUTES.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select

from aircall.calls.phone_numbers import number_key
from aircall.models import User, from_milliseconds, to_milliseconds
from aircall.storage.reading import connected
from aircall.team.activity import Action, Activity, ActivityLine, lines_of
from aircall.team.database import TeamDatabase, Write, batches
from aircall.team.entries import FieldProblem, InvalidEntryError, Problem, TeamError
from aircall.team.feed import Topic
from aircall.team.tables import claims

CLAIM_MINUTES = 30


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes care of the caller with this number key, since when, and until when at most."""

    number_key: str
    user: User
    taken_at: datetime
    expires_at: datetime


class ClaimedError(TeamError):
    """Another user has the claim of this caller: `claim`."""

    def __init__(self, claim: Claim) -> None:
        super().__init__("Somebody else takes care of this caller.")
        self.claim = claim


class Claims:
    """The claims of one API. An expired one is none, whether or not it was removed already."""

    def __init__(self, database: TeamDatabase, activity: Activity, minutes: int = CLAIM_MINUTES) -> None:
        self._database = database
        self._activity = activity
        self._lifetime = timedelta(minutes=minutes)

    def take(self, number: str, user: User, *, instead_of: str = "") -> Claim:
        """Take the caller with this number, in any spelling. The user's own claim is prolonged.

        `instead_of` is the id of the user from whom the caller is taken over, once this person was asked.
        Raises ClaimedError if somebody else has the caller, and InvalidEntryError if this is no number.
        """
        key = _key(number)
        with self._database.writing(Topic.CLAIMS) as write:
            current = self._current(write, key)
            if current and current.user.id not in (user.id, instead_of):
                raise ClaimedError(current)
            is_kept = current is not None and current.user.id == user.id
            taken_at = current.taken_at if current and is_kept else write.at
            claim = Claim(number_key=key, user=user, taken_at=taken_at, expires_at=write.at + self._lifetime)
            self._replace(write, claim)
            if not is_kept:
                self._activity.write(write.connection, [_taken(claim, current)])
        return claim

    def let_go(self, number: str, user: User) -> Claim | None:
        """End this person's claim and return it; None if they have none."""
        ended = self._end([_key(number)], Action.LET_GO, user, lambda claim: claim.user.id == user.id)
        return ended[0] if ended else None

    def end(
        self,
        numbers: Collection[str],
        action: Action,
        user: User | None = None,
        *,
        taken_before: datetime | None = None,
    ) -> list[Claim]:
        """End the claims of these numbers, of every user, and return them.

        `action` is REACHED or CLOSED; `taken_before` spares newer claims than what ends them.
        """
        keys = {number_key(number) for number in numbers} - {""}
        # Fast path: every event asks, and hardly one ends a claim.
        if not self.of_numbers(keys):
            return []
        return self._end(
            keys, action, user, lambda claim: taken_before is None or claim.taken_at <= taken_before
        )

    def remove_expired(self) -> list[Claim]:
        """Remove the claims whose time is up and return them; of several processes one gets each."""
        with connected(self._database.engine) as connection:
            now = to_milliseconds(self._database.clock())
            found = self._read(connection, claims.c.expires_at <= now)
        if not found:
            return []
        with self._database.writing(Topic.CLAIMS) as write:
            is_expired = claims.c.expires_at <= to_milliseconds(write.at)
            expired = self._read(write.connection, is_expired)
            write.connection.execute(delete(claims).where(self._is_ours(), is_expired))
            self._note_ended(write, Action.EXPIRED, None, expired)
        return expired

    def of_numbers(self, numbers: Iterable[str]) -> dict[str, Claim]:
        """Return the active claims of these numbers, in any spelling, by number key."""
        found: list[Claim] = []
        is_active = self._is_active(self._database.clock())
        with connected(self._database.engine) as connection:
            for keys in batches({number_key(number) for number in numbers} - {""}):
                found += self._read(connection, claims.c.number_key.in_(keys), is_active)
        return {claim.number_key: claim for claim in found}

    def active(self, user: User | None = None) -> list[Claim]:
        """Return all active claims, or this person's, the oldest first."""
        conditions = [self._is_active(self._database.clock())]
        if user:
            conditions.append(claims.c.user_id == user.id)
        with connected(self._database.engine) as connection:
            return self._read(connection, *conditions)

    def _current(self, write: Write, key: str) -> Claim | None:
        found = self._read(write.connection, claims.c.number_key == key)
        if found and found[0].expires_at <= write.at:
            self._activity.write(write.connection, lines_of(Action.EXPIRED, None, found[0].expires_at, [key]))
            return None
        return found[0] if found else None

    def _replace(self, write: Write, claim: Claim) -> None:
        self._delete(write.connection, [claim.number_key])
        write.connection.execute(
            insert(claims).values(
                api_id=self._database.api_id,
                number_key=claim.number_key,
                user_id=claim.user.id,
                username=claim.user.username,
                taken_at=to_milliseconds(claim.taken_at),
                expires_at=to_milliseconds(claim.expires_at),
            )
        )
        write.numbers.add(claim.number_key)

    def _end(
        self, keys: Collection[str], action: Action, user: User | None, is_ended: Callable[[Claim], bool]
    ) -> list[Claim]:
        ended: list[Claim] = []
        with self._database.writing(Topic.CLAIMS) as write:
            for batch in batches(keys):
                chosen = claims.c.number_key.in_(batch)
                found = self._read(write.connection, chosen, self._is_active(write.at))
                ended += (claim for claim in found if is_ended(claim))
            self._delete(write.connection, [claim.number_key for claim in ended])
            self._note_ended(write, action, user, ended)
        return ended

    def _note_ended(self, write: Write, action: Action, user: User | None, ended: Collection[Claim]) -> None:
        keys = [claim.number_key for claim in ended]
        self._activity.write(write.connection, lines_of(action, user, write.at, keys))
        write.numbers.update(keys)

    def _read(self, connection: Connection, *conditions: ColumnElement[bool]) -> list[Claim]:
        query = select(claims).where(self._is_ours(), *conditions).order_by(claims.c.taken_at)
        return [_claim(row) for row in connection.execute(query)]

    def _delete(self, connection: Connection, keys: Collection[str]) -> None:
        for batch in batches(keys):
            connection.execute(delete(claims).where(self._is_ours(), claims.c.number_key.in_(batch)))

    def _is_ours(self) -> ColumnElement[bool]:
        return claims.c.api_id == self._database.api_id

    def _is_active(self, at: datetime) -> ColumnElement[bool]:
        return claims.c.expires_at > to_milliseconds(at)


def _claim(row: Row[tuple[object, ...]]) -> Claim:
    return Claim(
        number_key=row.number_key,
        user=User(id=row.user_id, username=row.username),
        taken_at=from_milliseconds(row.taken_at),
        expires_at=from_milliseconds(row.expires_at),
    )


def _taken(claim: Claim, before: Claim | None) -> ActivityLine:
    return ActivityLine(
        action=Action.TAKEN_OVER if before else Action.TAKEN,
        user=claim.user,
        at=claim.taken_at,
        number_key=claim.number_key,
        detail=before.user.username if before else "",
    )


def _key(number: str) -> str:
    key = number_key(number)
    if not key:
        raise InvalidEntryError([FieldProblem("number", Problem.NOT_A_NUMBER)])
    return key
