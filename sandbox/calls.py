"""The one list of calls everybody shares, and what can happen to a call. Knows no HTTP, channel or lock.

Calls that come in while the sandbox runs. Knows neither the list nor who asks.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, Protocol, TypedDict, cast
from uuid import uuid4


class NoteJson(TypedDict):
    """A note as the API writes it."""

    id: str
    content: str


# The functional form, because `from` is a keyword.
CallJson = TypedDict(
    "CallJson",
    {
        "id": str,
        "duration": int,
        "is_archived": bool,
        "from": str,
        "to": str,
        "direction": str,
        "call_type": str,
        "via": str,
        "created_at": str,
        "notes": list[NoteJson],
    },
)


class CallSource(Protocol):
    """The calls a sandbox starts with, in the order the API lists them."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> CallJson: ...

    def index_of(self, call_id: str) -> int | None:
        """Where the call stands, or None if the source never had it."""


class CallList:
    """A source's calls with what happened since: changed, arrived at the front, removed.

    A call is never changed in place, so whoever holds one may read it without a lock.
    """

    def __init__(self, source: CallSource) -> None:
        self._source = source
        self._arrived: list[str] = []
        self._changed: dict[str, CallJson] = {}
        self._removed: list[int] = []

    def __len__(self) -> int:
        return len(self._arrived) + len(self._source) - len(self._removed)

    def page(self, offset: int, limit: int) -> list[CallJson]:
        """Up to `limit` calls from `offset` on; what is not asked for is not made."""
        return [self._at(position) for position in range(offset, min(offset + limit, len(self)))]

    def get(self, call_id: str) -> CallJson | None:
        """The call as it is now, or None where there is no such call."""
        if call_id in self._changed:
            return self._changed[call_id]
        index = self._index_of(call_id)
        return None if index is None else self._source[index]

    def put(self, call: CallJson) -> None:
        """Make this the state of a call that is in the list."""
        self._changed[call["id"]] = call

    def arrive(self, call: CallJson) -> None:
        """Put a new call in front, so that every offset shifts by one."""
        self._arrived.append(call["id"])
        self._changed[call["id"]] = call

    def remove(self, call_id: str) -> bool:
        """Take the call off the list; False where there is no such call."""
        index = self._index_of(call_id)
        if call_id in self._arrived:
            self._arrived.remove(call_id)
        elif index is not None:
            insort(self._removed, index)
        else:
            return False
        self._changed.pop(call_id, None)
        return True

    def _at(self, position: int) -> CallJson:
        if position < len(self._arrived):
            return self._changed[self._arrived[-1 - position]]
        index = position - len(self._arrived)
        for removed in self._removed:
            if removed > index:
                break
            index += 1
        call = self._source[index]
        return self._changed.get(call["id"], call)

    def _index_of(self, call_id: str) -> int | None:
        index = self._source.index_of(call_id)
        return None if index is None or self._is_removed(index) else index

    def _is_removed(self, index: int) -> bool:
        place = bisect_left(self._removed, index)
        return place < len(self._removed) and self._removed[place] == index


def flipped(call: CallJson) -> CallJson:
    """The call moved to the archive, or back to the inbox if it was there."""
    return {**call, "is_archived": not call["is_archived"]}


def with_note(call: CallJson, content: str) -> CallJson:
    """The call with one more note, which comes first."""
    return {**call, "notes": [{"id": str(uuid4()), "content": content}, *call["notes"]]}


def instant_text(instant: datetime) -> str:
    """The instant as the API writes it: `2024-03-29T12:59:48.740Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


SHORTEST_MS = 600
LONGEST_MS = 900_000
DIRECTIONS = ("inbound", "outbound")
CALL_TYPES = ("answered", "missed", "voicemail")
SENTENCES = (
    "Asked for a copy of the last invoice.",
    "Call back tomorrow before ten.",
    "Left a message with the assistant.",
    "Le client souhaite changer de formule.",
    "Order arrived damaged, replacement promised.",
    "Rappeler après 14 h, réunion le matin.",
    "Very happy with the new handset 🎉",
    "Wants a quote for twelve seats.",
    "Wrong number.",
)


def number(random: Random) -> str:
    """A French phone number that looks like one."""
    return f"+33{random.choice('1234567')}{random.randrange(10**8):08}"


KEYS = tuple(CallJson.__annotations__)


def new_call(random: Random, at: datetime, fields: Mapping[str, Any]) -> CallJson:
    """A call that came in at this time, with the given fields in place of made-up ones.

    Raises ValueError for a field that no call has. The values are not checked: tests want wrong ones too.
    """
    if unknown := sorted(fields.keys() - set(KEYS)):
        raise ValueError(f"A call has no {', '.join(unknown)}")
    made_up: CallJson = {
        "id": str(uuid4()),
        "duration": random.randint(SHORTEST_MS, LONGEST_MS),
        "is_archived": False,
        "from": number(random),
        "to": number(random),
        "direction": random.choice(DIRECTIONS),
        "call_type": random.choice(CALL_TYPES),
        "via": number(random),
        "created_at": instant_text(at),
        "notes": [],
    }
    return cast(CallJson, {**made_up, **fields})
