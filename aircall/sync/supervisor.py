"""How good our link to the API's news is, both halves of it: the events, and what was missed before them.

Knows the listener's states and whether the list has been read since; knows nothing of who shows that.

Keeps log and feed fresh, while this process is the one that does: listener, readings and settling.

Pages ask here how fresh the list is, whoever keeps it so. Knows nothing of Flask, Redis or the API's HTTP.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Protocol

from aircall import metrics
from aircall.calls.replica import CallReplica
from aircall.errors import AircallError
from aircall.pusher.listener import Listener
from aircall.status import NOT_STARTED, LinkState, LinkStatus, Role, SyncError, SyncStatus
from aircall.sync.full_sync import FullSync
from aircall.sync.reconciler import Reconciler
from aircall.sync.scheduler import SyncScheduler


class LiveStatus:
    """Tells the state that is true for people who look: live only while nothing is missing.

    While it is live, its `since` is when that began; while it is not, when it was last live, or the start.
    """

    def __init__(self, scheduler: SyncScheduler, tell: Callable[[LinkStatus], None]) -> None:
        self._scheduler = scheduler
        self._tell = tell
        self._lock = threading.Lock()
        self._events: LinkStatus | None = None
        self._told: LinkStatus | None = None
        # The listener reports the gap before a subscription just after it has reported the subscription.
        self._is_gap_to_come = True

    @property
    def status(self) -> LinkStatus:
        """What was told last."""
        return self._told or NOT_STARTED

    def on_status(self, status: LinkStatus) -> None:
        """The listener's state has changed."""
        with self._lock:
            self._events = status
            self._is_gap_to_come |= status.state is not LinkState.LIVE
            self._report()

    def on_gap(self) -> None:
        """Events may have been lost, so that the list has to be read again."""
        self._scheduler.request()
        with self._lock:
            self._is_gap_to_come = False
            self._report()

    def on_inconsistency(self) -> None:
        """A call may be shown wrongly, and no event will put it right: the list has to be read again."""
        self._scheduler.request()
        with self._lock:
            self._report()

    def on_read(self) -> None:
        """The list has been read."""
        with self._lock:
            self._report()

    def _report(self) -> None:
        if self._events is None:
            return
        status = self._events
        if status.state is LinkState.LIVE and (self._is_gap_to_come or self._scheduler.is_stale):
            status = replace(status, state=LinkState.RECONNECTING, reason="reading what was missed")
        if self._told is None or (status.state, status.reason) != (self._told.state, self._told.reason):
            self._count(status.state)
            self._told = replace(status, since=self._since(status.state))
            self._tell(self._told)

    def _count(self, state: LinkState) -> None:
        metrics.LINK_LIVE.set(state is LinkState.LIVE)
        if self._told is None or state is not self._told.state:
            metrics.LINK_CHANGES.labels(state).inc()

    def _since(self, state: LinkState) -> datetime:
        """Since when it has been live, or has not been: one kind of trouble may follow the other."""
        told = self._told
        is_same = told is not None and (told.state is LinkState.LIVE) == (state is LinkState.LIVE)
        return told.since if told is not None and is_same else datetime.now(UTC)


class SyncService(Protocol):
    """What pages need of whoever keeps the list fresh."""

    def ensure_fresh(self, wait: float) -> None:
        """Return when the log is as fresh as it is kept, or after `wait` seconds."""

    def signed_in(self) -> None:
        """Somebody has just signed in: there is a token to work with."""

    @property
    def state(self) -> SyncStatus | None:
        """How the upkeep is now, as far as it is known; None while nobody does it."""

    @property
    def role(self) -> Role:
        """What this process has to do with it."""


class Keeper(Protocol):
    """What starts and ends the upkeep, or this process's part in it."""

    def start(self) -> None:
        """Begin, or be ready to."""

    def resign(self) -> None:
        """Leave it to others, if there are any, and go on serving. Returns at once."""

    def stop(self) -> None:
        """End, and give back what is held."""


class StartedUpkeep(SyncService, Keeper, Protocol):
    """An upkeep that is done here whenever it is started."""


class SyncSupervisor:
    """The upkeep by this process. It may be started and stopped more than once."""

    def __init__(
        self,
        replica: CallReplica,
        listener: Listener,
        scheduler: SyncScheduler,
        reconciler: Reconciler,
        full_sync: FullSync,
        link: LiveStatus,
    ) -> None:
        self._replica = replica
        self._listener = listener
        self._scheduler = scheduler
        self._reconciler = reconciler
        self._full_sync = full_sync
        self._link = link
        self._started_at = monotonic()

    def start(self) -> None:
        """Take over: what others have left untold, every page finds by reading itself again."""
        self._replica.take_over()
        self._started_at = monotonic()
        metrics.LEADER.set(1)
        self._scheduler.start()
        self._reconciler.start()
        self._listener.start()

    def stop(self) -> None:
        """Listen and read no longer; a reading under way is not waited for."""
        metrics.LEADER.set(0)
        self._listener.stop()
        self._reconciler.stop()
        self._scheduler.stop()

    def resign(self) -> None:
        """Read the list no further; events still arrive until `stop`."""
        self._scheduler.stop()

    def ensure_fresh(self, wait: float) -> None:
        """Return when the log is as fresh as it is kept, or after `wait` seconds."""
        self._scheduler.ensure_fresh(wait)

    def signed_in(self) -> None:
        """Somebody has just signed in: there is a token to work with, whatever failed before."""
        self._scheduler.signed_in()
        self._listener.wake()

    @property
    def state(self) -> SyncStatus:
        """How the upkeep is now."""
        return SyncStatus(
            link=self._link.status,
            listener=self._listener.status,
            progress=self._full_sync.progress,
            trouble=_trouble(self._scheduler.last_error),
            fresh_for=self._scheduler.fresh_for,
        )

    @property
    def role(self) -> Role:
        """There is no other process that could do it."""
        return Role(is_leader=True, age=monotonic() - self._started_at)


def _trouble(error: Exception | None) -> SyncError | None:
    if error is None:
        return None
    if isinstance(error, AircallError):
        return SyncError(type(error).__name__, is_ours=False, retry_after=error.retry_after)
    return SyncError(type(error).__name__, is_ours=True)
