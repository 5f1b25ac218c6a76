"""Starts and stops everything that keeps the replica fresh, and publishes the status that pages show.

`SyncService` is what the rest of the application uses. With one process it is the SyncSupervisor; with
several it is ClusterSync (cluster/node.py), which starts a supervisor in the leader alone.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Protocol

from aircall import metrics
from aircall.auth.logins import ServiceAccount
from aircall.calls.replica import CallReplica
from aircall.calls.store import FencedError
from aircall.concurrency import call_all
from aircall.errors import AircallError
from aircall.models import Call, CallEvent, PartialCall
from aircall.pusher.connection import PusherSettings
from aircall.pusher.listener import Listener
from aircall.status import (
    NOT_STARTED,
    ApiTrouble,
    Audience,
    LinkState,
    LinkStatus,
    Role,
    SyncError,
    SyncStatus,
)
from aircall.storage import STORAGE_ERRORS
from aircall.sync.api_watch import ApiWatch
from aircall.sync.full_sync import FullSync
from aircall.sync.reconciler import Reconciler
from aircall.sync.scheduler import SYNC_INTERVAL, SYNC_RETRY_INTERVAL, SyncScheduler

log = logging.getLogger(__name__)


class SyncService(Protocol):
    """The sync of the replica, in this process or another."""

    def start(self) -> None:
        """Start, or become ready to."""

    def resign(self) -> None:
        """Leave the work to another process, if there is one, and go on serving pages. Does not block."""

    def stop(self) -> None:
        """Stop, and release what is held."""

    def ensure_fresh(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for the replica to be fresh."""

    def retry_now(self) -> None:
        """Retry whatever failed for want of a login: a person has just logged in."""

    def request_sync(self) -> None:
        """Request a full sync."""

    def on_status(self, handler: Callable[[LinkStatus], None]) -> None:
        """Call `handler` with each new status of the link that pages should show. It must return at once."""

    @property
    def status(self) -> SyncStatus | None:
        """Status of the sync; None while no process does it."""

    @property
    def role(self) -> Role:
        """Role of this process."""

    @property
    def seconds_since_contact(self) -> float:
        """Seconds since this process last heard from the others' change feed; 0 with one process."""


