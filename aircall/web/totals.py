"""The totals of the insights: how many calls of each kind, and the filter that shows them in the list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aircall.calls.statistics import Figures, Sort
from aircall.web.charts import SERIES
from aircall.web.formatting import KINDS, UNKNOWN_KIND, Kind, by_kind


@dataclass(frozen=True, slots=True)
class Total:
    """The calls of one kind. With `changes`, the list's filters show exactly these; None where none do."""

    kind: Kind
    number: int
    changes: Mapping[str, str] | None


def read_totals(figures: Figures) -> Sequence[Total]:
    """The totals of every kind that is known, and of what is unknown if there is any."""
    numbers = by_kind(figures.totals)
    shown = [kind for kind in SERIES if numbers[kind.name] or kind is not UNKNOWN_KIND]
    return [Total(kind, numbers[kind.name], _changes(kind, set(figures.totals))) for kind in shown]


def _changes(kind: Kind, sorts: set[Sort]) -> Mapping[str, str] | None:
    """The type that makes up the kind among these sorts, and if need be the direction."""
    own = {sort for sort in sorts if KINDS.get(sort, UNKNOWN_KIND).name == kind.name}
    directions, types = {sort[0] for sort in own}, {sort[1] for sort in own}
    if len(types) != 1:
        return None
    (call_type,) = types
    if own == {sort for sort in sorts if sort[1] == call_type}:
        return {"type": call_type}
    return {"type": call_type, "direction": directions.pop()} if len(directions) == 1 else None
