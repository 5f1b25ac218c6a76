"""What an answer of the API means: its JSON, its error. Knows status codes and JSON; no sockets, no endpoint.

JSON is read by msgspec, which refuses what the standard library lets through (NaN, 1e999 as infinity, a
number of 5,000 digits as a crash). One thing is mended first: half a surrogate pair, which the API's own
JSON writer sends as an escape when somebody's note was cut in the middle of an emoji.

Reads a page of calls that is as the API promises, in half the time that any other takes. Knows no I/O.

A list may have a hundred thousand rows, read again and again. What comes of a row is what Call.from_json
makes of it; where anything has another kind or is missing, the whole page is refused here.
"""

import re
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from aircall import models
from aircall.api.transport import Response
from aircall.errors import MalformedResponseError, error_for
from aircall.models import CALL_TYPES, DIRECTIONS, Call, CallPage, Note, clean_text

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
# An escaped backslash and a whole pair are matched first, so that neither is taken for a lone half.
# All begin alike, so that the search skips what does not, in a tenth of the time or less.
SURROGATES = re.compile(
    rb"\\(?:\\|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2}))"
)
# Each match but that of a backslash has one of these in it.
ESCAPES = (rb"\ud", rb"\uD")
LONGEST_MESSAGE = 300
MOST_MESSAGES = 10


class _Listing(msgspec.Struct, rename="camel"):
    """The list endpoint's answer, its parts still unread, so that a bad one spoils no other."""

    nodes: list[msgspec.Raw]
    total_count: msgspec.Raw = msgspec.Raw(b"null")
    has_next_page: msgspec.Raw = msgspec.Raw(b"null")


def read_json(body: bytes) -> Any:
    """The body's JSON. Raises MalformedResponseError."""
    return _decoded(_mended(body), Any)


def read_call_page(body: bytes) -> CallPage:
    """The calls of a list answer, whatever is wrong with some of them. Raises MalformedResponseError."""
    mended = _mended(body)
    with suppress(*UNREADABLE):
        return read_promised_page(mended)
    listing: _Listing = _decoded(mended, _Listing)
    return CallPage.from_json(
        {
            "nodes": [_part(row) for row in listing.nodes],
            "totalCount": _part(listing.total_count),
            "hasNextPage": _part(listing.has_next_page),
        }
    )


def check(answer: Response, secret: str) -> None:
    """Raise the error that the answer's status stands for, unless it is a success.

    A message of the API that repeats `secret`, the token or password of the request, is left out.
    """
    if 200 <= answer.status < 300:
        return
    messages = _messages(answer.body, secret)
    pause = retry_after(answer.headers.get("Retry-After"), datetime.now(UTC))
    raise error_for(answer.status, messages, pause)


def retry_after(header: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header names, as a number or a date; None where it is not readable."""
    text = (header or "").strip()
    if re.fullmatch("[0-9]{1,9}", text):
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())


def _decoded(body: bytes, kind: Any) -> Any:
    with suppress(*UNREADABLE):
        return msgspec.json.decode(body, type=kind)
    # Raised without its cause: a UnicodeDecodeError holds the whole body, with tokens or notes in it.
    raise MalformedResponseError("The answer is not the JSON that the API promises.")


def _part(raw: msgspec.Raw) -> Any:
    with suppress(*UNREADABLE):
        return msgspec.json.decode(raw)
    return None


def _mended(body: bytes) -> bytes:
    # Else each escaped backslash of a body would be looked at, for nothing.
    if not any(escape in body for escape in ESCAPES):
        return body
    return SURROGATES.sub(lambda match: rb"\ufffd" if match["lone"] else match[0], body)


def _messages(body: bytes, secret: str) -> list[str]:
    try:
        data = read_json(body)
    except MalformedResponseError:
        return []
    message = data.get("message") if isinstance(data, dict) else None
    texts = message if isinstance(message, list) else [message]
    # Before it is cut or mended, as a part of the secret would not be known for one.
    told = [row for row in texts[:MOST_MESSAGES] if isinstance(row, str) and not (secret and secret in row)]
    return [text[:LONGEST_MESSAGE] for row in told if (text := clean_text(row).strip())]


class _Note(msgspec.Struct):
    id: str
    content: str


class _Row(msgspec.Struct, rename={"caller": "from", "callee": "to"}):
    id: str
    direction: str
    call_type: str
    caller: str
    callee: str
    via: str
    duration: int
    is_archived: bool
    created_at: str
    notes: list[_Note]


class _PromisedListing(msgspec.Struct, rename="camel"):
    nodes: list[_Row]
    total_count: int
    has_next_page: bool


_listing = msgspec.json.Decoder(_PromisedListing)


def read_promised_page(body: bytes) -> CallPage:
    """The calls of a list answer. Raises msgspec.MsgspecError, and more, for any that is not as promised."""
    listing = _listing.decode(body)
    return CallPage.of(map(_call, listing.nodes), listing.total_count, listing.has_next_page)


def _call(row: _Row) -> Call | None:
    try:
        return Call(
            id=models.parse_call_id(row.id),
            direction=models.parse_word(row.direction, DIRECTIONS),
            call_type=models.parse_word(row.call_type, CALL_TYPES),
            caller=models.clean_text(row.caller),
            callee=models.clean_text(row.callee),
            via=models.clean_text(row.via),
            duration=models.parse_duration(row.duration),
            is_archived=row.is_archived,
            created_at=models.parse_instant(row.created_at),
            notes=tuple(map(_note, row.notes)),
        )
    except MalformedResponseError:
        return None


def _note(note: _Note) -> Note:
    return Note(id=models.clean_text(note.id), content=models.clean_text(note.content))
