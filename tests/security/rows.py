"""Rows of the table of `make security`."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is promised, how it was tried, the figure that came out and its limit."""

    what: str
    how: str
    figure: str
    limit: str
    holds: bool


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a table of text, those that do not hold marked."""
    head = ("what", "how tried", "figure", "limit", "")
    cells = [
        head,
        *((row.what, row.how, row.figure, row.limit, "" if row.holds else "FAILS") for row in rows),
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    return "\n".join(line.rstrip() for line in [lines[0], "-" * len(lines[0]), *lines[1:]])
