"""What the team told of the people of calls: their names, and who has them. Looked up once for a page.

`CallPeople` is the part that belongs to one call. Its row is found by it (`fragments.CallRows`), so whatever
is added to it shows in rows and in what sockets push.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from aircall.calls.callers import Caller
from aircall.calls.phone_numbers import number_key
from aircall.models import Call
from aircall.storage import STORAGE_ERRORS
from aircall.storage.reading import reading_once
from aircall.team.claims import Claim
from aircall.team.directory_query import Name
from aircall.team.feed import Topic
from aircall.team.known import Found
from aircall.team.service import Team

log = logging.getLogger(__name__)

# Of a directory that could not be read, which is older than any other.
UNKNOWN_NAMES: Found[Name] = Found(revision=-1, by_key={})
UNKNOWN_CLAIMS: Found[Claim] = Found(revision=-1, by_key={})
KEPT_KEYS = 10_000


class CallPeople(msgspec.Struct, frozen=True, kw_only=True):
    """The people of one call, and its line; None for a number without a name. `claim` is the other side's."""

    caller: Name | None = None
    callee: Name | None = None
    line: Name | None = None
    claim: Claim | None = None

    def counterpart(self, call: Call) -> Name | None:
        """Return the name of the other side, as `Call.counterpart` is its number."""
        return self.callee if call.direction == "outbound" else self.caller


class CallerPeople(msgspec.Struct, frozen=True, kw_only=True):
    """The names of a caller's number and of the lines that rang, and the claim of the caller."""

    names: tuple[tuple[str, Name], ...] = ()
    claim: Claim | None = None

    def name(self, number: str) -> Name | None:
        """Return the name of one of these numbers, in the spelling of the caller's record."""
        return dict(self.names).get(number)


NOBODY = CallPeople()
NO_CALLER = CallerPeople()


@dataclass(frozen=True, slots=True)
class People:
    """The people of a page. `revision` is the directory's, from which an open page is followed."""

    names: Mapping[str, Name]
    revision: int
    claims: Mapping[str, Claim] = field(default_factory=dict)
    claims_revision: int = UNKNOWN_CLAIMS.revision

    def name(self, number: str) -> Name | None:
        """Return the name of a number, in any spelling."""
        return self.names.get(number_key(number)) if self.names else None

    def claim(self, number: str) -> Claim | None:
        """Return who takes care of the caller with this number, in any spelling."""
        return self.claims.get(number_key(number)) if self.claims else None

    def named(self, numbers: Iterable[str]) -> tuple[tuple[str, Name], ...]:
        """Return those of these numbers that have a name, with it."""
        return tuple((number, name) for number in numbers if (name := self.name(number)))

    def of_call(self, call: Call) -> CallPeople:
        """Return what belongs to this call."""
        if not self.names and not self.claims:
            return NOBODY
        caller, callee, line = self.name(call.caller), self.name(call.callee), self.name(call.via)
        claim = self.claim(call.counterpart)
        is_known = caller or callee or line or claim
        return CallPeople(caller=caller, callee=callee, line=line, claim=claim) if is_known else NOBODY

    def of_caller(self, caller: Caller) -> CallerPeople:
        """Return what belongs to this caller of the queue."""
        if not self.names and not self.claims:
            return NO_CALLER
        return CallerPeople(names=self.named((caller.number, *caller.lines)), claim=self.claim(caller.number))


class PeopleReader:
    """Reads it from the team data."""

    def __init__(self, team: Team) -> None:
        self._team = team

    def of_calls(self, calls: Iterable[Call], lines: Iterable[str] = ()) -> People:
        """Return the people of these calls and lines. Without their names if they cannot be read."""
        numbers = [*lines]
        for call in calls:
            numbers += (call.caller, call.callee, call.via)
        return self.of_numbers(numbers)

    def of_exported(self, calls: Iterable[Call]) -> People:
        """Return the people of these calls, which no page shows. Raises one of STORAGE_ERRORS."""
        return People(
            self._team.directory.names(number for call in calls for number in numbers_of(call)), revision=0
        )

    def of_numbers(self, numbers: Iterable[str]) -> People:
        """Return the people with these numbers. Without their names if they cannot be read."""
        asked, claimed = frozenset(numbers), UNKNOWN_CLAIMS
        try:
            with reading_once():
                claimed = self._team.known_claims.of(asked)
                found = self._team.known_names.of(asked)
        except STORAGE_ERRORS as error:
            # A call list without names is of more use than none.
            log.warning("numbers are shown without their names: %s", type(error).__name__)
            found = UNKNOWN_NAMES
        return People(found.by_key, found.revision, claimed.by_key, claimed.revision)

    def numbers_named(self, search: str) -> tuple[str, ...]:
        """Return the number keys of names and companies with all words of this search; none if unreadable."""
        try:
            return tuple(self._team.directory.numbers_named(search))
        except STORAGE_ERRORS as error:
            log.warning("names were not searched: %s", type(error).__name__)
            return ()

    def revisions(self) -> dict[Topic, int]:
        """Return the revision of each topic. Raises one of STORAGE_ERRORS."""
        with reading_once():
            return {
                Topic.DIRECTORY: self._team.known_names.revision,
                Topic.CLAIMS: self._team.known_claims.revision,
            }


def numbers_of(call: Call) -> tuple[str, str, str]:
    """Return the numbers of a call that may have names."""
    return call.caller, call.callee, call.via


@lru_cache(KEPT_KEYS)
def keys_of(*numbers: str) -> str:
    """Return the number keys of these numbers: by them an open page finds what a change is about."""
    keys = dict.fromkeys(filter(None, map(number_key, numbers)))
    return " ".join(key.replace(" ", "_") for key in keys)
