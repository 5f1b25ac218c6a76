"""Keeps log and feed fresh, while this process is the one that does: listener, readings and settling.

Pages ask here how fresh the list is, whoever keeps it so. Knows nothing of Flask, Redis or the API's HTTP.
"""

from time import monotonic
from typing import Protocol

from aircall import metrics
from aircall.background import Background
from aircall.calls.replica import Mirror
from aircall.errors import AircallError
from aircall.link import Link
from aircall.pusher.listener import Listener
from aircall.settling import Settling
from aircall.status import Role, Trouble, UpkeepState
from aircall.synchronisation import Synchronisation


class Upkeep(Protocol):
    """What pages need of whoever keeps the list fresh."""

    def ensure_fresh(self, wait: float) -> None:
        """Return when the log is as fresh as it is kept, or after `wait` seconds."""

    def signed_in(self) -> None:
        """Somebody has just signed in: there is a token to work with."""

    @property
    def state(self) -> UpkeepState | None:
        """How the upkeep is now, as far as it is known; None while nobody does it."""

    @property
    def role(self) -> Role:
        """What this process has to do with it."""


class Keeper(Protocol):
    """What starts and ends the upkeep, or this process's part in it."""

    def start(self) -> None:
        """Begin, or be ready to."""

    def step_back(self) -> None:
        """Leave it to others, if there are any, and go on serving. Returns at once."""

    def stop(self) -> None:
        """End, and give back what is held."""


class StartedUpkeep(Upkeep, Keeper, Protocol):
    """An upkeep that is done here whenever it is started."""


class OwnUpkeep:
    """The upkeep by this process. It may be started and stopped more than once."""

    def __init__(
        self,
        mirror: Mirror,
        listener: Listener,
        background: Background,
        settling: Settling,
        synchronisation: Synchronisation,
        link: Link,
    ) -> None:
        self._mirror = mirror
        self._listener = listener
        self._background = background
        self._settling = settling
        self._synchronisation = synchronisation
        self._link = link
        self._started_at = monotonic()

    def start(self) -> None:
        """Take over: what others have left untold, every page finds by reading itself again."""
        self._mirror.take_over()
        self._started_at = monotonic()
        metrics.OWNER.set(1)
        self._background.start()
        self._settling.start()
        self._listener.start()

    def stop(self) -> None:
        """Listen and read no longer; a reading under way is not waited for."""
        metrics.OWNER.set(0)
        self._listener.stop()
        self._settling.stop()
        self._background.stop()

    def step_back(self) -> None:
        """Read the list no further; events still arrive until `stop`."""
        self._background.stop()

    def ensure_fresh(self, wait: float) -> None:
        """Return when the log is as fresh as it is kept, or after `wait` seconds."""
        self._background.ensure_fresh(wait)

    def signed_in(self) -> None:
        """Somebody has just signed in: there is a token to work with, whatever failed before."""
        self._background.signed_in()
        self._listener.wake()

    @property
    def state(self) -> UpkeepState:
        """How the upkeep is now."""
        return UpkeepState(
            link=self._link.status,
            listener=self._listener.status,
            progress=self._synchronisation.progress,
            trouble=_trouble(self._background.last_error),
            fresh_for=self._background.fresh_for,
        )

    @property
    def role(self) -> Role:
        """There is no other process that could do it."""
        return Role(is_owner=True, age=monotonic() - self._started_at)


def _trouble(error: Exception | None) -> Trouble | None:
    if error is None:
        return None
    if isinstance(error, AircallError):
        return Trouble(type(error).__name__, is_ours=False, retry_after=error.retry_after)
    return Trouble(type(error).__name__, is_ours=True)
