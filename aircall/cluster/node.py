"""This process's part in a cluster: what it shares by Redis, and the sync that only the leader does."""

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Protocol

from aircall.cluster.feed import RedisChangeFeed
from aircall.cluster.heartbeat import Heartbeat, Heartbeats
from aircall.cluster.leader import LeaderElection
from aircall.cluster.streams import BLOCK, RedisMessageBus, StreamReader
from aircall.concurrency import MessageBus, call_all
from aircall.status import NOT_STARTED, WATCH_TIME, Audience, LinkState, LinkStatus, Role, SyncStatus
from aircall.storage.redis import PREFIX, connect
from aircall.sync.supervisor import SyncService

# Messages to the leader: a replica that is not fresh is wanted, and a person has logged in.
REQUEST_SYNC, RETRY_NOW = "read", "signed-in"
# Reasons of a link status.
NO_CONTACT = "the dashboard's own storage does not answer"
NO_LEADER = "another process is taking over"
NEVER = float("-inf")


class LocalSync(SyncService, Protocol):
    """The sync in this process, while it is the leader: a SyncSupervisor."""

    is_watched_remotely: bool

    def on_synced(self, handler: Callable[[], None]) -> None:
        """Call `handler` after each full sync."""

    def on_fenced(self, handler: Callable[[], None]) -> None:
        """Call `handler` when an event was rejected by fencing."""


