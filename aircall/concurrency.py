"""Calling what others subscribed with, so that their failures stay theirs. Knows nothing of what it calls.

Short messages from one process of the dashboard to all of them. On one process: to itself.

Knows nothing of what they mean. They are hints: one that gets lost makes things later, not wrong.

A turn for everybody else, between two steps of work that takes long. Knows nothing of the work.
"""

import logging
import time
import traceback
from collections import defaultdict
from collections.abc import Callable

log = logging.getLogger(__name__)


def call_safely(callback: Callable[..., object], *args: object) -> bool:
    """Call somebody else's function; whether it succeeded. What it raises is logged, by place and type."""
    try:
        callback(*args)
    except Exception as error:
        # Its text might quote a note, and without the caller's thread nothing would arrive any more.
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.error("A callback failed: %s in %s:%s", type(error).__name__, place.filename, place.lineno)
        return False
    return True


class MessageBus:
    """Signals by their names, each with a value, which may be empty."""

    def __init__(self) -> None:
        self._takers: defaultdict[str, list[Callable[[str], None]]] = defaultdict(list)

    def on(self, name: str, taker: Callable[[str], None]) -> None:
        """Call `taker` with the value of each signal of this name. It has to return at once."""
        self._takers[name].append(taker)

    def send(self, name: str, value: str = "") -> None:
        """Send a signal to every process, this one first. Raises nothing."""
        self.deliver(name, value)

    def deliver(self, name: str, value: str) -> None:
        """Hand a signal to those of this process who take it."""
        for taker in self._takers[name]:
            call_safely(taker, value)


# At least so long, in seconds: with 0, gevent does not look who has just asked.
TURN = 0.001


def yield_control() -> None:
    """Let everybody else who waits have a turn."""
    time.sleep(TURN)
