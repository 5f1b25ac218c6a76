"""Responses of the API, read: status to error, JSON to records.

JSON is decoded by msgspec, which refuses what the standard library accepts or crashes at: NaN, 1e999, numbers
of 5,000 digits. Half a surrogate pair is replaced first: the API's JSON writer escapes it when a note was cut
in the middle of an emoji.

A page of calls is decoded by a schema, in half the time, as long as every field has the promised type; other
pages are decoded row by row by `Call.from_json`, with the same result.
"""

import re
from codecs import BOM_UTF8
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import msgspec

from aircall import models
from aircall.api.transport import Response
from aircall.errors import MalformedResponseError, error_for
from aircall.models import CALL_TYPES, DIRECTIONS, UNKNOWN, Call, CallPage, Note, clean_text

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
# An escaped backslash and a whole pair are matched first, so that neither is taken for a lone half. All
# alternatives begin with a backslash, which makes the search ten times as fast.
SURROGATES = re.compile(
    rb"\\(?:\\|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2}))"
)
# A body without one of these needs no replacement.
ESCAPES = (rb"\ud", rb"\uD")
# What an address says at which there is no such API.
FOREIGN_STATUSES = (404, 405, 410, 501)
# Characters of one message of the API, and messages of one response.
LONGEST_MESSAGE, MOST_MESSAGES = 300, 10


class _Listing(msgspec.Struct, rename="camel"):
    """A list response whose rows are still undecoded, so that a bad one does not affect the others."""

    nodes: list[msgspec.Raw]
    total_count: msgspec.Raw = msgspec.Raw(b"null")
    has_next_page: msgspec.Raw = msgspec.Raw(b"null")


def read_json(body: bytes) -> Any:
    """Return the decoded body. Raises MalformedResponseError."""
    return _decode(_cleaned(body), Any)


def read_call_page(body: bytes) -> CallPage:
    """Return the calls of a list response, without malformed ones. Raises MalformedResponseError."""
    body = _cleaned(body)
    with suppress(*UNREADABLE):
        return _read_typed_page(body)
    listing: _Listing = _decode(body, _Listing)
    return CallPage.from_json(
        {
            "nodes": [_decode_or_none(row) for row in listing.nodes],
            "totalCount": _decode_or_none(listing.total_count),
            "hasNextPage": _decode_or_none(listing.has_next_page),
        }
    )


def check(response: Response, secret: str) -> None:
    """Raise the error for the response's status unless it is a success.

    Messages of the API that contain `secret`, the token or password of the request, are left out.
    """
    if 200 <= response.status < 300:
        return
    messages = _messages(response.body, secret)
    pause = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    raise error_for(response.status, messages, pause)


def is_foreign(response: Response) -> bool:
    """Return whether a response to a login or a signature shows that there is no such API here."""
    if response.status in FOREIGN_STATUSES or 300 <= response.status < 400:
        return True
    if response.status >= 500 or response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return False
    return response.headers.get("Content-Type", "").lower().startswith("text/html")


def retry_after(header: str | None, now: datetime) -> float | None:
    """Return the seconds of a Retry-After header (a number or a date), or None if it is unreadable."""
    text = (header or "").strip()
    if re.fullmatch("[0-9]{1,9}", text):
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())


def _decode(body: bytes, kind: Any) -> Any:
    with suppress(*UNREADABLE):
        return msgspec.json.decode(body, type=kind)
    # Raised without a cause: a UnicodeDecodeError holds the whole body, with tokens or notes in it.
    raise MalformedResponseError("The response is not the JSON that the API promises.")


def _decode_or_none(raw: msgspec.Raw) -> Any:
    with suppress(*UNREADABLE):
        return msgspec.json.decode(raw)
    return None


def _cleaned(body: bytes) -> bytes:
    """Return the body without a byte order mark and without halves of surrogate pairs."""
    body = body.removeprefix(BOM_UTF8)
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
    # Checked before the text is cut or cleaned: a part of the secret would not be recognized.
    safe = [row for row in texts[:MOST_MESSAGES] if isinstance(row, str) and not (secret and secret in row)]
    return [text[:LONGEST_MESSAGE] for row in safe if (text := clean_text(row).strip())]


class _Row(msgspec.Struct, gc=False, rename={"caller": "from", "callee": "to"}):
    id: str
    direction: str
    call_type: str
    caller: str
    callee: str
    via: str
    duration: int
    is_archived: bool
    created_at: str
    # A tuple, because the empty one is not created anew for each call.
    notes: tuple[Note, ...]


class _TypedListing(msgspec.Struct, rename="camel"):
    nodes: list[_Row]
    total_count: int
    has_next_page: bool


_typed_decoder = msgspec.json.Decoder(_TypedListing)


def _read_typed_page(body: bytes) -> CallPage:
    listing = _typed_decoder.decode(body)
    return CallPage.of(map(_call, listing.nodes), listing.total_count, listing.has_next_page)


def _call(row: _Row) -> Call | None:
    # Types are known, so calls of functions that would look at them, most of the time, are left out.
    caller, callee, via = row.caller, row.callee, row.via
    numbers = f"{caller}{callee}{via}"
    if len(numbers) > models.MAX_NUMBER_LENGTH or not numbers.isprintable():
        caller, callee, via = map(models.parse_number, (caller, callee, via))
    try:
        return Call(
            id=models.parse_call_id(row.id),
            direction=row.direction if row.direction in DIRECTIONS else UNKNOWN,
            call_type=row.call_type if row.call_type in CALL_TYPES else UNKNOWN,
            caller=caller,
            callee=callee,
            via=via,
            duration=timedelta(0, 0, 0, row.duration) if 0 <= row.duration <= models.MAX_DURATION else None,
            is_archived=row.is_archived,
            created_at=models.parse_instant(row.created_at),
            notes=tuple(map(_clean, row.notes)) if row.notes else (),
        )
    except MalformedResponseError:
        return None


def _clean(note: Note) -> Note:
    return Note(id=models.clean_text(note.id), content=models.clean_text(note.content))
