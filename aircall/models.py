"""Immutable records of the API's data: calls, pages of calls, notes, users and tokens.

JSON is parsed and cleaned once, by the `from_json` methods. A field without a usable value becomes None,
empty or "unknown"; a record without its required field raises MalformedResponseError. Field names follow the
API's documentation and 94 recorded calls, but `from`, a Python keyword, is `caller` here and `to` is
`callee`. Call and Note are msgspec structs: a list may hold 100,000 calls, and a dataclass takes five times
as long to create. `gc=False`: they cannot be part of a cycle, and the garbage collector's search for cycles
took half the time of reading a page.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar

import msgspec

from aircall.errors import MalformedResponseError

T = TypeVar("T")

UNKNOWN = "unknown"
DIRECTIONS = ("inbound", "outbound")
CALL_TYPES = ("answered", "missed", "voicemail")

# Milliseconds. A longer duration is nonsense, and not far beyond it timedelta overflows.
MAX_DURATION = 366 * 24 * 3600 * 1000
# Characters of a phone number or an address in place of one; PostgreSQL's indexes take no 2,700 bytes.
MAX_NUMBER_LENGTH = 500
# E.164 has 15 digits at most.
MAX_INTEGER = 10**20
# The largest integer that every JSON parser keeps exactly.
MAX_COUNT = 2**53
MILLISECOND = timedelta(milliseconds=1)
UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Printable ASCII that fits into a header. A JWT is a few hundred characters long.
TOKEN = re.compile("[!-~]{1,8192}")
UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Other forms, such as numbers and ULIDs: what a URL, an HTML id and a list separated by commas hold as it is.
OTHER_ID = re.compile("[A-Za-z0-9][A-Za-z0-9._~:@-]{0,127}")
# Names of our own URLs, where `/calls/` is followed by an id.
RESERVED_IDS = frozenset({"archive", "counts", "rows"})
# Lone surrogates cannot be encoded; C0 control characters other than tab and line breaks cannot be displayed.
UNDISPLAYABLE = re.compile("[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f]")


def parse_call_id(value: object) -> str:
    """Return the id: a UUID, the API's own form, in lower case, or else another word or number.

    Raise MalformedResponseError for anything else.
    """
    if not isinstance(value, str):
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise MalformedResponseError("A call has no id.")
        value = str(value)
    # Most are. A pattern that ignores case takes twice as long.
    if UUID.fullmatch(value):
        return value
    if UUID.fullmatch(lower := value.lower()):
        return lower
    if not OTHER_ID.fullmatch(value) or value in RESERVED_IDS:
        raise MalformedResponseError("A call's id is unusable.")
    return value


def is_call_id(text: str) -> bool:
    """Return whether this may be the id of a call, in the form that `parse_call_id` returns."""
    try:
        return parse_call_id(text) == text
    except MalformedResponseError:
        return False


def parse_word(value: object, known: tuple[str, ...]) -> str:
    """Return the value if it is one of the known words, else "unknown"."""
    return value if isinstance(value, str) and value in known else UNKNOWN


def parse_flag(value: object) -> bool | None:
    """Return a boolean, or None for anything else."""
    return value if isinstance(value, bool) else None


def parse_duration(value: object) -> timedelta | None:
    """Return the duration of a number of milliseconds, or None if it is unusable."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    # A positional argument: as a keyword, milliseconds take three times as long.
    return timedelta(0, 0, 0, value) if 0 <= value <= MAX_DURATION else None


def parse_instant(value: object) -> datetime | None:
    """Return the instant of an ISO 8601 text, in UTC even if it names no zone; None if it is unusable."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    # The first and the last day of the calendar overflow when they are converted to another time zone.
    if moment is None or not 1 < moment.year < 9999:
        return None
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_token(value: object) -> str | None:
    """Return a token that can be sent in a header, or None."""
    return value if isinstance(value, str) and TOKEN.fullmatch(value) else None


def clean_text(value: object) -> str:
    """Return the text with unencodable and undisplayable characters replaced; empty if it is not text."""
    if not isinstance(value, str):
        return ""
    return value if value.isprintable() else UNDISPLAYABLE.sub("\ufffd", value)


def parse_number(value: object) -> str:
    """Return the text of a phone number, which may also be an integer; empty if it is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value < MAX_INTEGER else ""
    text = clean_text(value)
    return text if len(text) <= MAX_NUMBER_LENGTH else f"{text[: MAX_NUMBER_LENGTH - 1]}\u2026"


def milliseconds(value: timedelta) -> int:
    """Return the duration in whole milliseconds, the API's unit."""
    return value // MILLISECOND


def to_milliseconds(instant: datetime) -> int:
    """Return the milliseconds since 1970 UTC, rounded down: the API's precision."""
    return milliseconds(instant - UNIX_EPOCH)


def from_milliseconds(value: int) -> datetime:
    """Return the instant, in UTC, of these milliseconds since 1970."""
    return UNIX_EPOCH + timedelta(0, 0, 0, value)


def instant_text(value: datetime) -> str:
    """Format the instant as the API does: `2024-03-29T12:59:48.740Z`."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Note(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A note on a call. The API gives neither author nor time. `repr` omits the text."""

    id: str
    content: str

    def __repr__(self) -> str:
        return f"Note(id={self.id!r})"

    def to_json(self) -> dict[str, Any]:
        """Return the note in the API's JSON form."""
        return {"id": self.id, "content": self.content}


