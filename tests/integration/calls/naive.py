"""The reference that queries are compared with: a plain list, filtered and sorted in Python.

The rule for a search: every word of it is found in a note, in what stands in place of a number, or in a
number, whatever the case and the accents. Digits with their usual separators are one word, blanks or not, and
match a number that contains them: as dialed within the country or from abroad, and only from the number's
beginning if they start with a plus sign. If each part has three characters or more, those are also words of
their own, and numbers from six digits on. The zero of "+33 (0)1" and "+33 01" never counts.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, ndd_prefix_for_region

from aircall.calls.filters import CallFilter, SortKey
from aircall.models import Call

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
MARKS = "+-.()[]/· \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\N{EN DASH}"


def newest_first(calls: Iterable[Call], wanted: CallFilter) -> list[Call]:
    """Filter and sort the calls: newest first, and of the same time the greater id first."""
    found = [call for call in calls if is_wanted(call, wanted)]
    return sorted(found, key=lambda call: (call.created_at or BEFORE_ALL, call.id), reverse=True)


def most_used_lines(calls: Iterable[Call]) -> list[str]:
    """Return the lines by their number of calls, and of as many calls the lower numbers first."""
    count = Counter(call.via for call in calls if call.via)
    return sorted(count, key=lambda line: (-count[line], line))


def is_wanted(call: Call, wanted: CallFilter) -> bool:
    return (
        wanted.view in ("all", "archived" if call.is_archived else "inbox")
        and wanted.call_type in ("", call.call_type)
        and wanted.direction in ("", call.direction)
        and (not wanted.directions or call.direction in wanted.directions)
        and wanted.line in ("", call.via)
        and wanted.number in ("", number_key(call))
        and (wanted.since is None or (call.created_at is not None and call.created_at >= wanted.since))
        and (wanted.until is None or (call.created_at is not None and call.created_at < wanted.until))
        and (wanted.search == "" or number_key(call) in wanted.named or is_found(call, wanted.search))
        and (wanted.cursor is None or SortKey.of(call) <= wanted.cursor)
    )


def is_found(call: Call, search: str) -> bool:
    if not search.split():
        return has_text(call, search)
    return all(
        has_number(call, list(words)) if is_number else all(has_word(call, word) for word in words)
        for is_number, words in groupby(search.split(), is_of_digits)
    )


def has_number(call: Call, parts: list[str]) -> bool:
    if not digits_of("".join(parts)):
        return all(has_text(call, part) for part in parts)
    if has_word(call, " ".join(parts)):
        return True
    are_words = len(parts) > 1 and all(len(caseless(part)) >= 3 for part in parts)
    return are_words and all(
        has_word(call, part) if len(digits_of(part)) >= 6 else has_text(call, part) for part in parts
    )


def has_text(call: Call, text: str) -> bool:
    numbers = (call.caller, call.callee, call.via)
    texts = [note.content for note in call.notes] + [
        number for number in numbers if any(map(str.isalpha, number))
    ]
    return any(caseless(text) in caseless(other) for other in texts)


def has_word(call: Call, search: str) -> bool:
    numbers = (call.caller, call.callee, call.via)
    if has_text(call, search):
        return True
    if re.fullmatch("[0-9]*[*#][0-9*#]*", search):
        return any(search in number for text in numbers for number in dialed(text))
    if not digits_of(search) or not is_of_digits(search):
        return False
    forms = {international(search)} if is_signed(search) else {international(search), digits_of(search)}
    return any(form in number for form in forms for text in numbers for number in dialed(text))


def is_of_digits(search: str) -> bool:
    return all(character in "0123456789" + MARKS for character in search)


def number_key(call: Call) -> str:
    """Return what all spellings of the other side's number have in common."""
    number = call.callee if call.direction == "outbound" else call.caller
    if number.startswith(("sip:", "*", "#", "Room")) and not number.startswith("sip:+"):
        return number.lower()
    return dialed(number)[0].lstrip("+0")


def dialed(text: str) -> list[str]:
    """Return the number as dialed from abroad, if it has a country code, and within the country."""
    if text.startswith(("*", "#")):
        return [text]
    if any(map(str.isalpha, text)) and "+" not in text:
        return [""]
    base, _, extension = text.partition("@")[0].partition(";ext=")
    return [f"{form};{extension}" if extension else form for form in dialed_number(base)]


def dialed_number(text: str) -> list[str]:
    number = international(text)
    if number[:1] not in ("+", "0", ""):
        number = "+" + number
    code = country_code(number[1:]) if number.startswith("+") else ""
    return [number, trunk_prefix(code) + number[1 + len(code) :]] if code else [number]


def international(text: str) -> str:
    """Return the number with its country code and a plus sign, if it is written with one; else its digits."""
    digits = digits_of(text)
    dialed = digits if is_signed(text) else digits[2:] if digits.startswith("00") else ""
    code = country_code(dialed)
    rest = dialed[len(code) :]
    prefix = trunk_prefix(code) if code else ""
    if prefix.startswith("0") and rest.startswith(prefix):
        rest = rest[len(prefix) :]
    return f"+{code}{rest}" if code else digits


def is_signed(text: str) -> bool:
    return "+" in text and not any(map(str.isdecimal, text[: text.index("+")]))


def country_code(digits: str) -> str:
    codes = map(str, COUNTRY_CODE_TO_REGION_CODE)
    return next((code for code in codes if digits.startswith(code)), "")


def trunk_prefix(code: str) -> str:
    return ndd_prefix_for_region(COUNTRY_CODE_TO_REGION_CODE[int(code)][0], True) or ""


def digits_of(text: str) -> str:
    plain = text.replace("(0)", "").replace("[0]", "")
    return "".join(str(unicodedata.decimal(character)) for character in plain if character.isdecimal())


def caseless(text: str) -> str:
    """Return the same for texts that differ only in case or in accents."""
    small = plain(plain(text).casefold())
    return (
        small.replace("œ", "oe")
        .replace("æ", "ae")
        .replace("ø", "o")
        .replace("\N{LATIN SMALL LETTER DOTLESS I}", "i")
        .replace("ł", "l")
    )


def plain(text: str) -> str:
    return "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))
