"""The sizes in docs/operations.md and the numbers of the model in docs/scaling.md, from the history.

`python -m bench sizing` writes them, as does every run that is added to the history.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench import capacity
from bench.figures import Figure
from bench.history import Machine, Run
from tests.support.processes import ROOT

GUIDE, MODEL = ROOT / "docs" / "operations.md", ROOT / "docs" / "scaling.md"
BEGIN, END = "<!-- written by `python -m bench sizing` -->", "<!-- end -->"
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
        "a colleague's change to 1,000 sockets, until the last has it",
        _ours,
    ),
    Size("the last of 3,000 pages", "a colleague's change to 3,000 sockets, until the last has it", _ours),
    Size("a page at another process than the leader", "a change, to a page of another process", _at_leader),
    Size("5,000 open pages where nothing happens", "heartbeats of 5,000 idle sockets", _ours),
    Size("3,000 pages connect again", "3,000 sockets connect", _ours),
    Size("the first sync of 100,000 calls, 50 Mbit/s and 40 ms away", SYNC, _ours),
)


LOAD_HEADINGS = (
    "| open pages | changes /s | page views /s | calls | processes | cores | memory | Redis | PostgreSQL |",
    "|---" * 9 + "|",
)
# Open pages, changes in a second, pages of the list asked for in a second, calls.
LOADS = (
    (100, 0.1, 0.5, 10_000),
    (1_000, 1.0, 5.0, 100_000),
    (3_000, 3.0, 15.0, 100_000),
    (10_000, 10.0, 50.0, 1_000_000),
    (30_000, 30.0, 150.0, 1_000_000),
    (100_000, 100.0, 500.0, 1_000_000),
)


def sizes(runs: Sequence[Run]) -> str:
    """Return the marked part of the guide, without sizes that no run on the last kind of machine has."""
    figures = latest_figures(runs)
    known = [size for size in SIZES if size.figure in figures]
    lines = [f"| {size.what} | {size.text(figures[size.figure])} |" for size in known]
    headings = [f"| on {_described(runs[-1].machine)} | |", "|---|---|"]
    return _block([*headings, *lines])


def model(runs: Sequence[Run]) -> str:
    """Return the marked part of the model. Raises KeyError if `python -m bench scaling` was not run."""
    figures = latest_figures(runs)
    costs, shared = capacity.costs(figures), capacity.shared_costs(figures)
    lines = [_need(costs, shared, *load) for load in LOADS]
    return _block([*_costs(costs, shared), "", *LOAD_HEADINGS, *lines])


def _costs(costs: capacity.Costs, shared: capacity.SharedCosts) -> list[str]:
    named = [
        ("m₀", "memory of a process", f"{_rounded(costs.process_mb)} MB"),
        ("m", "memory of an open page", f"{_rounded(costs.page_mb * 1000)} kB"),
        ("h", "heartbeats of an open page, in a second", _micro(costs.heartbeat)),
        ("c", "a change, at every process", _micro(costs.change)),
        ("e", "a change, for each open page", _micro(costs.event)),
        ("l", "a change, at the leader", _micro(costs.lead)),
        ("p", "a page of the list", _micro(costs.read)),
        ("s", "a call, in a full sync", _micro(costs.sync)),
        ("R₀", "Redis: a process, in a second", _micro(shared.redis_process)),
        ("R", "Redis: a change, for each process", _micro(shared.redis_change)),
        ("Rₚ", "Redis: a page of the list", _micro(shared.redis_read)),
        ("D", "PostgreSQL: a change", _micro(shared.postgres_change)),
        ("Dₚ", "PostgreSQL: a page of the list", _micro(shared.postgres_read)),
    ]
    return [
        "| | what | cost |",
        "|---|---|---|",
        *(f"| {name} | {what} | {cost} |" for name, what, cost in named),
    ]


def _need(
    costs: capacity.Costs,
    shared: capacity.SharedCosts,
    pages: int,
    changes: float,
    reads: float,
    calls: int,
) -> str:
    start = f"| {pages:,} | {changes:g} | {reads:g} | {calls:,} |"
    processes = capacity.processes_for(costs, pages, changes, reads, calls)
    if processes is None:
        return f"{start} no number is enough | | | | |"
    load = capacity.Load(pages, processes, changes, reads, calls)
    need = capacity.need(costs, load)
    redis, postgres = capacity.redis_share(shared, load), capacity.postgres_share(shared, load)
    return (
        f"{start} {processes} | {_rounded(need.cores)} | {_rounded(need.memory_mb / 1000)} GB "
        f"| {_rounded(redis * 100)} % | {_rounded(postgres)} cores |"
    )


def latest_figures(runs: Sequence[Run]) -> dict[str, Figure]:
    """Return the latest figure of each name, of the runs on the kind of machine of the last one."""
    alike = [run for run in runs if run.machine.is_like(runs[-1].machine)]
    return {name: figure for run in alike for name, figure in run.figures.items()}


def written(path: Path) -> str:
    """Return the marked part of a page as it is. Raises ValueError if there is none."""
    found = BLOCK.search(path.read_text())
    if found is None:
        raise ValueError(f"{path.name} has no part between {BEGIN} and {END}.")
    return found[0]


def write(block: str, path: Path) -> None:
    """Replace the marked part of a page."""
    path.write_text(path.read_text().replace(written(path), block))


def write_all(runs: Sequence[Run]) -> None:
    """Write both pages; the model only if all of its costs were measured."""
    write(sizes(runs), GUIDE)
    with suppress(KeyError):
        write(model(runs), MODEL)


def _block(lines: Sequence[str]) -> str:
    return "\n".join((BEGIN, *lines, END, ""))


def _described(machine: Machine) -> str:
    return (
        f"{machine.cores} cores ({machine.processor}) with {machine.memory_gb} GB, "
        f"Python {machine.python}, the API and the browsers on the same cores"
    )


def _micro(seconds: float) -> str:
    return f"{_rounded(seconds * 1e6)} µs" if seconds < 1e-3 else f"{_rounded(seconds * 1e3)} ms"


def _rounded(value: float) -> str:
    """Two digits: what differs between two runs of the same code should not show."""
    return f"{float(f'{value:.2g}'):,g}"
