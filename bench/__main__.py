"""`python -m bench [--dry] [--once] [NAME…]`: run all benchmarks, or those named.

Prints one table, and adds the figures to the history, unless `--dry`. A figure that is over its budget, or
more than a fifth worse than the best of the history on the same kind of machine, is measured once more,
unless `--once`; the better measurement counts. Exits with 1 if it still fails, with 2 if a name is unknown.

`python -m bench sizing` writes what docs/operations.md and docs/scaling.md have from the history again.
"""

import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module

from bench import sizing
from bench.figures import Figure, better, table, verdict
from bench.history import HISTORY, Machine, Run, append, best_ratios, read_history

MODULES = (
    "modules",
    "sync",
    "pages",
    "store",
    "callers",
    "rendering",
    "processes",
    "sockets",
    "live_pages",
    "triage",
    "audits",
)
# Run by name alone, as they take minutes.
LONG = ("floods", "scaling")


def main(names: Sequence[str], *, is_dry: bool, is_once: bool) -> int:
    """Run these benchmarks and return the exit status."""
    if names == ["sizing"]:
        sizing.write_all(read_history())
        return 0
    if unknown := [name for name in names if name not in MODULES + LONG]:
        print(f"No such benchmark: {', '.join(unknown)}. There are: {', '.join(MODULES + LONG)}.")
        return 2
    history = read_history()
    best = best_ratios(history, Machine.this())
    figures: list[Figure] = []
    broken: list[str] = []
    for name in names or MODULES:
        measured = figures_of(name)
        if not measured:
            broken.append(name)
        figures += measured if is_once else confirmed(name, measured, best)
    print(*table(figures, best), sep="\n")
    if not is_dry:
        run = Run.now(figures)
        append(run)
        sizing.write_all([*history, run])
        print(f"\nAdded to {HISTORY.name}.")
    if broken:
        print(f"Ended by an error: {', '.join(broken)}.")
    return int(bool(broken) or any(verdict(figure, best.get(figure.name)) for figure in figures))


def figures_of(name: str) -> list[Figure]:
    """Return the figures of a benchmark; none, and why, if it ends by an error: others are worth having."""
    try:
        return list(import_module(f"bench.{name}").run())
    except Exception:
        traceback.print_exc()
        return []


def confirmed(name: str, figures: list[Figure], best: Mapping[str, float]) -> list[Figure]:
    """Return the figures of a benchmark, those that fail measured once more."""
    failing = [figure.name for figure in figures if verdict(figure, best.get(figure.name))]
    if not failing:
        return figures
    print(f"Measured once more: {', '.join(failing)}.", flush=True)
    again = {figure.name: figure for figure in figures_of(name)}
    return [better(one, again.get(one.name, one)) if one.name in failing else one for one in figures]


if __name__ == "__main__":
    # Other options are those of the benchmarks.
    _names = [name for name in sys.argv[1:] if not name.startswith("--")]
    sys.exit(main(_names, is_dry="--dry" in sys.argv, is_once="--once" in sys.argv))
