"""The table of the mirrored calls, and how a call becomes a row and a row a call. Knows no queries.

The table mirrors what the API lists, so a change of its form needs no migration: it is made anew under its
new FORM, and the next synchronisation fills it.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Row, String, Table, Text

from aircall.models import Call, Note, milliseconds

FORM = 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The time of a call that came without a usable one: before every other, so that such calls come last.
NO_TIME = -(2**53)
NOT_DIGITS = re.compile(r"\D+")

metadata = MetaData()
calls = Table(
    f"calls_{FORM}",
    metadata,
    Column("id", String(36), primary_key=True),
    # Milliseconds since 1970 UTC, or NO_TIME.
    Column("created_at", BigInteger, nullable=False),
    Column("direction", String, nullable=False),
    Column("call_type", String, nullable=False),
    Column("caller", String, nullable=False),
    Column("callee", String, nullable=False),
    Column("via", String, nullable=False),
    Column("duration", BigInteger),
    Column("is_archived", Boolean, nullable=False),
    Column("notes", Text, nullable=False),
    # What a search looks into: the digits of the three numbers, and the notes without regard to case.
    Column("digits", String, nullable=False),
    Column("note_text", Text, nullable=False),
    # The log's version when this row was last written.
    Column("version", BigInteger, nullable=False),
    Index(f"calls_{FORM}_newest", "created_at", "id"),
    Index(f"calls_{FORM}_view", "is_archived", "created_at", "id"),
)
state = Table(
    f"call_log_{FORM}",
    metadata,
    Column("id", Integer, primary_key=True),
    # Grows by one with each write of a call.
    Column("version", BigInteger, nullable=False),
    # When the last whole reading of the list began, in milliseconds; NULL before there was one.
    Column("synchronised_at", BigInteger),
)

_note_list = msgspec.json.Decoder(list[tuple[str, str]])


def to_row(call: Call) -> dict[str, Any]:
    """The row of this call, but for its version."""
    return {
        "id": call.id,
        "created_at": time_key(call),
        "direction": call.direction,
        "call_type": call.call_type,
        "caller": call.caller,
        "callee": call.callee,
        "via": call.via,
        "duration": None if call.duration is None else milliseconds(call.duration),
        "is_archived": call.is_archived,
        "notes": msgspec.json.encode([(note.id, note.content) for note in call.notes]).decode(),
        "digits": " ".join(digits_of(number) for number in (call.caller, call.callee, call.via)),
        "note_text": "\n".join(note.content for note in call.notes).casefold(),
    }


def from_row(row: Row[Any]) -> Call:
    """The call that this row mirrors."""
    return Call(
        id=row.id,
        direction=row.direction,
        call_type=row.call_type,
        caller=row.caller,
        callee=row.callee,
        via=row.via,
        duration=None if row.duration is None else timedelta(milliseconds=row.duration),
        is_archived=row.is_archived,
        created_at=None if row.created_at == NO_TIME else from_milliseconds(row.created_at),
        notes=tuple(Note(id=id_, content=content) for id_, content in _note_list.decode(row.notes)),
    )


def digits_of(text: str) -> str:
    """The digits in the text, in their order."""
    return NOT_DIGITS.sub("", text)


def time_key(call: Call) -> int:
    """What calls are sorted by."""
    return NO_TIME if call.created_at is None else to_milliseconds(call.created_at)


def to_milliseconds(instant: datetime) -> int:
    """Whole milliseconds since 1970 UTC, the precision in which the API writes its times."""
    return (instant - EPOCH) // timedelta(milliseconds=1)


def from_milliseconds(value: int) -> datetime:
    """The instant, in UTC, of so many milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=value)
