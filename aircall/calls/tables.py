"""The replica's tables, and the conversion between a call and its row.

There are no migrations: tables with another SCHEMA_VERSION are dropped at the start, and the next full sync
fills the new ones.
"""

from datetime import timedelta
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    Row,
    SmallInteger,
    Table,
    and_,
    func,
    select,
)

from aircall.calls.phone_numbers import CACHED_NUMBERS, fold_text, number_key, spellings
from aircall.models import MILLISECOND, UNIX_EPOCH, Call, Note, from_milliseconds, to_milliseconds
from aircall.storage.database import TEXT
from aircall.storage.reading import Revision

# Increase it whenever the columns or their meaning change.
SCHEMA_VERSION = 11
# All names of the replica in the database begin with this; those of team data, with callboard_team_.
PREFIX = "callboard_"
# Milliseconds. Stands for a missing time, before all real ones, so that such calls are sorted last.
NO_TIME = -(2**53)
# Not less than any number key: the greatest code point.
EVERY_NUMBER = "\U0010ffff"

# What nobody answered, or was left for us.
UNANSWERED = ("missed", "voicemail")


class Contact(IntEnum):
    """What a call is to a caller who may wait."""

    NONE = 0
    # The caller called, and nobody answered.
    ATTEMPT = 1
    ARCHIVED_ATTEMPT = 2
    # Somebody spoke with the caller, whoever called.
    REACHED = 3
    # We called, and the caller did not answer.
    TRY = 4


