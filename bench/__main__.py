"""`python -m bench [--dry] [NAME…]`: run all benchmarks, or those named.

Prints one table, and adds the figures to the history, unless `--dry`. A figure that is over its budget, or
more than a fifth worse than the best of the history on the same kind of machine, is measured once more; the
better measurement counts. Exits with 1 if it still fails, with 2 if a name is unknown.

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
    "processes",
    "sockets",
    "live_pages",
    "audits",
)
# Run by name alone, as they take minutes.
LONG = ("scaling",)


def main(names: Sequence[str], *, is_dry: bool) -> int:
    """Run these benchmarks and return the exit status."""
    if names == ["sizing"]:
        sizing.write_all(read_history())
        return 0
    if unknown := [name for name in names if name not in MODULES + LONG]:
        print(f"No such benchmark: {', '.join(unknown)}. There are: {', '.join(MODULES + LONG)}.")
        return 2
    history = read_history()
    best = best_ratios(history, Machine.this())
    figures, broken = [], []
    for name in names or MODULES:
        try:
            figures += measured(name, best)
        except Exception:
            # The figures of the others are worth having.
            traceback.print_exc()
            broken.append(name)
    print(*table(figures, best), sep="\n")
    if not is_dry:
        run = Run.now(figures)
        append(run)
        sizing.write_all([*history, run])
        print(f"\nAdded to {HISTORY.name}.")
    if broken:
        print(f"Ended by an error: {', '.join(broken)}.")
    return int(bool(broken) or any(verdict(figure, best.get(figure.name)) for figure in figures))


def measured(name: str, best: Mapping[str, float]) -> list[Figure]:
    """Return the figures of a benchmark, those that fail measured once more."""
    benchmark = import_module(f"bench.{name}")
    figures: list[Figure] = benchmark.run()
    failing = [figure.name for figure in figures if verdict(figure, best.get(figure.name))]
    if not failing:
        return figures
    print(f"Measured once more: {', '.join(failing)}.", flush=True)
    again = {figure.name: figure for figure in benchmark.run() if figure.name in failing}
    return [better(figure, again.get(figure.name, figure)) for figure in figures]


if __name__ == "__main__":
    # Other options are those of the benchmarks.
    sys.exit(main([name for name in sys.argv[1:] if not name.startswith("--")], is_dry="--dry" in sys.argv))