class ClusterState:
    """What this process knows about the sync of the cluster: its own, as the leader, or the leader's."""

    def __init__(self, local: LocalSync, bus: MessageBus) -> None:
        self._local = local
        self._bus = bus
        self._changed = threading.Condition()
        self._is_leader = False
        self._role_since = monotonic()
        self._leader_status: SyncStatus | None = None
        self._fresh_until = self._viewed_at = NEVER
        self._is_in_contact = False
        self._handlers: list[Callable[[LinkStatus], None]] = []
        self._published = NOT_STARTED
        bus.on(REQUEST_SYNC, lambda _text: self._ensure_fresh_as_leader())
        bus.on(RETRY_NOW, lambda _text: self._retry_as_leader())

    def elected(self) -> None:
        """Start the sync: this process has become the leader."""
        self._local.start()
        self._is_leader, self._role_since = True, monotonic()

    def demoted(self) -> None:
        """Stop the sync: another process becomes the leader."""
        self._is_leader, self._role_since = False, monotonic()
        self._local.stop()

    @property
    def role(self) -> Role:
        """Role of this process."""
        return Role(is_leader=self._is_leader, age=monotonic() - self._role_since)

    @property
    def status(self) -> SyncStatus | None:
        """Status of the sync; None while there is no leader."""
        return self._local.status if self._is_leader else self._leader_status

    @property
    def own_status(self) -> SyncStatus | None:
        """Status of the sync for the others; None if this process is not the leader."""
        return self._local.status if self._is_leader else None

    @property
    def seconds_since_view(self) -> float | None:
        """Seconds since the list was last requested from this process; None if it never was."""
        seconds = monotonic() - self._viewed_at
        return None if seconds == float("inf") else seconds

    def on_status(self, handler: Callable[[LinkStatus], None]) -> None:
        """Call `handler` with each new status of the link. It must return at once."""
        self._handlers.append(handler)

    def retry_now(self) -> None:
        """Make the leader retry whatever failed for want of a login."""
        self._bus.send(RETRY_NOW)

    def request_sync(self) -> None:
        """Make the leader run a full sync unless the replica is fresh."""
        self._bus.send(REQUEST_SYNC)

    def ensure_fresh(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for a fresh replica. Return at once if the last sync failed."""
        if self._is_leader:
            self._local.ensure_fresh(timeout)
            return
        self._viewed_at = monotonic()
        if self._is_fresh():
            return
        self.request_sync()
        with self._changed:
            self._changed.wait_for(self._is_answered, timeout)

    def receive(self, heartbeats: Sequence[Heartbeat]) -> None:
        """Take the heartbeats of the other processes."""
        self._local.is_watched_remotely = any(map(_is_watched, heartbeats))
        statuses = [heartbeat.sync for heartbeat in heartbeats if heartbeat.sync is not None]
        with self._changed:
            self._leader_status = statuses[0] if statuses else None
            self._fresh_until = monotonic() + statuses[0].fresh_for if statuses else NEVER
            self._changed.notify_all()
        self.publish()

    def note_contact(self, is_reachable: bool) -> None:
        """Note whether Redis answers."""
        self._is_in_contact = is_reachable
        self.publish()

    def publish(self) -> None:
        """Publish the status of the link if it has changed."""
        with self._changed:
            status = self._link_status()
            if status == self._published:
                return
            self._published = status
            call_all(self._handlers, status)

    def _ensure_fresh_as_leader(self) -> None:
        if self._is_leader:
            self._local.ensure_fresh(0)

    def _retry_as_leader(self) -> None:
        if self._is_leader:
            self._local.retry_now()

    def _is_fresh(self) -> bool:
        return monotonic() < self._fresh_until

    def _is_answered(self) -> bool:
        return self._is_fresh() or (self._leader_status is not None and self._leader_status.error is not None)

    def _link_status(self) -> LinkStatus:
        status = self.status
        if not self._is_in_contact:
            return self._interrupted(NO_CONTACT)
        return self._interrupted(NO_LEADER) if status is None else status.link

    def _interrupted(self, reason: str) -> LinkStatus:
        if self._published.state is LinkState.RECONNECTING:
            return replace(self._published, reason=reason)
        since = datetime.now(UTC) if self._published.state is LinkState.LIVE else self._published.since
        return LinkStatus(LinkState.RECONNECTING, since, reason)


class ClusterNode:
    """What this process shares with the others by Redis: change feed and message bus."""

    def __init__(self, redis_url: str, prefix: str = PREFIX) -> None:
        self.prefix = prefix
        self.process = secrets.token_hex(6)
        self.client, self.reader_client = connect(redis_url), connect(redis_url, block=BLOCK)
        self.feed = RedisChangeFeed(self.client, prefix)
        self.bus = RedisMessageBus(self.client, prefix, self.process)


class ClusterSync(ClusterState):
    """The SyncService of a cluster: takes part in the leader election, and follows the other processes."""

    def __init__(self, local: LocalSync, node: ClusterNode, audience: Audience) -> None:
        super().__init__(local, node.bus)
        self._node = node
        self._audience = audience
        self._reader = StreamReader(node.reader_client, node.feed, node.bus, self.note_contact)
        self._heartbeats = Heartbeats(
            node.client, node.prefix, node.bus, self._own_heartbeat, self._receive_all
        )
        self._election = LeaderElection(node.client, node.prefix, self._on_elected, self._on_demoted)
        local.on_status(lambda _status: self._heartbeats.post_now())
        local.on_synced(self._heartbeats.post_now)
        local.on_fenced(self._election.force_reelection)
        audience.on_change(self._heartbeats.post_now)

    def start(self) -> None:
        """Follow the other processes, send heartbeats, and stand for election."""
        # A predecessor killed between write and publish would leave open pages stale.
        self._node.feed.begin_epoch()
        self._reader.start()
        self._heartbeats.start()
        self._election.start()

    def resign(self) -> None:
        """Give up the leadership, and go on serving pages. Does not block."""
        self._election.resign()

    def stop(self) -> None:
        """Give up the leadership, and leave the cluster."""
        self._election.stop()
        self._heartbeats.stop()
        self._reader.stop()

    @property
    def seconds_since_contact(self) -> float:
        """Seconds since Redis last answered."""
        return self._reader.seconds_since_contact

    def _on_elected(self) -> None:
        self.elected()
        self._heartbeats.post_now()

    def _on_demoted(self) -> None:
        self.demoted()
        self._heartbeats.post_now()

    def _own_heartbeat(self) -> Heartbeat:
        return Heartbeat(
            process=self._node.process,
            page_count=self._audience.page_count,
            seconds_since_view=self.seconds_since_view,
            viewers=self._audience.viewers,
            sync=self.own_status,
        )

    def _receive_all(self, heartbeats: Sequence[Heartbeat]) -> None:
        self.receive(heartbeats)
        self._audience.set_remote({heartbeat.process: heartbeat.viewers for heartbeat in heartbeats})


def _is_watched(heartbeat: Heartbeat) -> bool:
    seconds = heartbeat.seconds_since_view
    return heartbeat.page_count > 0 or (seconds is not None and seconds < WATCH_TIME)
