"""Runs the soak for SOAK_MINUTES, 30 unless set, and prints what came of it. `make soak` calls it.

Exits with 1 where a page was wrong at the end, memory grew, or the log has an error that no kill explains.
"""

import os
import sys

from tests.soak.soak import Soak

# In seconds: how often a process is killed, and what memory may grow by in an hour (MB, each process).
KILL_PAUSE, GROWTH_LIMIT = 60.0, 30.0


def main() -> int:
    """Run it. Returns the exit status."""
    minutes = float(os.environ.get("SOAK_MINUTES", "30"))
    outcome = Soak(workers=4, seconds=minutes * 60, kill_pause=KILL_PAUSE).run()
    print(*outcome.lines(), sep="\n")
    is_growing = outcome.growth is not None and outcome.growth > GROWTH_LIMIT
    return int(is_growing or bool(outcome.errors or outcome.failed_answers))


if __name__ == "__main__":
    sys.exit(main())