class SyncSupervisor:
    """The sync in this process: listener, scheduler, full sync and reconciler. May be restarted."""

    def __init__(
        self,
        account: ServiceAccount,
        replica: CallReplica,
        settings: PusherSettings,
        audience: Audience,
        interval: float = SYNC_INTERVAL,
        retry_interval: float = SYNC_RETRY_INTERVAL,
    ) -> None:
        # Whether pages of other processes are open.
        self.is_watched_remotely = False
        self._client = account.client
        self._replica = replica
        self._audience = audience
        self._full_sync = FullSync(replica, self._client.get_calls)
        self._scheduler = SyncScheduler(
            self._full_sync, self._is_watched, interval, self._on_synced, retry_interval
        )
        self._live_status = LiveStatus(self._scheduler, self._publish)
        self._api_watch = ApiWatch(self._client, self._scheduler, self._live_status.on_trouble)
        self._listener = Listener(
            settings,
            authorize=self._client.authorize_channel,
            on_call=self._apply,
            on_gap=self._live_status.on_gap,
            on_status=self._live_status.on_link,
        )
        self._reconciler = Reconciler(replica.feed, self._read, self._live_status.on_inconsistency)
        self._status_handlers: list[Callable[[LinkStatus], None]] = []
        self._synced_handlers: list[Callable[[], None]] = []
        self._fenced_handlers: list[Callable[[], None]] = []
        self._started_at = monotonic()

    def start(self) -> None:
        """Start. Changes that another process wrote but did not publish are covered by a new epoch."""
        self._replica.acquire_fence()
        self._started_at = monotonic()
        metrics.LEADER.set(1)
        self._scheduler.start()
        self._reconciler.start()
        self._api_watch.start()
        self._listener.start()

    def stop(self) -> None:
        """Stop, without waiting for requests in flight."""
        metrics.LEADER.set(0)
        self._api_watch.stop()
        self._listener.stop()
        self._reconciler.stop()
        self._scheduler.stop()

    def resign(self) -> None:
        """Run no more full syncs; events still arrive until `stop`."""
        self._scheduler.stop()

    def ensure_fresh(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for the replica to be fresh."""
        self._scheduler.ensure_fresh(timeout)

    def retry_now(self) -> None:
        """Retry whatever failed for want of a login: a person has just logged in."""
        self._scheduler.retry_now()
        self._listener.wake()

    def request_sync(self) -> None:
        """Request a full sync."""
        self._scheduler.request_sync()

    def on_status(self, handler: Callable[[LinkStatus], None]) -> None:
        """Call `handler` with each new status of the link. It must return at once."""
        self._status_handlers.append(handler)

    def on_synced(self, handler: Callable[[], None]) -> None:
        """Call `handler` after each full sync."""
        self._synced_handlers.append(handler)

    def on_fenced(self, handler: Callable[[], None]) -> None:
        """Call `handler` when an event was rejected by fencing: another process has become the leader."""
        self._fenced_handlers.append(handler)

    @property
    def status(self) -> SyncStatus:
        """Status of the sync."""
        return SyncStatus(
            link=self._live_status.published,
            listener=self._listener.status,
            progress=self._full_sync.progress,
            error=_sync_error(self._scheduler.last_error),
            fresh_for=self._scheduler.fresh_for,
        )

    @property
    def role(self) -> Role:
        """With one process, it is the leader."""
        return Role(is_leader=True, age=monotonic() - self._started_at)

    @property
    def seconds_since_contact(self) -> float:
        """0: the change feed is this process's own."""
        return 0.0

    def _is_watched(self) -> bool:
        return self.is_watched_remotely or self._audience.page_count > 0

    def _apply(self, event: CallEvent) -> None:
        call = event if isinstance(event, Call) else self._completed(event)
        try:
            if call is not None:
                self._replica.apply(call)
        except FencedError:
            call_all(self._fenced_handlers)
            raise

    def _completed(self, event: PartialCall) -> Call | None:
        """Return the call with what is known of it besides, and have it read if that may be outdated."""
        call_id = event.call.id
        known = self._replica.store.find([call_id])
        call = event.merged_into(known[0]) if known else None
        if call != event.call:
            self._reconciler.read_soon(call_id)
        return call

    def _read(self, call_id: str) -> None:
        self._replica.read(call_id, self._client.get_call)

    def _on_synced(self) -> None:
        self._live_status.on_synced()
        call_all(self._synced_handlers)
        try:
            self._replica.store.catch_up()
        except STORAGE_ERRORS as error:
            log.warning("searches and lists are slow until the next full sync: %s", type(error).__name__)

    def _publish(self, status: LinkStatus) -> None:
        call_all(self._status_handlers, status)


class LiveStatus:
    """The status that pages show: live only while the link is up and no event can be missing.

    While it is live, its `since` is the time when that began; otherwise when it was last live.
    """

    def __init__(self, scheduler: SyncScheduler, publish: Callable[[LinkStatus], None]) -> None:
        self._scheduler = scheduler
        self._publish = publish
        self._lock = threading.Lock()
        self._link: LinkStatus | None = None
        self._published: LinkStatus | None = None
        self._trouble: ApiTrouble | None = None
        # The listener reports a subscription just before the gap that precedes it.
        self._is_gap_expected = True

    @property
    def published(self) -> LinkStatus:
        """The last status that was published."""
        return self._published or NOT_STARTED

    def on_link(self, status: LinkStatus) -> None:
        """Take the new status of the listener."""
        with self._lock:
            self._link = status
            self._is_gap_expected |= status.state is not LinkState.LIVE
            self._update()

    def on_gap(self) -> None:
        """Request a full sync, since events may have been lost."""
        self._scheduler.request_sync()
        with self._lock:
            self._is_gap_expected = False
            self._update()

    def on_inconsistency(self) -> None:
        """Request a full sync, since a call may be shown wrongly and no event will correct it."""
        self._scheduler.request_sync()
        with self._lock:
            self._update()

    def on_trouble(self, trouble: ApiTrouble | None) -> None:
        """Take the trouble that the API is in, or None."""
        with self._lock:
            self._trouble = trouble
            self._update()

    def on_synced(self) -> None:
        """Publish what a full sync has changed."""
        with self._lock:
            self._update()

    def _update(self) -> None:
        if self._link is None:
            return
        status = replace(self._link, trouble=self._trouble)
        if status.state is LinkState.LIVE and (self._is_gap_expected or self._scheduler.is_stale):
            status = replace(status, state=LinkState.RECONNECTING, reason="catching up")
        published = self._published
        if published is None or _shown(status) != _shown(published):
            self._count(status.state)
            self._published = replace(status, since=self._since(status.state))
            self._publish(self._published)

    def _count(self, state: LinkState) -> None:
        metrics.LINK_LIVE.set(state is LinkState.LIVE)
        if self._published is None or state is not self._published.state:
            metrics.LINK_CHANGES.labels(state).inc()

    def _since(self, state: LinkState) -> datetime:
        # One kind of trouble may follow another: the time of the first counts.
        last = self._published
        is_same = last is not None and (last.state is LinkState.LIVE) == (state is LinkState.LIVE)
        return last.since if last is not None and is_same else datetime.now(UTC)


def _shown(status: LinkStatus) -> tuple[LinkState, str, ApiTrouble | None]:
    return status.state, status.reason, status.trouble


def _sync_error(error: Exception | None) -> SyncError | None:
    if error is None:
        return None
    if isinstance(error, AircallError):
        return SyncError(type(error).__name__, is_internal=False, retry_after=error.retry_after)
    return SyncError(type(error).__name__, is_internal=True)
