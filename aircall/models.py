"""Pieces of the API's JSON, read and written one at a time. Knows no record's fields, and no I/O.

Where a field is of no use, its reader answers None, and the record decides what that means.

The records everything else works with, decoded and cleaned once, at the door. Knows no I/O.

Field names and forms follow the API's own documentation and 94 recorded calls. `from` is `caller` here,
because it is a keyword, and `to` is `callee`, the API's own words for the two numbers. A list
has a hundred thousand calls, and msgspec makes them in a fifth of the time of a dataclass.

Who is signed in, and the tokens for that, decoded at the door as calls are. Knows no I/O.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar

import msgspec

from aircall.errors import MalformedResponseError

T = TypeVar("T")

# Beyond a year a duration is nonsense, and a timedelta overflows not far beyond it.
LONGEST_DURATION_MS = 366 * 24 * 3600 * 1000
MILLISECOND = timedelta(milliseconds=1)
# The largest whole number that every JSON reader keeps exactly.
LARGEST_COUNT = 2**53
# What fits a header. A JWT is a few hundred characters long.
TOKEN = re.compile("[!-~]{1,8192}")
ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
# Lone surrogates cannot be encoded, and C0 controls other than tab and line breaks cannot be shown.
UNSHOWABLE = re.compile("[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f]")


def json_object(value: object) -> Mapping[str, Any]:
    """The fields of a record. Raises MalformedResponseError for anything but a JSON object."""
    if not isinstance(value, Mapping):
        raise MalformedResponseError("The answer is not a JSON object.")
    return value


def usable(read: Callable[[object], T], value: object) -> T | None:
    """The record that `read` makes of this, or None where it is malformed."""
    try:
        return read(value)
    except MalformedResponseError:
        return None


def call_id(value: object) -> str:
    """The id in the API's own form, a lower-case UUID. Raises MalformedResponseError for anything else."""
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise MalformedResponseError("A call's id is not a UUID.")
    return value.lower()


def is_call_id(text: str) -> bool:
    """Whether this is a call's id, in the API's own form."""
    try:
        return call_id(text) == text
    except MalformedResponseError:
        return False


def clean_text(value: object) -> str:
    """The text with what cannot be encoded or shown replaced; empty for anything that is not text."""
    if not isinstance(value, str):
        return ""
    return value if value.isprintable() else UNSHOWABLE.sub("\ufffd", value)


def known(value: object, words: tuple[str, ...]) -> str | None:
    """The value, if it is one of the known words."""
    return value if isinstance(value, str) and value in words else None


def duration(value: object) -> timedelta | None:
    """The duration that a number of milliseconds stands for."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    # By position: named, the milliseconds take three times as long.
    return timedelta(0, 0, 0, value) if 0 <= value <= LONGEST_DURATION_MS else None


def instant(value: object) -> datetime | None:
    """The instant that an ISO 8601 text with a zone stands for, in UTC."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None:
        return None
    # The first and last days of the calendar leave it when they are shown in another zone.
    return moment.astimezone(UTC) if 1 < moment.year < 9999 else None


def count(value: object) -> int | None:
    """A whole number of things, zero included."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= LARGEST_COUNT else None


def flag(value: object) -> bool | None:
    """True or False, where it is said."""
    return value if isinstance(value, bool) else None


def token(value: object) -> str | None:
    """A token that can be sent in a header."""
    return value if isinstance(value, str) and TOKEN.fullmatch(value) else None


def milliseconds(value: timedelta) -> int:
    """The duration in whole milliseconds, the API's unit."""
    return value // MILLISECOND


def instant_text(value: datetime) -> str:
    """The instant as the API writes it: `2024-03-29T12:59:48.740Z`."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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

        Raises MalformedResponseError without a usable id. Any other odd field becomes unknown or empty.
        """
        call = json_object(data)
        return cls(
            id=call_id(call.get("id")),
            direction=known(call.get("direction"), DIRECTIONS) or UNKNOWN,
            call_type=known(call.get("call_type"), CALL_TYPES) or UNKNOWN,
            caller=clean_text(call.get("from")),
            callee=clean_text(call.get("to")),
            via=clean_text(call.get("via")),
            duration=duration(call.get("duration")),
            is_archived=call.get("is_archived") is True,
            created_at=instant(call.get("created_at")),
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
        """Read a page as the API writes it. Raises MalformedResponseError where there is no list of rows."""
        page = json_object(data)
        if not isinstance(rows := page.get("nodes"), list):
            raise MalformedResponseError("The list of calls has no rows.")
        calls = (usable(Call.from_json, row) for row in rows)
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
            total_count=count(total_count),
            has_next_page=flag(has_next_page),
        )

    @property
    def row_count(self) -> int:
        """How many rows the API sent, of any kind: what the next offset has to skip."""
        return len(self.calls) + self.malformed_count + self.duplicate_count


def _notes(value: object) -> tuple[Note, ...]:
    rows = [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
    return tuple(Note(id=clean_text(row.get("id")), content=clean_text(row.get("content"))) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who is signed in, as `/me` tells it."""

    id: str
    username: str

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a user as the API writes it. Raises MalformedResponseError where there is no name."""
        user = json_object(data)
        username = clean_text(user.get("username"))
        if not username:
            raise MalformedResponseError("A user has no name.")
        return cls(id=clean_text(user.get("id")) or username, username=username)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Tokens:
    """An access token and, where the API gave one, the refresh token. Never printed: repr is left out."""

    access: str
    refresh: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenGrant:
    """What the API answers to a login and to a refresh. `user` is None where it tells no usable one."""

    tokens: Tokens
    user: User | None

    @classmethod
    def from_json(cls, data: object, refresh_token: str | None = None) -> Self:
        """Read a grant as the API writes it; `refresh_token` stands in where it brings none.

        Raises MalformedResponseError where there is no access token.
        """
        grant = json_object(data)
        access = token(grant.get("access_token"))
        if access is None:
            raise MalformedResponseError("A grant has no access token.")
        tokens = Tokens(access=access, refresh=token(grant.get("refresh_token")) or refresh_token)
        return cls(tokens=tokens, user=usable(User.from_json, grant.get("user")))
