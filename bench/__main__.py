"""`python -m bench [NAME…]`: run all benchmarks, or those named.

Prints one line per figure. Exits with 1 if a figure exceeds its limit, with 2 if a name is unknown.
"""

import sys
from importlib import import_module

from bench.figures import Figure, table

MODULES = ("modules", "sync", "pages", "store", "processes", "audits")


def main(names: list[str]) -> int:
    """Run these benchmarks and return the exit status."""
    if unknown := [name for name in names if name not in MODULES]:
        print(f"No such benchmark: {', '.join(unknown)}. There are: {', '.join(MODULES)}.")
        return 2
    figures: list[Figure] = []
    for name in names or MODULES:
        figures += import_module(f"bench.{name}").run()
    print(*table(figures), sep="\n")
    return int(any(figure.is_over for figure in figures))


if __name__ == "__main__":
    sys.exit(main([name for name in sys.argv[1:] if not name.startswith("--")]))
