"""Processor time and memory of running processes."""

import re
from collections.abc import Sequence
from pathlib import Path


def processor_seconds(process_ids: Sequence[int]) -> float:
    """Return how long these processes have used a core, in all their threads that still run."""
    tasks = (task for process in process_ids for task in Path(f"/proc/{process}/task").iterdir())
    # Nanoseconds of the scheduler: exact where utime and stime count ticks of 10 ms.
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def memory(process_ids: Sequence[int]) -> float:
    """Return the memory (PSS) of these processes in bytes."""
    texts = (Path(f"/proc/{process}/smaps_rollup").read_text() for process in process_ids)
    return sum(int(size) * 1024 for text in texts for size in re.findall(r"^Pss: +(\d+) kB", text, re.M))
