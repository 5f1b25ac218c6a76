"""Texts of notes: read from a form, and shown as an excerpt, around what was searched, and with links.

What people wrote is text, whatever it looks like: everything is escaped, and there are links of three kinds:
to web addresses, to e-mail addresses, and to numbers.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import phonenumbers
from flask import Flask
from markupsafe import Markup
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberMatcher

from aircall.calls.phone_numbers import fold_text
from aircall.calls.search_terms import find_places
from aircall.models import Note

# Characters of an excerpt, of those before what was found in it, and those given up to end with a whole word.
EXCERPT, BEFORE, RAGGED = 90, 14, 20
# Characters of a note in which links and searched words are looked for, and numbers that are tried.
READ, TRIED_NUMBERS = 20_000, 100
# Without format characters, which may turn a text around.
URL = re.compile(
    r"https?://[^\s<>\"\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]{1,2000}", re.IGNORECASE
)
EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,63}(?![\w-])"
)
# Separators, control and format characters, and accents without a letter; and letters that are blank.
INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Mn", "Me"})
BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# What ends a sentence, or encloses an address.
ENDS = ".,;:!?'*_»”\N{RIGHT SINGLE QUOTATION MARK}"
CLOSING = {")": "(", "]": "[", "}": "{"}
BLANKS = re.compile(r"\s+")
# Joiners and variation selectors, which belong to the character before them.
BELONGS_TO_PREVIOUS = re.compile("[\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")


class Link(NamedTuple):
    """A part of a text that is a link."""

    start: int
    end: int
    address: str


def register(app: Flask) -> None:
    """Provide templates with the filters `excerpt` and `linked`."""
    app.add_template_filter(excerpt)
    app.add_template_filter(linked)


def excerpt(text: str) -> str:
    """Return the first words on one line, and of a long word its beginning."""
    line = BLANKS.sub(" ", text[: 10 * EXCERPT].strip())
    return line if len(line) <= EXCERPT else _cut(line, EXCERPT - 1) + "…"


def found_excerpt(notes: Sequence[Note], wanted: frozenset[str]) -> Markup:
    """Return the part of a note that has most of these folded texts, marked; empty if none has any."""
    best, text = 0, ""
    for content in (note.content[:READ] for note in notes):
        folded = fold_text(content)
        if (number := sum(each in folded for each in wanted)) > best:
            best, text = number, content
    return _marked(text, find_places(text, wanted)) if best else Markup()


def _marked(text: str, places: Sequence[tuple[int, int]]) -> Markup:
    start = _beginning(text, places[0][0]) if places else 0
    window = text[start : start + EXCERPT]
    end = start + len(window if start + EXCERPT >= len(text) else _cut(window, EXCERPT))
    html, done = Markup("…") if start else Markup(), start
    for begin, stop in places:
        if begin < end:
            html += _line(text[done:begin])
            done = min(stop, end)
            html += Markup("<mark>{}</mark>").format(_line(text[begin:done]))
    return html + _line(text[done:end]) + ("…" if end < len(text) else "")


def _beginning(text: str, place: int) -> int:
    """Return where an excerpt begins so that it has this place and some words before it."""
    if place <= BEFORE:
        return 0
    blank = BLANKS.search(text, place - BEFORE, place)
    return blank.end() if blank else place - BEFORE // 2


def _cut(line: str, length: int) -> str:
    """Return at most `length` characters, up to the end of a word if one is near."""
    blank = line.rfind(" ", length - RAGGED, length + 1)
    if blank > 0:
        return line[:blank].rstrip(" ,;:")
    while length > 1 and _belongs_to_previous(line, length):
        length -= 1
    return line[:length]


def _belongs_to_previous(line: str, place: int) -> bool:
    if place >= len(line):
        return False
    is_joined = line[place - 1] == "\u200d" or BELONGS_TO_PREVIOUS.match(line[place])
    return bool(is_joined) or unicodedata.combining(line[place]) != 0


def _line(text: str) -> str:
    return BLANKS.sub(" ", text)


def linked(text: str, line: str = "") -> Markup:
    """Return the text with links to addresses and numbers; national ones are those of the line's country."""
    html, done = Markup(), 0
    for link in sorted([*_addresses(text[:READ]), *_numbers(text[:READ], _region(line))]):
        if link.start >= done:
            rel = Markup(' rel="noreferrer"') if link.address.startswith("http") else ""
            html += text[done : link.start]
            html += Markup('<a href="{}"{}>{}</a>').format(link.address, rel, text[link.start : link.end])
            done = link.end
    return html + text[done:]


def _addresses(text: str) -> Iterator[Link]:
    for found in URL.finditer(text):
        url = _without_punctuation(found[0])
        # `https://` alone leads nowhere.
        if len(url) > len("https://"):
            yield Link(found.start(), found.start() + len(url), url[:8].lower() + url[8:])
    for found in EMAIL.finditer(text):
        yield Link(*found.span(), f"mailto:{found[0]}")


def _without_punctuation(url: str) -> str:
    """Return the address without what ends the sentence around it."""
    while (last := url[-1:]) and (last in ENDS or url.count(last) > url.count(CLOSING.get(last, last))):
        url = url[:-1]
    return url


def _numbers(text: str, region: str | None) -> Iterator[Link]:
    for found in PhoneNumberMatcher(text, region, max_tries=TRIED_NUMBERS):
        address = phonenumbers.format_number(found.number, PhoneNumberFormat.RFC3966)
        yield Link(found.start, found.end, address)


def _region(line: str) -> str | None:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(line))
    except NumberParseException:
        return None


def typed(text: str | None) -> str | None:
    """Return the text of a form's field with line breaks as they were typed: browsers send CR LF for each."""
    return text and text.replace("\r\n", "\n").replace("\r", "\n")


def is_visible(text: str) -> bool:
    """Return whether anything is seen of the text."""
    return any(unicodedata.category(char) not in INVISIBLE and char not in BLANK_LETTERS for char in text)
