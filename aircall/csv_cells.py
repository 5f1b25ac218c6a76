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


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Return the rows as CSV (RFC 4180)."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def guarded(text: str) -> str:
    """Return the text with an apostrophe before everything that a spreadsheet could take for a formula.

    To restore the text, remove an apostrophe from its start and after each of ENDS_OF_CELLS.
    """
    whole = "".join(map(_guarded_part, ENDS_OF_CELLS.split(text)))
    return f"'{whole}" if ENDS_OF_CELLS.match(whole) else whole


def unguarded(cell: str) -> str:
    """Return the text of which this is the guarded form; an apostrophe that guards nothing stays."""
    if cell.startswith("'") and ENDS_OF_CELLS.match(cell[1:]):
        cell = cell[1:]
    return "".join(map(_unguarded_part, ENDS_OF_CELLS.split(cell)))


def _guarded_part(part: str) -> str:
    return f"'{part}" if _has_to_be_guarded(part) else part


def _unguarded_part(part: str) -> str:
    return part[1:] if part.startswith("'") and _has_to_be_guarded(part[1:]) else part


def _has_to_be_guarded(part: str) -> bool:
    # Some programs skip blanks, quotes and invisible characters before they look for a formula.
    first_visible = next((char for char in part if char.isprintable() and char not in ' "'), "")
    return first_visible in FORMULA_BEGINNINGS or part.startswith("'")
