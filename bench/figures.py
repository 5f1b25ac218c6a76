"""Results of benchmarks, their judgement and their table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# How much greater than the best known ratio a ratio may be.
TOLERANCE = 1.2


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value and its reference, in the same unit.

    `limit` is the maximum ratio, and `budget` the maximum value, if any. `is_judged` is False for a figure
    that cannot be better or worse: one of the references, or one that only the sizes are made of.
    """

    name: str
    value: float
    reference: float
    unit: str
    limit: float | None = None
    budget: float | None = None
    is_judged: bool = True

    @property
    def ratio(self) -> float:
        """Return the value divided by the reference."""
        return self.value / self.reference

    @property
    def is_over(self) -> bool:
        """Return whether the ratio exceeds its limit, or the value its budget."""
        is_over_limit = self.limit is not None and self.ratio > self.limit
        return is_over_limit or (self.budget is not None and self.value > self.budget)


def verdict(figure: Figure, best: float | None) -> str:
    """Return what is wrong with a figure, empty if nothing; `best` is the best known ratio, if any."""
    if not figure.is_judged:
        return ""
    if figure.is_over:
        return "over"
    if best is not None and figure.ratio > best * TOLERANCE:
        return f"worse than {best:.2f}"
    return ""


def better(first: Figure, second: Figure) -> Figure:
    """Return the one of two measurements of a figure with the lower ratio."""
    return min(first, second, key=lambda figure: (figure.is_over, figure.ratio))


def table(figures: Sequence[Figure], best: Mapping[str, float]) -> list[str]:
    """Return the lines of a table: headings, then one line per figure."""
    rows = [
        ("figure", "ours", "reference", "ratio", "budget", ""),
        *(_row(figure, best) for figure in figures),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_cells(row, widths)).rstrip() for row in rows]


def _row(figure: Figure, best: Mapping[str, float]) -> tuple[str, ...]:
    budgets = [
        "" if figure.limit is None else f"{figure.limit:.2f} ×",
        "" if figure.budget is None else f"{figure.budget:g} {figure.unit}",
    ]
    return (
        figure.name,
        f"{figure.value:.3g} {figure.unit}",
        f"{figure.reference:.3g} {figure.unit}",
        f"{figure.ratio:.2f}",
        ", ".join(filter(None, budgets)),
        verdict(figure, best.get(figure.name)) or ("ok" if figure.is_judged else ""),
    )


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    name, *others = row
    return [
        name.ljust(widths[0]),
        *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)),
    ]
