"""Pieces of the API's JSON, read and written one at a time. Knows no record's fields, and no I/O.

Where a field is of no use, its reader answers None, and the record decides what that means.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from aircall.errors import MalformedAnswerError

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
    """The fields of a record. Raises MalformedAnswerError for anything but a JSON object."""
    if not isinstance(value, Mapping):
        raise MalformedAnswerError("The answer is not a JSON object.")
    return value


def usable(read: Callable[[object], T], value: object) -> T | None:
    """The record that `read` makes of this, or None where it is malformed."""
    try:
        return read(value)
    except MalformedAnswerError:
        return None


def call_id(value: object) -> str:
    """The id in the API's own form, a lower-case UUID. Raises MalformedAnswerError for anything else."""
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise MalformedAnswerError("A call's id is not a UUID.")
    return value.lower()


def is_call_id(text: str) -> bool:
    """Whether this is a call's id, in the API's own form."""
    try:
        return call_id(text) == text
    except MalformedAnswerError:
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