metadata = MetaData()
calls = Table(
    f"{PREFIX}calls_{SCHEMA_VERSION}",
    metadata,
    # A changed row is inserted anew with a new row version; the search index refers to rows by it.
    Column("row_version", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", TEXT, nullable=False, unique=True),
    # Milliseconds since 1970 UTC, or NO_TIME.
    Column("created_at", BigInteger, nullable=False),
    Column("direction", TEXT, nullable=False),
    Column("call_type", TEXT, nullable=False),
    Column("caller", TEXT, nullable=False),
    Column("callee", TEXT, nullable=False),
    Column("via", TEXT, nullable=False),
    # Milliseconds.
    Column("duration", BigInteger),
    Column("is_archived", Boolean, nullable=False),
    # JSON: pairs of id and content, newest first.
    Column("notes", TEXT, nullable=False),
    # Searched: all spellings of the three numbers.
    Column("digits", TEXT, nullable=False),
    # Searched, folded: the notes, and what stands in place of a number, such as "anonymous".
    Column("words", TEXT, nullable=False),
    # `number_key` of the other side's number.
    Column("counterpart", TEXT, nullable=False),
    # What the call is to a caller who may wait: a Contact.
    Column("contact", SmallInteger, nullable=False),
    # The store version of the last write.
    Column("version", BigInteger, nullable=False),
    # Never reuse a row version, even if it was the greatest one.
    sqlite_autoincrement=True,
)
# One row.
state = Table(
    f"{PREFIX}state_{SCHEMA_VERSION}",
    metadata,
    Column("id", Integer, primary_key=True),
    # The store version: incremented by each write.
    Column("version", BigInteger, nullable=False),
    # Incremented by each write that changed a row.
    Column("revision", BigInteger, nullable=False),
    # SQLite's search index: the last revision written by a process that maintains the index, and the greatest
    # row version in it. See search.py.
    Column("indexed_revision", BigInteger, nullable=False),
    Column("indexed_row_version", BigInteger, nullable=False),
    # The greatest row version in the kept counts. See kept_counts.py.
    Column("counted_row_version", BigInteger, nullable=False),
    # The first revision since which every deleted row is in `gone`. See count_cache.py.
    Column("changes_from", BigInteger, nullable=False),
    # Milliseconds since 1970 UTC at which the latest complete full sync began; NULL before the first one.
    Column("synced_at", BigInteger),
    # Rows of that full sync which could not be read or stored.
    Column("left_out", BigInteger, nullable=False),
    # The API that the calls come from; NULL until it is set.
    Column("api_url", TEXT),
    # Up to which number the streaks are kept, NULL before the first full sync; and how many callers wait. See
    # streaks.py.
    Column("streaks_up_to", TEXT),
    Column("waiting", BigInteger, nullable=False),
    # The fencing token: incremented at each change of leader; writes with an older one are rejected.
    Column("fence", BigInteger, nullable=False),
)
# What most pages ask of it, the revision first.
STATE = select(state.c.revision, state.c.synced_at, state.c.left_out, state.c.streaks_up_to)
# 0 without calls.
LAST_ROW_VERSION = func.coalesce(select(func.max(calls.c.row_version)).scalar_subquery(), 0)
# Recently removed calls, so that a full sync in progress, in any process, does not restore them.
removals = Table(
    f"{PREFIX}removed_{SCHEMA_VERSION}",
    metadata,
    Column("id", TEXT, primary_key=True),
    # The store version of the removal.
    Column("version", BigInteger, nullable=False),
)
# Rows that were deleted lately, by being changed too, with what filters and counts need. See count_cache.py.
gone = Table(
    f"{PREFIX}gone_{SCHEMA_VERSION}",
    metadata,
    # The revision of the write that deleted them.
    Column("revision", BigInteger, primary_key=True),
    Column("row_version", BigInteger, primary_key=True),
    *(
        Column(name, calls.c[name].type, nullable=False)
        for name in (
            "id", "created_at", "direction", "call_type", "via", "is_archived", "digits", "words",
            "counterpart",
        )
    ),
)  # fmt: skip
# The kept counts (kept_counts.py): calls of a line, or of all lines, in a bucket of time.
counts = Table(
    f"{PREFIX}counts_{SCHEMA_VERSION}",
    metadata,
    # Empty for all lines together.
    Column("via", TEXT, primary_key=True),
    # Of the bucket, in milliseconds; 0 for all time.
    Column("width", BigInteger, primary_key=True),
    Column("bucket", BigInteger, primary_key=True),
    Column("direction", TEXT, primary_key=True),
    Column("call_type", TEXT, primary_key=True),
    Column("is_archived", Boolean, primary_key=True),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
# Every line that has calls.
lines = Table(
    f"{PREFIX}lines_{SCHEMA_VERSION}",
    metadata,
    Column("via", TEXT, primary_key=True),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index(f"{PREFIX}lines_{SCHEMA_VERSION}_count", lines.c.count.desc(), lines.c.via)
# The streaks of unanswered calls of each number (streaks.py). Of a number that is withheld, each call is one.
streaks = Table(
    f"{PREFIX}streaks_{SCHEMA_VERSION}",
    metadata,
    # `number_key`; empty if the number is withheld, and only then there is a call id.
    Column("number_key", TEXT, primary_key=True),
    # Of the first call, an archived one too. All times are in milliseconds, or NO_TIME.
    Column("started_at", BigInteger, primary_key=True),
    Column("call_id", TEXT, primary_key=True),
    # Of the first and the last call that are not archived; NULL without any. What follows is of these calls.
    Column("waiting_since", BigInteger),
    Column("last_at", BigInteger),
    Column("last_id", TEXT),
    # The number as the last call has it.
    Column("number", TEXT),
    # Up to MAX_COUNTED.
    Column("attempts", BigInteger, nullable=False),
    # JSON: the lines that the latest calls rang, unsorted.
    Column("lines", TEXT),
    # Calls of ours since then that were not answered, up to MAX_COUNTED.
    Column("tries", BigInteger, nullable=False),
    Column("tried_at", BigInteger),
    # The beginning of the newest note on the latest of all these calls.
    Column("note", TEXT),
    # The answered call that ended the streak; NULL if the caller still waits.
    Column("reached_at", BigInteger),
    Column("reached_end", BigInteger),
    Column("reached_direction", TEXT),
    Column("reached_duration", BigInteger),
    sqlite_with_rowid=False,
)
IS_WAITING = and_(streaks.c.reached_at.is_(None), streaks.c.waiting_since.is_not(None))
Index(
    f"{PREFIX}streaks_{SCHEMA_VERSION}_waiting",
    streaks.c.waiting_since,
    streaks.c.number_key,
    streaks.c.call_id,
    streaks.c.started_at,
    sqlite_where=IS_WAITING,
    postgresql_where=IS_WAITING,
)
Index(f"{PREFIX}streaks_{SCHEMA_VERSION}_reached", streaks.c.reached_end)
Index(f"{PREFIX}streaks_{SCHEMA_VERSION}_started", streaks.c.started_at, streaks.c.reached_at)

KIND_INDEX = f"{PREFIX}calls_{SCHEMA_VERSION}_kind"
# Created after the first full sync: maintaining each of them costs 500 ms while 100,000 calls are inserted,
# and until then a page sorts all calls in 50 ms.
DEFERRED_INDEXES = (
    # Covers the common filters, so that rows are counted and skipped without being read.
    Index(
        f"{PREFIX}calls_{SCHEMA_VERSION}_view",
        calls.c.is_archived,
        calls.c.created_at,
        calls.c.id,
        calls.c.call_type,
        calls.c.direction,
        calls.c.via,
    ),
    Index(f"{PREFIX}calls_{SCHEMA_VERSION}_newest", calls.c.created_at, calls.c.id),
    Index(
        f"{PREFIX}calls_{SCHEMA_VERSION}_line",
        calls.c.via,
        calls.c.created_at,
        calls.c.is_archived,
        calls.c.direction,
        calls.c.call_type,
    ),
    Index(f"{PREFIX}calls_{SCHEMA_VERSION}_counterpart", calls.c.counterpart, calls.c.created_at, calls.c.id),
    # Finds the ends of a streak without reading it.
    Index(
        f"{PREFIX}calls_{SCHEMA_VERSION}_contact",
        calls.c.counterpart,
        calls.c.contact,
        calls.c.created_at,
        calls.c.id,
    ),
    # Counts by day and kind.
    Index(KIND_INDEX, calls.c.direction, calls.c.call_type, calls.c.is_archived, calls.c.created_at),
)

# The columns that hold a call's content; the other ones are derived from it or belong to the store.
CONTENT_COLUMNS = (
    "created_at", "direction", "call_type", "caller", "callee", "via", "duration", "is_archived", "notes",
)  # fmt: skip
INSERTED_COLUMNS = (*CONTENT_COLUMNS, "id", "digits", "words", "counterpart", "contact", "version")

_notes_decoder = msgspec.json.Decoder(list[tuple[str, str]])


def revision_of(engine: Engine) -> Revision:
    """Return the number of writes that changed a row, to be read: cached query results are valid for one."""
    return Revision(engine, STATE)


def next_row_versions(connection: Connection, done: Column[int], limit: int) -> tuple[int, int] | None:
    """Return between which row versions the next rows are: after the first one, up to the second one.

    `done` is the column of `state` with the greatest row version that was done. None if there are no more.
    """
    after = connection.execute(select(done)).scalar_one()
    new = select(calls.c.row_version).where(calls.c.row_version > after)
    new = new.order_by(calls.c.row_version).limit(limit)
    last = connection.execute(select(func.max(new.subquery().c.row_version))).scalar_one()
    return None if last is None else (after, last)


def row_content(call: Call) -> tuple[Any, ...]:
    """Return the values of CONTENT_COLUMNS for this call."""
    # Without functions: a first sync takes this way for each call of the list.
    return (
        NO_TIME if call.created_at is None else (call.created_at - UNIX_EPOCH) // MILLISECOND,
        call.direction,
        call.call_type,
        call.caller,
        call.callee,
        call.via,
        None if call.duration is None else call.duration // MILLISECOND,
        call.is_archived,
        msgspec.json.encode([(note.id, note.content) for note in call.notes]).decode()
        if call.notes
        else "[]",
    )


def to_row(call: Call, version: int) -> tuple[Any, ...]:
    """Return the values of INSERTED_COLUMNS for this call, written at this store version."""
    caller, callee, via = _parts(call.caller), _parts(call.callee), _parts(call.via)
    words = ""
    if call.notes or caller.word or callee.word or via.word:
        texts = (caller.word, callee.word, via.word, *(note.content for note in call.notes))
        words = fold_text("\n".join(filter(None, texts)))
    return (
        *row_content(call),
        call.id,
        f"{caller.digits} {callee.digits} {via.digits}",
        words,
        callee.key if call.direction == "outbound" else caller.key,
        int(contact_of(call)),
        version,
    )


def from_row(row: Row[Any]) -> Call:
    """Return the call of this row of `calls`."""
    # By position: a name takes three times as long to look up, and a list has ten for each call.
    content = tuple(row)[1:11]
    call_id, created_at, direction, call_type, caller, callee, via, duration, is_archived, notes = content
    return Call(
        id=call_id,
        direction=direction,
        call_type=call_type,
        caller=caller,
        callee=callee,
        via=via,
        duration=None if duration is None else timedelta(0, 0, 0, duration),
        is_archived=is_archived,
        created_at=None if created_at == NO_TIME else from_milliseconds(created_at),
        notes=() if notes == "[]" else _decode_notes(notes),
    )


def _decode_notes(text: str) -> tuple[Note, ...]:
    return tuple(Note(id=id_, content=content) for id_, content in _notes_decoder.decode(text))


def contact_of(call: Call) -> Contact:
    """Return what this call is to a caller who may wait."""
    if call.call_type == "answered":
        return Contact.REACHED
    if call.direction == "outbound":
        return Contact.TRY
    if call.call_type not in UNANSWERED:
        return Contact.NONE
    return Contact.ARCHIVED_ATTEMPT if call.is_archived else Contact.ATTEMPT


def time_key(call: Call) -> int:
    """Return the value of `created_at` that calls are sorted by."""
    return NO_TIME if call.created_at is None else to_milliseconds(call.created_at)


class _Parts(NamedTuple):
    """What a row derives from the text of a number; `word` is the text if it has letters, else empty."""

    digits: str
    key: str
    word: str


@lru_cache(maxsize=CACHED_NUMBERS)
def _parts(text: str) -> _Parts:
    is_word = not text[1:].isdecimal() and any(map(str.isalpha, text))
    return _Parts(spellings(text), number_key(text), text if is_word else "")
