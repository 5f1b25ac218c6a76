"""Telephone numbers as they are compared and looked for, whatever their spelling. Knows no calls."""

import re
import unicodedata
from functools import cache, lru_cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, ndd_prefix_for_region

# The zero of the national form, which people write into the international one: +33 (0)1 89.
TRUNK_ZERO = re.compile(r"[(\[]0[)\]]")
IS_INTERNATIONAL = re.compile(r"[^\d+]*\+\D*\d")
# What people put between the digits of a number, besides blanks, dashes and brackets of every kind.
MARKS = frozenset("+./,'\N{RIGHT SINGLE QUOTATION MARK}\N{MIDDLE DOT}\N{BULLET}\N{MINUS SIGN}\t")
SEPARATORS = frozenset({"Nd", "Zs", "Pd", "Ps", "Pe"})
LONGEST_COUNTRY_CODE = 3


@lru_cache(maxsize=5_000)
def plain_number(text: str) -> str:
    """`+33612345678` for that number in any international spelling, such as `0033 6…` and `+33 (0)6…`.

    Of anything else its digits: of the national `06 12…`, and of what begins with no country's code.
    """
    digits = _digits(text)
    if IS_INTERNATIONAL.match(text):
        return _international(digits) or digits
    return (digits.startswith("00") and _international(digits[2:])) or digits


def number_key(text: str) -> str:
    """What is equal for one number in its international spellings, without a sign: `33612345678`.

    Empty where the text names no number, as "anonymous": two of those are not the same number.
    """
    return plain_number(text).lstrip("+0")


@lru_cache(maxsize=5_000)
def spellings(text: str) -> str:
    """What a search for a part of this number looks into: `+33612345678 0612345678`."""
    plain = plain_number(text)
    if not plain.startswith(("+", "0")):
        # Some leave out the sign.
        plain = plain and "+" + plain
    country, prefix = _country(plain[1:]) if plain.startswith("+") else ("", "")
    national = prefix + plain[1 + len(country) :]
    return plain if plain.endswith(national) else f"{plain} {national}"


def wanted_spellings(search: str) -> set[str]:
    """The parts of a number that this search is for, each enough; none where it is not for a number."""
    text = _without_scheme(_visible(search).strip())
    if not all(mark in MARKS or unicodedata.category(mark) in SEPARATORS for mark in text):
        return set()
    # A number may also end in the digits that are typed: 0033 is a prefix, and the end of +33 6 00 00 33.
    typed = set() if IS_INTERNATIONAL.match(text) else {_digits(text)}
    return (typed | {plain_number(text)}) - {""}


def folded(text: str) -> str:
    """The text as it is compared in searches: without regard to case, or to how accents are encoded."""
    if text.isascii():
        return text.casefold()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _visible(text)).casefold())


def _visible(text: str) -> str:
    # Marks of direction, which come along with a number that is copied, are of category Cf.
    plain = unicodedata.normalize("NFKC", text)
    # Hardly any text has them, and this is the quick way.
    if plain.replace("\n", " ").isprintable():
        return plain
    return "".join(character for character in plain if unicodedata.category(character) != "Cf")


def _without_scheme(text: str) -> str:
    return text[4:] if text[:4].casefold() == "tel:" else text


def _digits(text: str) -> str:
    plain = text.removeprefix("+")
    # Nearly every number is written like that, and this is the quick way.
    if plain.isascii() and plain.isdecimal():
        return plain
    written = TRUNK_ZERO.sub("", unicodedata.normalize("NFKC", text))
    return "".join(str(unicodedata.decimal(character)) for character in written if character.isdecimal())


def _international(digits: str) -> str:
    """With its sign, and without a trunk zero; empty where it begins with no country's code."""
    country, prefix = _country(digits)
    rest = digits[len(country) :]
    return country and f"+{country}{rest.removeprefix(prefix) if prefix.startswith('0') else rest}"


def _country(digits: str) -> tuple[str, str]:
    """The country's code that these begin with, and what is dialled before a number within the country."""
    # None begins with a zero, though 01 read as a number is 1.
    lengths = range(1, LONGEST_COUNTRY_CODE + 1) if digits[:1] != "0" else ()
    for length in lengths:
        if len(digits) >= length and int(digits[:length]) in COUNTRY_CODE_TO_REGION_CODE:
            return digits[:length], _trunk_prefix(int(digits[:length]))
    return "", ""


@cache
def _trunk_prefix(country: int) -> str:
    return ndd_prefix_for_region(COUNTRY_CODE_TO_REGION_CODE[country][0], True) or ""
