"""Cells of CSV files: guarded, so that no spreadsheet takes one for a formula, and back.

See docs/decisions/0020-csv-cells.md. A module of its own, because files of calls and of names both need it.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

# Without it Excel reads a file in the local code page and breaks every accent.
BYTE_ORDER_MARK = "\ufeff"
# First characters of a formula, with their full-width and small variants.
FORMULA_BEGINNINGS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212")
# What some program takes for the end of a cell, even in quotes, such as every line break.
ENDS_OF_CELLS = re.compile("([\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029,;])")
# A number with its country code, which does no harm as a formula.
PLAIN_NUMBER = re.compile(r"\+[0-9][0-9 ]{0,40}")
# What a spreadsheet may take for a number or a date in some language: digits, and what is written with them.
CONVERTED = re.compile(
    r"(?=.*\d)(?:[\d\s.,/:+\-%()$€£¥]|e|t|z|am|pm"
    r"|(?:jan|feb|fév|mar|apr|avr|may|mai|jun|jui|jul|aug|aoû|sep|oct|nov|dec|déc)[a-zéû]*)+",
    re.IGNORECASE,
)
TRUTH_VALUES = frozenset({"true", "false", "vrai", "faux"})
# Characters. No longer text is a number or a date.
LONGEST_CONVERTED = 40


def csv_text(rows: Iterable[Sequence[str]], separator: str = ",") -> str:
    """Return the rows as CSV (RFC 4180), maybe with another separator."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue()


def guarded_text(text: str) -> str:
    """Return the text guarded, also where a spreadsheet would make a number or a date of it."""
    cell = guarded(text)
    return f"'{cell}" if _is_converted(text) and not cell.startswith("'") else cell


def guarded(text: str) -> str:
    """Return the text with an apostrophe before everything that a spreadsheet could take for a formula.

    To restore the text, remove an apostrophe from its start and after each of ENDS_OF_CELLS.
    """
    whole = "".join(map(_guarded_part, ENDS_OF_CELLS.split(text)))
    return f"'{whole}" if ENDS_OF_CELLS.match(whole) else whole


def unguarded(cell: str) -> str:
    """Return the text of which this is the guarded form; an apostrophe that guards nothing stays."""
    if cell.startswith("'") and not cell.startswith("''"):
        rest = _restored(cell[1:])
        if ENDS_OF_CELLS.match(rest) or _is_converted(rest):
            return rest
    return _restored(cell)


def _restored(cell: str) -> str:
    return "".join(map(_unguarded_part, ENDS_OF_CELLS.split(cell)))


def _guarded_part(part: str) -> str:
    return f"'{part}" if _has_to_be_guarded(part) else part


def _unguarded_part(part: str) -> str:
    # Numbers had an apostrophe in files of earlier versions.
    is_guarded = part.startswith("'") and (
        _has_to_be_guarded(part[1:]) or PLAIN_NUMBER.fullmatch(part[1:]) is not None
    )
    return part[1:] if is_guarded else part


def _has_to_be_guarded(part: str) -> bool:
    if PLAIN_NUMBER.fullmatch(part):
        return False
    # Some programs skip blanks, quotes and invisible characters before they look for a formula.
    first_visible = next((char for char in part if char.isprintable() and char not in ' "'), "")
    return first_visible in FORMULA_BEGINNINGS or part.startswith("'")


def _is_converted(text: str) -> bool:
    if len(text) > LONGEST_CONVERTED or PLAIN_NUMBER.fullmatch(text):
        return False
    return CONVERTED.fullmatch(text) is not None or text.strip().casefold() in TRUTH_VALUES
