"""The sizes in docs/operations.md, from the latest figures of the history.

`python -m bench sizing` writes them, as does every run that is added to the history.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure
from bench.history import Machine, Run
from tests.support.processes import ROOT

PAGE = ROOT / "docs" / "operations.md"
BEGIN, END = "<!-- sizes, by `python -m bench sizing` -->", "<!-- end of sizes -->"
BLOCK = re.compile(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Size:
    """A line of the table: what it says of a figure."""

    what: str
    figure: str
    text: Callable[[Figure], str]


def _ours(figure: Figure) -> str:
    return f"{_rounded(figure.value)} {figure.unit}"


def _both(figure: Figure) -> str:
    return f"{_rounded(figure.value)} {figure.unit}; {_rounded(figure.reference)} {figure.unit} without"


def _rates(figure: Figure) -> str:
    two, one = (_rounded(1000 / milliseconds) for milliseconds in (figure.value, figure.reference))
    return f"{one} by one process, {two} by two"


def _at_leader(figure: Figure) -> str:
    return f"{_ours(figure)}; {_rounded(figure.reference)} {figure.unit} at the leader itself"


SYNC = "first full sync, API behind 50 Mbit/s and 40 ms"
SIZES = (
    Size("memory of a process without open pages", "memory of a process without open pages", _ours),
    Size("and for 100,000 calls in SQLite", "memory for 100,000 calls", _ours),
    Size("and for each open page", "memory of a socket", _ours),
    Size("a page of the list, with a Redis", "a page, with Redis", _both),
    Size(
        "pages in a second, six people without a pause",
        "a page of 6 readers at once, by two processes",
        _rates,
    ),
    Size("one change, 1,000 lists open", "processor time of a change with 1,000 open lists", _ours),
    Size(
        "a colleague's change, until the last of 1,000 pages has it",
        "colleague's change to the last of 1,000 sockets",
        _ours,
    ),
    Size("the last of 3,000 pages", "colleague's change to the last of 3,000 sockets", _ours),
    Size("a page at another process than the leader", "a change, to a page of another process", _at_leader),
    Size("5,000 open pages where nothing happens", "heartbeats of 5,000 idle sockets", _ours),
    Size("3,000 pages connect again", "3,000 sockets connect", _ours),
    Size("the first sync of 100,000 calls, 50 Mbit/s and 40 ms away", SYNC, _ours),
)


def block(runs: Sequence[Run]) -> str:
    """Return the marked part of the page, without sizes that no run on the last kind of machine has."""
    figures = latest_figures(runs)
    known = [size for size in SIZES if size.figure in figures]
    lines = [f"| {size.what} | {size.text(figures[size.figure])} |" for size in known]
    headings = [f"| on {_described(runs[-1].machine)} | |", "|---|---|"]
    return "\n".join((BEGIN, *headings, *lines, END, ""))


def latest_figures(runs: Sequence[Run]) -> dict[str, Figure]:
    """Return the latest figure of each name, of the runs on the kind of machine of the last one."""
    alike = [run for run in runs if run.machine.is_like(runs[-1].machine)]
    return {name: figure for run in alike for name, figure in run.figures.items()}


def written(path: Path = PAGE) -> str:
    """Return the marked part of the page as it is. Raises ValueError if there is none."""
    found = BLOCK.search(path.read_text())
    if found is None:
        raise ValueError(f"{path.name} has no part between {BEGIN} and {END}.")
    return found[0]


def write(runs: Sequence[Run], path: Path = PAGE) -> None:
    """Replace the marked part of the page."""
    path.write_text(path.read_text().replace(written(path), block(runs)))


def _described(machine: Machine) -> str:
    return (
        f"{machine.cores} cores ({machine.processor}) with {machine.memory_gb} GB, "
        f"Python {machine.python}, the API and the browsers on the same cores"
    )


def _rounded(value: float) -> str:
    """Two digits: what differs between two runs of the same code should not show."""
    return f"{float(f'{value:.2g}'):,g}"
