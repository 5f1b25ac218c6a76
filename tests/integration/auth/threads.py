"""Many threads at the same moment. Knows nothing of what they do."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from aircall.errors import AircallError

T = TypeVar("T")
THREADS = 20


def together(task: Callable[[], T]) -> list[T | AircallError]:
    """What this many threads get that begin at the same moment."""
    start = threading.Barrier(THREADS)

    def run(_: int) -> T | AircallError:
        start.wait(10)
        try:
            return task()
        except AircallError as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))
