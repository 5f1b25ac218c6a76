"""Calls made up for tests, as records."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from aircall.models import Call, Note

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def call_id(number: int) -> str:
    """The id of the call with this number: a greater number, a greater id."""
    return str(UUID(int=number))


def made_call(number: int = 1, **given: Any) -> Call:
    """A call with this number: an inbound one, missed at noon, still in the inbox, unless told otherwise."""
    fields: dict[str, Any] = {
        "id": call_id(number),
        "direction": "inbound",
        "call_type": "missed",
        "caller": "+33612345678",
        "callee": "+33189394635",
        "via": "+33118842251",
        "duration": timedelta(seconds=5),
        "is_archived": False,
        "created_at": NOON,
        "notes": (),
    }
    return Call(**(fields | given))


def made_notes(*texts: str) -> tuple[Note, ...]:
    """Notes with these texts, the newest first."""
    return tuple(Note(id=call_id(number), content=text) for number, text in enumerate(texts))
