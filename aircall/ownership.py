"""Whether this process is the one that listens to the events and reads the list. Knows nothing of either."""

from enum import StrEnum
from time import monotonic

from aircall import metrics


class OwnerState(StrEnum):
    """OWNER: it listens and synchronises. FOLLOWER: another process does. STOPPED: not started, or ended."""

    OWNER = "owner"
    FOLLOWER = "follower"
    STOPPED = "stopped"


class Ownership:
    """What this process is, and since when. Whoever decides that says so by `become`."""

    def __init__(self) -> None:
        self.state = OwnerState.STOPPED
        self._since = monotonic()

    @property
    def age(self) -> float:
        """For how many seconds it has been so."""
        return monotonic() - self._since

    def become(self, state: OwnerState) -> None:
        """From now on it is this; `callboard_owner` tells it to Prometheus."""
        if state is not self.state:
            self._since = monotonic()
        self.state = state
        metrics.OWNER.set(state is OwnerState.OWNER)
