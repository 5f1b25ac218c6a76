"""The records everything else works with, decoded and cleaned once, at the door. Knows no I/O.

Field names and forms follow the API's own documentation and 94 recorded calls. `from` is `caller` here,
because it is a keyword, and `to` is `callee`, the API's own words for the two numbers.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from aircall.errors import MalformedAnswerError

UNKNOWN = "unknown"
DIRECTIONS = ("inbound", "outbound")
CALL_TYPES = ("answered", "missed", "voicemail")
# Beyond a year a duration is nonsense, and a timedelta overflows not far beyond it.
LONGEST_DURATION_MS = 366 * 24 * 3600 * 1000
# Lone surrogates cannot be encoded, and C0 controls other than tab and line breaks cannot be shown.
UNSHOWABLE = re.compile("[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note on a call. The API tells neither its author nor its time."""

    id: str
    content: str

    def to_json(self) -> dict[str, Any]:
        """The note as the API writes it."""
        return {"id": self.id, "content": self.content}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One phone call.

    `call_type` and `direction` are one of the known words or "unknown"; `duration` and `created_at` (UTC)
    are None where the API gave nothing usable; `notes` come newest first, as the API sends them.
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

    @property
    def counterpart(self) -> str:
        """The number of the other side: who called us, or whom we called."""
        return self.callee if self.direction == "outbound" else self.caller

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a call as the API writes it; durations are milliseconds, whatever its documentation says.

        Raises MalformedAnswerError where there is no object with a usable id. Anything else that is
        missing or odd becomes "unknown", empty or None, so that one bad field never hides a call.
        """
        if not isinstance(data, Mapping):
            raise MalformedAnswerError("A call is not a JSON object.")
        return cls(
            id=call_id(data.get("id")),
            direction=_known(data.get("direction"), DIRECTIONS),
            call_type=_known(data.get("call_type"), CALL_TYPES),
            caller=clean_text(data.get("from")),
            callee=clean_text(data.get("to")),
            via=clean_text(data.get("via")),
            duration=_duration(data.get("duration")),
            is_archived=data.get("is_archived") is True,
            created_at=_instant(data.get("created_at")),
            notes=_notes(data.get("notes")),
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
    """One answer of the list endpoint, rows that could not be read left out and counted in `malformed_count`.

    `total_count` and `has_next_page` are None where the API gave nothing usable.
    """

    calls: tuple[Call, ...]
    malformed_count: int
    total_count: int | None
    has_next_page: bool | None

    @property
    def row_count(self) -> int:
        """How many rows the API sent, readable or not: what the next offset has to skip."""
        return len(self.calls) + self.malformed_count


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who is signed in, as `/me` tells it."""

    id: str
    username: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Tokens:
    """An access token and, where the API gave one, the refresh token. Never printed: repr is left out."""

    access: str
    refresh: str | None


def call_id(value: object) -> str:
    """The id in the API's own form, a lower-case UUID. Raises MalformedAnswerError for anything else."""
    try:
        return str(UUID(value)) if isinstance(value, str) and len(value) == 36 else _no_id()
    except ValueError as error:
        raise MalformedAnswerError("A call's id is not a UUID.") from error


def clean_text(value: object) -> str:
    """The text with what cannot be encoded or shown replaced; empty for anything that is not text."""
    return UNSHOWABLE.sub("\ufffd", value) if isinstance(value, str) else ""


def milliseconds(duration: timedelta) -> int:
    """The duration in whole milliseconds, the API's unit."""
    return duration // timedelta(milliseconds=1)


def instant_text(instant: datetime) -> str:
    """The instant as the API writes it: `2024-03-29T12:59:48.740Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _no_id() -> str:
    raise MalformedAnswerError("A call has no id.")


def _known(value: object, words: tuple[str, ...]) -> str:
    return value if isinstance(value, str) and value in words else UNKNOWN


def _duration(value: object) -> timedelta | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return timedelta(milliseconds=value) if 0 <= value <= LONGEST_DURATION_MS else None


def _instant(value: object) -> datetime | None:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if instant is None or instant.tzinfo is None:
        return None
    # The first and last days of the calendar leave it when they are shown in another zone.
    return instant.astimezone(UTC) if 1 < instant.year < 9999 else None


def _notes(value: object) -> tuple[Note, ...]:
    rows = value if isinstance(value, list) else []
    return tuple(
        Note(id=clean_text(row.get("id")), content=clean_text(row.get("content")))
        for row in rows
        if isinstance(row, Mapping)
    )
