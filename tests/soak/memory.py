"""What the memory of processes does while some of them are killed and begin anew."""

import re
import statistics
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.support.workers import workers_of

# A process that has just begun takes what it needs: that is no growth (seconds of its life).
WARM_UP = 180.0

Look = tuple[float, int, float]
"""When, in seconds; which process; its resident memory in MB."""


def look(now: float, master: int) -> list[Look]:
    """One look at each worker; one that is killed meanwhile is not in it."""
    return [(now, worker, size) for worker in workers_of(master) for size in _resident(worker)]


def _resident(process: int) -> Iterator[float]:
    # All that it has, whether it shares it or not: what is shared grows by another's death alone.
    with suppress(FileNotFoundError, ProcessLookupError):
        status = Path(f"/proc/{process}/status").read_text()
        yield from (int(size) / 1024 for size in re.findall(r"^VmRSS:\s+(\d+) kB", status, re.M))


def growth(looks: list[Look]) -> float | None:
    """How many MB an hour a process grows by once it is warm: least squares, each with a level of its own.

    None where no process has lived for long enough.
    """
    lives: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for now, worker, size in looks:
        lives[worker].append((now, size))
    warm = [point for life in lives.values() for point in _around_its_mean(life)]
    spread = sum(time * time for time, _ in warm)
    return sum(time * size for time, size in warm) / spread * 3600 if spread else None


def _around_its_mean(life: list[tuple[float, float]]) -> list[tuple[float, float]]:
    warm = [(now, size) for now, size in life if now >= life[0][0] + WARM_UP]
    if not warm:
        return []
    time, size = (statistics.fmean(values) for values in zip(*warm, strict=True))
    return [(one - time, other - size) for one, other in warm]
