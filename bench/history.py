"""The history of the benchmarks: one line of JSON for each run, in bench/history.jsonl.

A line has the time, the commit, whether the tree was clean, the kind of machine, and the figures. A figure is
compared with the best of earlier runs of a commit on the same kind of machine.
"""

import json
import math
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from bench.figures import Figure
from tests.support.processes import ROOT

HISTORY = ROOT / "bench" / "history.jsonl"
GIGABYTE = 1 << 30


class HistoryError(Exception):
    """A line of the history cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a kind of machine is: nothing that tells one machine of the kind from another."""

    processor: str
    cores: int
    memory_gb: int
    python: str
    node: str

    @classmethod
    def this(cls) -> Self:
        """Return the kind of this machine."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)  # noqa: S607  # as the tests find it
        return cls(
            processor=model[1] if model else platform.machine(),
            cores=len(os.sched_getaffinity(0)),
            memory_gb=round(memory / GIGABYTE),
            python=platform.python_version(),
            node=node.stdout.strip().removeprefix("v"),
        )

    def is_like(self, other: "Machine") -> bool:
        """Return whether figures of both can be compared: releases that only mend do not matter."""
        return self._kind() == other._kind()

    def _kind(self) -> tuple[object, ...]:
        python, node = self.python.rsplit(".", 1)[0], self.node.split(".")[0]
        return self.processor, self.cores, self.memory_gb, python, node


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of one run, by name."""

    at: str
    commit: str
    is_clean: bool
    machine: Machine
    figures: dict[str, Figure]

    @classmethod
    def now(cls, figures: Iterable[Figure]) -> Self:
        """Return a run of this moment, of the commit that is checked out."""
        commit, changed = _git("rev-parse", "--short=12", "HEAD"), _git("status", "--porcelain", *_MEASURED)
        return cls(
            at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            commit=commit or "unknown",
            is_clean=bool(commit) and changed == "",
            machine=Machine.this(),
            figures={figure.name: figure for figure in figures},
        )

    @classmethod
    def parse(cls, line: str) -> Self:
        """Return the run that a line describes. Raises HistoryError if it describes none."""
        try:
            given = json.loads(line)
            figures = {name: _figure(name, values) for name, values in given.pop("figures").items()}
            return cls(machine=Machine(**given.pop("machine")), figures=figures, **given)
        except (AttributeError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise HistoryError(f"not a run: {line[:60]!r} ({type(error).__name__})") from error

    def line(self) -> str:
        """Return the line for the history."""
        fields = asdict(self)
        fields["figures"] = {
            figure.name: {
                "ours": _rounded(figure.value),
                "reference": _rounded(figure.reference),
                "ratio": _rounded(figure.ratio),
                "unit": figure.unit,
            }
            for figure in self.figures.values()
        }
        return json.dumps(fields, ensure_ascii=False) + "\n"


# What the figures and sizes are written to is not what was measured.
_MEASURED = ("--", ".", ":!bench/history.jsonl", ":!docs/operations.md", ":!docs/scaling.md")


def read_history(path: Path = HISTORY) -> list[Run]:
    """Return all runs, oldest first. Raises HistoryError, with its number, for a malformed line."""
    runs = []
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else (), 1):
        try:
            runs.append(Run.parse(line))
        except HistoryError as error:
            raise HistoryError(f"{path.name}, line {number}: {error}") from error
    return runs


def append(run: Run, path: Path = HISTORY) -> None:
    """Add a run to the history."""
    with path.open("a") as file:
        file.write(run.line())


def best_ratios(runs: Sequence[Run], machine: Machine) -> dict[str, float]:
    """Return the least ratio of each figure, of all runs of a commit on this kind of machine."""
    best: dict[str, float] = {}
    for run in runs:
        if run.is_clean and run.machine.is_like(machine):
            for name, figure in run.figures.items():
                best[name] = min(figure.ratio, best.get(name, figure.ratio))
    return best


def _figure(name: str, values: dict[str, Any]) -> Figure:
    figure = Figure(name, float(values["ours"]), float(values["reference"]), values["unit"])
    if not math.isclose(figure.ratio, float(values["ratio"]), rel_tol=0.01, abs_tol=0.001):
        raise ValueError("the ratio is not that of the values")
    return figure


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _git(*arguments: str) -> str | None:
    """Return what git says, None if this is no clone."""
    answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607  # no user input
    return answer.stdout.strip() if answer.returncode == 0 else None
