"""Results of benchmarks, and their table."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value and its reference, in the same unit.

    `limit` is the maximum ratio, and `budget` the maximum value, if any.
    """

    name: str
    value: float
    reference: float
    unit: str
    limit: float | None = None
    budget: float | None = None

    @property
    def ratio(self) -> float:
        """Return the value divided by the reference."""
        return self.value / self.reference

    @property
    def is_over(self) -> bool:
        """Return whether the ratio exceeds its limit, or the value its budget."""
        is_over_limit = self.limit is not None and self.ratio > self.limit
        return is_over_limit or (self.budget is not None and self.value > self.budget)


def table(figures: Sequence[Figure]) -> list[str]:
    """Return the lines of a table: headings, then one line per figure."""
    rows = [("figure", "value", "reference", "ratio", "limit", ""), *map(_row, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_cells(row, widths)).rstrip() for row in rows]


def _row(figure: Figure) -> tuple[str, ...]:
    return (
        figure.name,
        f"{figure.value:.3g} {figure.unit}",
        f"{figure.reference:.3g} {figure.unit}",
        f"{figure.ratio:.2f}",
        "" if figure.limit is None else f"{figure.limit:.2f}",
        "over" if figure.is_over else "ok",
    )


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    name, *others = row
    return [
        name.ljust(widths[0]),
        *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)),
    ]
