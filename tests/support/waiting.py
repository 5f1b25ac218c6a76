"""Waiting for something to become true, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

PAUSE = 0.01

T = TypeVar("T")


def wait_until(condition: Callable[[], T], deadline: float = 20.0, what: str = "the condition") -> T:
    """The condition's first true value. Raises AssertionError naming `what` after `deadline` seconds."""
    ends_at = time.monotonic() + deadline
    while not (value := condition()):
        if time.monotonic() > ends_at:
            raise AssertionError(f"{what} did not come true within {deadline:g} s; last seen: {value!r}")
        time.sleep(PAUSE)
    return value
