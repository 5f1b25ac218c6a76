"""Phone numbers, normalized so that they are compared and searched whatever their spelling.

A number with a country code is normalized to E.164 (`+33612345678`); any other is reduced to its digits. An
extension stays beside it, and star codes (`*98`) and SIP addresses stay as they are, so that none is taken
for another's. Country codes and trunk prefixes are those of the phonenumbers package.
"""

import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, ndd_prefix_for_region

# The trunk zero of the national form, as people write it into the international form: +33 (0)1 89.
TRUNK_ZERO = re.compile(r"[(\[]0[)\]]")
IS_INTERNATIONAL = re.compile(r"[^\d+]*\+\D*\d")
# Separators that people type between digits, besides digits, spaces, dashes and brackets of every script.
SEPARATORS = frozenset("+./,'\N{RIGHT SINGLE QUOTATION MARK}\N{MIDDLE DOT}\N{BULLET}\N{MINUS SIGN}\t")
NUMBER_CATEGORIES = frozenset({"Nd", "Zs", "Pd", "Ps", "Pe"})
# Characters that a fold leaves out: combining marks, and format characters such as direction marks.
MARKS = frozenset({"Mn", "Cf"})
# Letters that Unicode does not decompose into a plain one and a mark.
PLAIN_LETTERS = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ħ": "h",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    }
)
# Characters whose fold is kept: more than all languages of one team need.
MOST_FOLDS = 20_000
# Digits.
MAX_COUNTRY_CODE_LENGTH, MIN_INTERNATIONAL_LENGTH = 3, 8
CACHED_NUMBERS = 5_000
# A SIP address: its user, and the host without port and parameters.
ADDRESS = re.compile(r"sips?:(?P<user>[^@;?]*)(?:@(?P<host>[^;?:]*))?.*", re.IGNORECASE | re.DOTALL)
# An extension, as URIs and people write it.
EXTENSION = re.compile(
    r"(?P<number>.*\d.*?)\s*(?:;ext=|[,;]?\s*(?:ext(?:ension|n)?|poste)\b[.:]?|x)\s*(?P<extension>\d{1,11})",
    re.IGNORECASE,
)
STAR_CODE = re.compile(r"[\d*#+\s.-]*[*#][\d*#+\s.-]*")
PARAMETERS = re.compile(";(?!ext=).*", re.DOTALL)
# Users of SIP addresses that stand for none (RFC 3323), and a number that spells "anonymous".
WITHHELD = frozenset({"anonymous", "private", "restricted", "unavailable", "unknown", "266696687"})


class _Dialed(NamedTuple):
    """What a text dials: a number with an extension, or a star code or an address, and then no number."""

    number: str
    extension: str = ""
    literal: str = ""


def normalize_number(text: str) -> str:
    """Return `+33612345678` for every international spelling of it, such as `0033 6…` and `+33 (0)6…`.

    Return only the digits of a national number (`06 12…`) or of an unknown country code, and nothing for what
    dials no number.
    """
    return _dialed(text).number


def number_key(text: str) -> str:
    """Return a key that is equal for all international spellings of a number: `33612345678`.

    It is empty for a withheld number, such as "anonymous"; two empty keys are not the same number.
    """
    number, extension, literal = _dialed(text)
    key = number.lstrip("+0") or literal
    return "" if key in WITHHELD else f"{key};{extension}" if extension else key


def caller_number(text: str) -> str:
    """Return the one form that names a number in URLs, in any spelling: E.164 wherever it has a country code.

    It has the same `number_key`; it is empty for a withheld number.
    """
    key = number_key(text)
    number, extension, _ = _dialed(text)
    # Some systems omit the plus sign. A short number has none.
    is_bare = not number.startswith(("+", "0")) and len(number) >= MIN_INTERNATIONAL_LENGTH
    signed = "+" + number if is_bare else number
    form = f"{signed};ext={extension}" if extension else signed
    return form if key and signed.startswith("+") and number_key(form) == key else key


@lru_cache(maxsize=CACHED_NUMBERS)
def line_number(text: str) -> str:
    """Return the one form of a line for all spellings of its number; otherwise the text as it is."""
    number, extension, _ = _dialed(text)
    return number if number.startswith("+") and not extension else text


def spellings(text: str) -> str:
    """Return the international and national forms, which a search looks into: `+33612345678 0612345678`."""
    plain, extension, literal = _dialed(text)
    if not plain:
        return literal if STAR_CODE.fullmatch(literal) else ""
    if not plain.startswith(("+", "0")):
        # Some systems omit the plus sign.
        plain = "+" + plain
    country, prefix = _country(plain[1:]) if plain.startswith("+") else ("", "")
    national = prefix + plain[1 + len(country) :]
    forms = [plain] if plain.endswith(national) else [plain, national]
    return " ".join(f"{form};{extension}" if extension else form for form in forms)