class Call(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A phone call.

    `call_type` and `direction` are one of the known words or "unknown"; `duration` and `created_at` (UTC)
    are None where the API gave nothing usable; `notes` are newest first. `repr` omits numbers and notes.
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
        """The number of the other side: the callee of an outbound call, else the caller."""
        return self.callee if self.direction == "outbound" else self.caller

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Parse a call. Raise MalformedResponseError without a valid id.

        Durations are in milliseconds, whatever the API's documentation says.
        """
        call = _parse_object(data)
        return cls(
            id=parse_call_id(call.get("id")),
            direction=parse_word(call.get("direction"), DIRECTIONS),
            call_type=parse_word(call.get("call_type"), CALL_TYPES),
            caller=parse_number(call.get("from")),
            callee=parse_number(call.get("to")),
            via=parse_number(call.get("via")),
            duration=parse_duration(call.get("duration")),
            is_archived=call.get("is_archived") is True,
            created_at=parse_instant(call.get("created_at")),
            notes=_parse_notes(call.get("notes")),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the call in the API's JSON form: ten keys, durations in milliseconds, times in UTC."""
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


# By the API's name of each field besides the id, that of Call.
FIELDS = {
    "direction": "direction",
    "call_type": "call_type",
    "from": "caller",
    "to": "callee",
    "via": "via",
    "duration": "duration",
    "is_archived": "is_archived",
    "created_at": "created_at",
    "notes": "notes",
}


@dataclass(frozen=True, slots=True)
class PartialCall:
    """Some fields of a call: all that an event tells of it. `call` has the others' default values."""

    call: Call
    fields: frozenset[str]

    def merged_into(self, known: Call) -> Call:
        """Return the known call with these fields."""
        return msgspec.structs.replace(known, **{name: getattr(self.call, name) for name in self.fields})


CallEvent = Call | PartialCall


def parse_event(data: object) -> CallEvent:
    """Parse the call of an event; fields that are missing, null or of another type are not told.

    Raise MalformedResponseError without a valid id.
    """
    call, event = Call.from_json(data), _parse_object(data)
    told = {field for name, field in FIELDS.items() if event.get(name) is not None}
    if not isinstance(event.get("notes"), list):
        told.discard("notes")
    if parse_flag(event.get("is_archived")) is None:
        told.discard("is_archived")
    return call if len(told) == len(FIELDS) else PartialCall(call, frozenset(told))


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPage:
    """A page of the list endpoint: each call once, with counts of the rows that were dropped.

    `total_count` and `has_next_page` are None where the API gave nothing usable.
    """

    calls: tuple[Call, ...]
    malformed_count: int
    duplicate_count: int = 0
    total_count: int | None
    has_next_page: bool | None

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Parse a page. Raise MalformedResponseError if it has no list of rows."""
        page = _parse_object(data)
        if not isinstance(rows := page.get("nodes"), list):
            raise MalformedResponseError("The list of calls has no rows.")
        calls = (_parse_or_none(Call.from_json, row) for row in rows)
        return cls.of(calls, page.get("totalCount"), page.get("hasNextPage"))

    @classmethod
    def of(cls, rows: Iterable[Call | None], total_count: object, has_next_page: object) -> Self:
        """Build a page from parsed rows, None for each malformed one, and the unparsed fields beside them."""
        parsed = list(rows)
        calls = {call.id: call for call in parsed if call is not None}
        return cls(
            calls=tuple(calls.values()),
            malformed_count=(malformed_count := parsed.count(None)),
            duplicate_count=len(parsed) - malformed_count - len(calls),
            total_count=_parse_count(total_count),
            has_next_page=parse_flag(has_next_page),
        )

    @property
    def row_count(self) -> int:
        """The number of rows the API sent, dropped ones included: the next offset starts after them."""
        return len(self.calls) + self.malformed_count + self.duplicate_count


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """The logged-in user, as returned by `/me`."""

    id: str
    username: str

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Parse a user. Raise MalformedResponseError without a name; a missing id is replaced by the name."""
        user = _parse_object(data)
        username = clean_text(user.get("username"))
        if not username:
            raise MalformedResponseError("A user has no name.")
        return cls(id=clean_text(user.get("id")) or username, username=username)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Tokens:
    """An access token and, where the API gave one, a refresh token. `repr` shows neither."""

    access: str
    refresh: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenGrant:
    """The API's response to a login or a token refresh. `user` is None if it named no usable one."""

    tokens: Tokens
    user: User | None

    @classmethod
    def from_json(cls, data: object, refresh_token: str | None = None) -> Self:
        """Parse a grant; `refresh_token` is kept if the grant has none of its own.

        Raise MalformedResponseError without an access token.
        """
        grant = _parse_object(data)
        access = parse_token(grant.get("access_token"))
        if access is None:
            raise MalformedResponseError("A grant has no access token.")
        tokens = Tokens(access=access, refresh=parse_token(grant.get("refresh_token")) or refresh_token)
        return cls(tokens=tokens, user=_parse_or_none(User.from_json, grant.get("user")))


def _parse_object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MalformedResponseError("The response is not a JSON object.")
    return value


def _parse_or_none(parse: Callable[[object], T], value: object) -> T | None:
    try:
        return parse(value)
    except MalformedResponseError:
        return None


def _parse_notes(value: object) -> tuple[Note, ...]:
    rows = [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
    return tuple(Note(id=clean_text(row.get("id")), content=clean_text(row.get("content"))) for row in rows)


def _parse_count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MAX_COUNT else None
