"""The table of the mirrored calls, and how a call becomes a row and a row a call. Knows no queries.

The table mirrors what the API lists, so a change of its form needs no migration: it is made anew under its
new FORM, and the next synchronisation fills it.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Row, String, Table, select

from aircall.calls.phone_numbers import folded, spellings
from aircall.calls.phone_numbers import number_key as number_key
from aircall.models import Call, Note, milliseconds

FORM = 7
# Everything in the database that belongs to the log begins with this, and nothing else does.
PREFIX = "callboard_"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The time of a call that came without a usable one: before every other, so that such calls come last.
NO_TIME = -(2**53)

# Compared and sorted by code point everywhere: PostgreSQL would otherwise sort as the server's language does.
WORD = String().with_variant(String(collation="C"), "postgresql")

metadata = MetaData()
calls = Table(
    f"{PREFIX}calls_{FORM}",
    metadata,
    # A row that changes is written anew under a new number, by which the index of a search names it too.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", WORD, nullable=False, unique=True),
    # Milliseconds since 1970 UTC, or NO_TIME.
    Column("created_at", BigInteger, nullable=False),
    Column("direction", WORD, nullable=False),
    Column("call_type", WORD, nullable=False),
    Column("caller", WORD, nullable=False),
    Column("callee", WORD, nullable=False),
    Column("via", WORD, nullable=False),
    Column("duration", BigInteger),
    Column("is_archived", Boolean, nullable=False),
    Column("notes", WORD, nullable=False),
    # What a search looks into: the spellings of the three numbers; and, folded, the notes and what stands in
    # place of a number, as "anonymous".
    Column("digits", WORD, nullable=False),
    Column("words", WORD, nullable=False),
    # The number of the other side as `number_key` has it.
    Column("counterpart", WORD, nullable=False),
    # The log's version when this row was last written.
    Column("version", BigInteger, nullable=False),
    # Rows of one line stand in it as they were written, so that it costs next to nothing. Without it, lines
    # would be found by looking at all calls once for each.
    Index(f"{PREFIX}calls_{FORM}_line", "via"),
    # A number never comes again, though its row may have been the last.
    sqlite_autoincrement=True,
)
state = Table(
    f"{PREFIX}log_{FORM}",
    metadata,
    Column("id", Integer, primary_key=True),
    # Grows by one with each write of a call.
    Column("version", BigInteger, nullable=False),
    # Grows by one with each write that changed, added or removed a row: while it stays, so do all answers.
    Column("revision", BigInteger, nullable=False),
    # The revision since which nobody has written calls without minding the index of SQLite's search, and the
    # last row that is in it; see call_search.py.
    Column("indexed_revision", BigInteger, nullable=False),
    Column("indexed_number", BigInteger, nullable=False),
    # When the last whole reading of the list began, in milliseconds; NULL before there was one.
    Column("synced_at", BigInteger),
    # The URL of the API whose calls these are; NULL before anybody said.
    Column("api_url", WORD),
    # Grows by one with each process that takes over the events: only the last one's count.
    Column("fence", BigInteger, nullable=False),
)
# The query of the number that grows with each write that changed a row.
REVISION = select(state.c.revision)
# Calls that were removed lately, to keep readings that were under way, in whichever process, from undoing it.
removals = Table(
    f"{PREFIX}removed_{FORM}",
    metadata,
    Column("id", WORD, primary_key=True),
    # The log's version when this was removed.
    Column("version", BigInteger, nullable=False),
)

# By which the calls of each day and sort are counted.
SORT_INDEX = f"{PREFIX}calls_{FORM}_sort"
# Made once the list has been read, until when pages look at all calls there are: to sort 100,000 rows is a
# matter of 50 ms, and to keep each of these in order while such a list is written down one of 500.
LATE_INDEXES = (
    # With what is filtered by most, so that calls can be counted and passed over without reading their rows.
    Index(
        f"{PREFIX}calls_{FORM}_view",
        calls.c.is_archived,
        calls.c.created_at,
        calls.c.id,
        calls.c.call_type,
        calls.c.direction,
        calls.c.via,
    ),
    Index(f"{PREFIX}calls_{FORM}_newest", calls.c.created_at, calls.c.id),
    Index(f"{PREFIX}calls_{FORM}_counterpart", calls.c.counterpart, calls.c.created_at, calls.c.id),
    # For counting: calls of one sort lie side by side, in order of time.
    Index(
        SORT_INDEX,
        calls.c.direction,
        calls.c.call_type,
        calls.c.is_archived,
        calls.c.created_at,
    ),
)

# The columns that say all there is of a call; the others are there to find it.
FACTS = (
    "created_at", "direction", "call_type", "caller", "callee", "via", "duration", "is_archived", "notes",
)  # fmt: skip
WRITTEN = (*FACTS, "id", "digits", "words", "counterpart", "version")

_note_list = msgspec.json.Decoder(list[tuple[str, str]])


def facts(call: Call) -> tuple[Any, ...]:
    """What the row of this call has in the columns FACTS."""
    return (
        time_key(call),
        call.direction,
        call.call_type,
        call.caller,
        call.callee,
        call.via,
        None if call.duration is None else milliseconds(call.duration),
        call.is_archived,
        msgspec.json.encode([(note.id, note.content) for note in call.notes]).decode()
        if call.notes
        else "[]",
    )


def to_row(call: Call, version: int) -> tuple[Any, ...]:
    """What is written in the columns WRITTEN for this call, at this version of the log."""
    return (
        *facts(call),
        call.id,
        f"{spellings(call.caller)} {spellings(call.callee)} {spellings(call.via)}",
        _words(call),
        number_key(call.counterpart),
        version,
    )


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


def time_key(call: Call) -> int:
    """What calls are sorted by."""
    return NO_TIME if call.created_at is None else to_milliseconds(call.created_at)


def to_milliseconds(instant: datetime) -> int:
    """Whole milliseconds since 1970 UTC, the precision in which the API writes its times."""
    return milliseconds(instant - EPOCH)


def from_milliseconds(value: int) -> datetime:
    """The instant, in UTC, of so many milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=value)


def _words(call: Call) -> str:
    named = [text for text in (call.caller, call.callee, call.via) if not text[1:].isdecimal()]
    texts = [text for text in named if any(map(str.isalpha, text))]
    texts += [note.content for note in call.notes]
    return folded("\n".join(texts)) if texts else ""