def searched_spellings(search: str) -> set[str]:
    """Return the parts of a number of which any one matches this search; none if it is not a number."""
    text = _without_scheme(_visible(search).strip())
    if STAR_CODE.fullmatch(text):
        return {_dialed(text).literal}
    found = EXTENSION.fullmatch(text)
    base, extension = (found["number"], f";{found['extension']}") if found else (text, "")
    if not is_number_like(base):
        return set()
    # The typed digits may also be the end of a number: 0033 is a prefix, and the end of +33 6 00 00 33.
    typed = set() if IS_INTERNATIONAL.match(base) else {_digits(base)}
    return {form + extension for form in typed | {_dialed(base).number} if form}


def is_number_like(text: str) -> bool:
    """Return whether the text has only digits and what people write between them."""
    return all(
        mark in SEPARATORS or unicodedata.category(mark) in NUMBER_CATEGORIES for mark in _visible(text)
    )


@lru_cache(maxsize=CACHED_NUMBERS)
def _dialed(text: str) -> _Dialed:
    # Fast path: nearly every number is written like this.
    if text[:1] == "+" and text[1:].isdecimal() and text.isascii():
        return _Dialed(_normalized(text))
    plain = _visible(text).strip()
    if address := ADDRESS.fullmatch(plain):
        return _of_address(address["user"], address["host"] or "")
    plain = PARAMETERS.sub("", _without_scheme(plain), count=1)
    if STAR_CODE.fullmatch(plain):
        return _Dialed("", literal="".join(mark for mark in plain if mark in "*#+" or mark.isdecimal()))
    if found := EXTENSION.fullmatch(plain):
        return _Dialed(_normalized(found["number"]), found["extension"])
    if any(map(str.isalpha, plain)):
        # Without a digit it is no number: "No caller ID" stands for many callers.
        has_digit = any(map(str.isdecimal, plain))
        return _Dialed("", literal=" ".join(plain.casefold().split()) if has_digit else "")
    return _Dialed(_normalized(plain))


def _of_address(user: str, host: str) -> _Dialed:
    # Only an international number is the same at every host: others are extensions of some switchboard.
    number = _normalized(user) if IS_INTERNATIONAL.match(user) and not any(map(str.isalpha, user)) else ""
    literal = "" if user.casefold() in {"", *WITHHELD} else f"sip:{user}@{host}".casefold()
    return _Dialed(number) if number else _Dialed("", literal=literal)


def _normalized(text: str) -> str:
    digits = _digits(text)
    if IS_INTERNATIONAL.match(text):
        return _international(digits) or digits
    return (digits.startswith("00") and _international(digits[2:])) or digits


class _Folds(dict[int, str]):
    """What searches compare instead of each character, by its code point."""

    def __missing__(self, code: int) -> str:
        plain = _without_marks(unicodedata.normalize("NFKD", chr(code))).casefold()
        folded = _without_marks(unicodedata.normalize("NFKD", plain)).translate(PLAIN_LETTERS)
        if len(self) < MOST_FOLDS:
            self[code] = folded
        return folded


_folds = _Folds()


def fold_text(text: str) -> str:
    """Return the text as searches compare it: without case, accents, ligatures and invisible characters.

    Character by character, so that what is found in the result is found in the text too (search_terms.py).
    """
    return text.casefold() if text.isascii() else text.translate(_folds)


def _without_marks(text: str) -> str:
    return "".join(
        char for char in text if unicodedata.category(char) not in MARKS and not unicodedata.combining(char)
    )


def _visible(text: str) -> str:
    """Remove format characters (Cf), such as the direction marks that are copied along with a number."""
    plain = unicodedata.normalize("NFKC", text)
    # Fast path: hardly any text has one.
    if plain.replace("\n", " ").isprintable():
        return plain
    return "".join(character for character in plain if unicodedata.category(character) != "Cf")


def _without_scheme(text: str) -> str:
    return text[4:] if text[:4].casefold() == "tel:" else text


def _digits(text: str) -> str:
    plain = text.removeprefix("+")
    # Fast path: nearly every number is written like this.
    if plain.isascii() and plain.isdecimal():
        return plain
    written = TRUNK_ZERO.sub("", unicodedata.normalize("NFKC", text))
    return "".join(str(unicodedata.decimal(character)) for character in written if character.isdecimal())


def _international(digits: str) -> str:
    """Return the E.164 form of these digits; empty if they begin with no country code."""
    country, prefix = _country(digits)
    rest = digits[len(country) :]
    return country and f"+{country}{rest.removeprefix(prefix) if prefix.startswith('0') else rest}"


def _country(digits: str) -> tuple[str, str]:
    """Return the country code that the digits begin with, if any, and that country's trunk prefix."""
    return _country_of(digits[:MAX_COUNTRY_CODE_LENGTH])


# At most 1,111 beginnings.
@cache
def _country_of(beginning: str) -> tuple[str, str]:
    # No code begins with a zero, but int("01") would be 1.
    lengths = range(1, len(beginning) + 1) if beginning[:1] != "0" else ()
    for length in lengths:
        if (country := int(beginning[:length])) in COUNTRY_CODE_TO_REGION_CODE:
            region = COUNTRY_CODE_TO_REGION_CODE[country][0]
            return beginning[:length], ndd_prefix_for_region(region, True) or ""
    return "", ""
