"""The records everything else works with, decoded and cleaned once, at the door. Knows no I/O.

Field names and forms follow the API's own documentation and 94 recorded calls. `from` is `caller` here,
because it is a keyword, and `to` is `callee`, the API's own words for the two numbers. A list
has a hundred thousand calls, and msgspec makes them in a fifth of the time of a dataclass.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import msgspec

from aircall import fields
from aircall.errors import MalformedAnswerError
from aircall.fields import call_id as call_id
from aircall.fields import clean_text as clean_text
from aircall.fields import instant_text as instant_text
from aircall.fields import milliseconds as milliseconds

UNKNOWN = "unknown"
DIRECTIONS = ("inbound", "outbound")
CALL_TYPES = ("answered", "missed", "voicemail")


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A note on a call. The API tells neither its author nor its time. `repr` does not tell its text."""

    id: str
    content: str

    def __repr__(self) -> str:
        return f"Note(id={self.id!r})"

    def to_json(self) -> dict[str, Any]:
        """The note as the API writes it."""
        return {"id": self.id, "content": self.content}


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One phone call.

    `call_type` and `direction` are one of the known words or "unknown"; `duration` and `created_at` (UTC)
    are None where the API gave nothing usable; `notes` come newest first. `repr` tells no number and no note.
    """

    id: str
    direction: str
    call_type: str
    caller: str
    callee: str
    via: str
    duration: timedelta | None
    is_archived: bool
    created_at: datetime | None
    notes: tuple[Note, ...]

    def __repr__(self) -> str:
        return f"Call(id={self.id!r}, call_type={self.call_type!r}, is_archived={self.is_archived!r})"

    @property
    def counterpart(self) -> str:
        """The number of the other side: who called us, or whom we called."""
        return self.callee if self.direction == "outbound" else self.caller

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a call as the API writes it; durations are milliseconds, whatever its documentation says.

        Raises MalformedAnswerError where there is no usable id. Any other odd field becomes unknown or empty.
        """
        call = fields.json_object(data)
        return cls(
            id=call_id(call.get("id")),
            direction=fields.known(call.get("direction"), DIRECTIONS) or UNKNOWN,
            call_type=fields.known(call.get("call_type"), CALL_TYPES) or UNKNOWN,
            caller=clean_text(call.get("from")),
            callee=clean_text(call.get("to")),
            via=clean_text(call.get("via")),
            duration=fields.duration(call.get("duration")),
            is_archived=call.get("is_archived") is True,
            created_at=fields.instant(call.get("created_at")),
            notes=_notes(call.get("notes")),
        )

    def to_json(self) -> dict[str, Any]:
        """The call as the API writes it: these ten keys, milliseconds, and a time ending in Z."""
        return {
            "id": self.id,
            "duration": None if self.duration is None else milliseconds(self.duration),
            "is_archived": self.is_archived,
            "from": self.caller,
            "to": self.callee,
            "direction": self.direction,
            "call_type": self.call_type,
            "via": self.via,
            "created_at": None if self.created_at is None else instant_text(self.created_at),
            "notes": [note.to_json() for note in self.notes],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPage:
    """One answer of the list endpoint: each call once; the rows left out are counted.

    `total_count` and `has_next_page` are None where the API gave nothing usable.
    """

    calls: tuple[Call, ...]
    malformed_count: int
    duplicate_count: int = 0
    total_count: int | None
    has_next_page: bool | None

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a page as the API writes it. Raises MalformedAnswerError where there is no list of rows."""
        page = fields.json_object(data)
        if not isinstance(rows := page.get("nodes"), list):
            raise MalformedAnswerError("The list of calls has no rows.")
        calls = (fields.usable(Call.from_json, row) for row in rows)
        return cls.of(calls, page.get("totalCount"), page.get("hasNextPage"))

    @classmethod
    def of(cls, rows: Iterable[Call | None], total_count: object, has_next_page: object) -> Self:
        """The page of these rows, None for each that cannot be read."""
        read = list(rows)
        readable = {call.id: call for call in read if call is not None}
        return cls(
            calls=tuple(readable.values()),
            malformed_count=(bad_count := read.count(None)),
            duplicate_count=len(read) - bad_count - len(readable),
            total_count=fields.count(total_count),
            has_next_page=fields.flag(has_next_page),
        )

    @property
    def row_count(self) -> int:
        """How many rows the API sent, of any kind: what the next offset has to skip."""
        return len(self.calls) + self.malformed_count + self.duplicate_count


def _notes(value: object) -> tuple[Note, ...]:
    rows = [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
    return tuple(Note(id=clean_text(row.get("id")), content=clean_text(row.get("content"))) for row in rows)
