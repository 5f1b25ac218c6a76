"""The call list, and the values of generated and new calls.

Nothing here takes a lock: `Upstream` does.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, Protocol, TypedDict, cast
from uuid import uuid4

MIN_DURATION_MS = 600
MAX_DURATION_MS = 900_000
DIRECTIONS = ("inbound", "outbound")
CALL_TYPES = ("answered", "missed", "voicemail")
NOTE_TEXTS = (
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
    """The initial calls, in list order."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> CallJson: ...

    def index_of(self, call_id: str) -> int | None:
        """Return the index of the call, or None if the source does not have it."""


class CallList:
    """The calls of a source, with later changes, additions at the front and removals.

    A call is never modified in place, so a returned call may be read without a lock.
    """

    def __init__(self, source: CallSource) -> None:
        self._source = source
        self._added: list[str] = []
        self._changed: dict[str, CallJson] = {}
        self._removed: list[int] = []

    def __len__(self) -> int:
        return len(self._added) + len(self._source) - len(self._removed)

    def page(self, offset: int, limit: int) -> list[CallJson]:
        """Return up to `limit` calls from `offset` on. Only these calls are generated."""
        return [self._at(position) for position in range(offset, min(offset + limit, len(self)))]

    def get(self, call_id: str) -> CallJson | None:
        """Return the current state of the call, or None if it does not exist."""
        if call_id in self._changed:
            return self._changed[call_id]
        index = self._index_of(call_id)
        return None if index is None else self._source[index]

    def put(self, call: CallJson) -> None:
        """Replace a call that is in the list."""
        self._changed[call["id"]] = call

    def prepend(self, call: CallJson) -> None:
        """Insert a new call at the front, so that every offset shifts by one."""
        self._added.append(call["id"])
        self._changed[call["id"]] = call

    def remove(self, call_id: str) -> bool:
        """Remove the call. Return False if it does not exist."""
        index = self._index_of(call_id)
        if call_id in self._added:
            self._added.remove(call_id)
        elif index is not None:
            insort(self._removed, index)
        else:
            return False
        self._changed.pop(call_id, None)
        return True

    def _at(self, position: int) -> CallJson:
        if position < len(self._added):
            return self._changed[self._added[-1 - position]]
        index = position - len(self._added)
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


def toggled(call: CallJson) -> CallJson:
    """Return the call with the opposite archive state."""
    return {**call, "is_archived": not call["is_archived"]}


def with_note(call: CallJson, content: str) -> CallJson:
    """Return the call with a new note before the others."""
    return {**call, "notes": [{"id": str(uuid4()), "content": content}, *call["notes"]]}


def format_time(instant: datetime) -> str:
    """Format a time as the API does: `2024-03-29T12:59:48.740Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def phone_number(random: Random) -> str:
    """Return a plausible French phone number."""
    return f"+33{random.choice('1234567')}{random.randrange(10**8):08}"


def new_call(random: Random, at: datetime, fields: Mapping[str, Any]) -> CallJson:
    """Return a new call with the given fields and random values for the others.

    Raises ValueError for an unknown field. Values are not validated, as tests need invalid ones, too.
    """
    if unknown := sorted(fields.keys() - CallJson.__annotations__.keys()):
        raise ValueError(f"A call has no {', '.join(unknown)}")
    random_call: CallJson = {
        "id": str(uuid4()),
        "duration": random.randint(MIN_DURATION_MS, MAX_DURATION_MS),
        "is_archived": False,
        "from": phone_number(random),
        "to": phone_number(random),
        "direction": random.choice(DIRECTIONS),
        "call_type": random.choice(CALL_TYPES),
        "via": phone_number(random),
        "created_at": format_time(at),
        "notes": [],
    }
    return cast(CallJson, {**random_call, **fields})
