"""What the team told of the people of calls: their names. Looked up once for all that a page shows.

`CallPeople` is the part that belongs to one call. Its row is found by it (`fragments.CallRows`), so whatever
is added to it shows in rows and in what sockets push.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from aircall.calls.phone_numbers import number_key
from aircall.models import Call
from aircall.storage import STORAGE_ERRORS
from aircall.team.directory_query import Name
from aircall.team.known_names import FoundNames
from aircall.team.service import Team

log = logging.getLogger(__name__)

# Of a directory that could not be read, which is older than any other.
UNKNOWN_NAMES = FoundNames(revision=-1, by_key={})
KEPT_KEYS = 10_000


class CallPeople(msgspec.Struct, frozen=True, kw_only=True):
    """The people of one call, and its line; None for a number without a name."""

    caller: Name | None = None
    callee: Name | None = None
    line: Name | None = None

    def counterpart(self, call: Call) -> Name | None:
        """Return the name of the other side, as `Call.counterpart` is its number."""
        return self.callee if call.direction == "outbound" else self.caller


NOBODY = CallPeople()


@dataclass(frozen=True, slots=True)
class People:
    """The people of a page. `revision` is the directory's, from which an open page is followed."""

    names: Mapping[str, Name]
    revision: int

    def name(self, number: str) -> Name | None:
        """Return the name of a number, in any spelling."""
        return self.names.get(number_key(number)) if self.names else None

    def named(self, numbers: Iterable[str]) -> tuple[tuple[str, Name], ...]:
        """Return those of these numbers that have a name, with it."""
        return tuple((number, name) for number in numbers if (name := self.name(number)))

    def of_call(self, call: Call) -> CallPeople:
        """Return what belongs to this call."""
        if not self.names:
            return NOBODY
        caller, callee, line = self.name(call.caller), self.name(call.callee), self.name(call.via)
        return CallPeople(caller=caller, callee=callee, line=line) if caller or callee or line else NOBODY


class PeopleReader:
    """Reads it from the team data."""

    def __init__(self, team: Team) -> None:
        self._team = team

    def of_calls(self, calls: Iterable[Call], lines: Iterable[str] = ()) -> People:
        """Return the people of these calls and lines. Without their names if they cannot be read."""
        return self.of_numbers([*lines, *(number for call in calls for number in numbers_of(call))])

    def of_exported(self, calls: Iterable[Call]) -> People:
        """Return the people of these calls, which no page shows. Raises one of STORAGE_ERRORS."""
        return People(
            self._team.directory.names(number for call in calls for number in numbers_of(call)), revision=0
        )

    def of_numbers(self, numbers: Iterable[str]) -> People:
        """Return the people with these numbers. Without their names if they cannot be read."""
        try:
            found = self._team.known_names.of(numbers)
        except STORAGE_ERRORS as error:
            # A call list without names is of more use than none.
            log.warning("numbers are shown without their names: %s", type(error).__name__)
            found = UNKNOWN_NAMES
        return People(found.by_key, found.revision)

    def numbers_named(self, search: str) -> tuple[str, ...]:
        """Return the number keys of names and companies with all words of this search; none if unreadable."""
        try:
            return tuple(self._team.directory.numbers_named(search))
        except STORAGE_ERRORS as error:
            log.warning("names were not searched: %s", type(error).__name__)
            return ()

    def revision(self) -> int:
        """Return the directory's revision. Raises one of STORAGE_ERRORS."""
        return self._team.known_names.revision


def numbers_of(call: Call) -> tuple[str, str, str]:
    """Return the numbers of a call that may have names."""
    return call.caller, call.callee, call.via


@lru_cache(KEPT_KEYS)
def keys_of(*numbers: str) -> str:
    """Return the number keys of these numbers: by them an open page finds what a change is about."""
    keys = dict.fromkeys(filter(None, map(number_key, numbers)))
    return " ".join(key.replace(" ", "_") for key in keys)
