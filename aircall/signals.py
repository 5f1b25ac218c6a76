"""Short messages from one process of the dashboard to all of them. On one process: to itself.

Knows nothing of what they mean. They are hints: one that gets lost makes things later, not wrong.
"""

from collections import defaultdict
from collections.abc import Callable

from aircall.callbacks import call_safely


class Signals:
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
