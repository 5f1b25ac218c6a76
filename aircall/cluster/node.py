"""The upkeep where several processes share it: one of them does it, and all others know from it how it is.

Knows what is to be told of the link to the API's events; knows nothing of Redis or sockets.

What connects one process of the dashboard with the others, made and started together.

Knows the rooms of this package; is told by functions what there is to tell of this process's pages.
"""

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Protocol

from aircall.cluster.feed import RedisChangeFeed
from aircall.cluster.heartbeat import Heartbeat, Heartbeats
from aircall.cluster.leader import LeaderElection
from aircall.cluster.streams import BLOCK, RedisMessageBus, StreamReader
from aircall.concurrency import MessageBus
from aircall.status import NOT_STARTED, WATCH_TIME, LinkState, LinkStatus, Role, SyncStatus
from aircall.storage.redis import PREFIX, connect
from aircall.sync.supervisor import StartedUpkeep

READ, SIGNED_IN = "read", "signed-in"
NO_CONTACT = "the dashboard's own storage does not answer"
NO_OWNER = "another process is taking over"


class ClusterSync:
    """What the pages of one process need. `tell` is given the state of the link whenever it changes."""

    def __init__(self, own: StartedUpkeep, bus: MessageBus, tell: Callable[[LinkStatus], None]) -> None:
        self._own = own
        self._bus = bus
        self._tell = tell
        self._changed = threading.Condition()
        self._is_owner = False
        self._role_since = monotonic()
        self._state: SyncStatus | None = None
        self._fresh_until = self._viewed_at = float("-inf")
        self._is_in_contact = False
        self._others: Sequence[Heartbeat] = ()
        self._told = NOT_STARTED
        bus.on(READ, lambda _value: self._read_if_owner())
        bus.on(SIGNED_IN, lambda _value: self._signed_in_if_owner())

    def gain(self) -> None:
        """This process is the one that does it from now on."""
        self._own.start()
        self._is_owner, self._role_since = True, monotonic()

    def lose(self) -> None:
        """Another one does it from now on."""
        self._is_owner, self._role_since = False, monotonic()
        self._own.stop()

    @property
    def role(self) -> Role:
        """Whether this process is the one, and since when."""
        return Role(is_leader=self._is_owner, age=monotonic() - self._role_since)

    @property
    def state(self) -> SyncStatus | None:
        """How the upkeep is now; None while nobody does it."""
        return self._own.state if self._is_owner else self._state

    @property
    def own_state(self) -> SyncStatus | None:
        """How it is, for the others to know; None where it is not this process that does it."""
        return self._own.state if self._is_owner else None

    @property
    def viewed_ago(self) -> float | None:
        """How many seconds ago somebody asked for a page here, None for never."""
        ago = monotonic() - self._viewed_at
        return None if ago == float("inf") else ago

    @property
    def is_watched_elsewhere(self) -> bool:
        """Whether another process has open pages, or had somebody ask for one lately."""
        return any(
            notice.page_count or (notice.viewed_ago is not None and notice.viewed_ago < WATCH_TIME)
            for notice in self._others
        )

    def signed_in(self) -> None:
        """Somebody has just signed in, here: whoever does the upkeep has a token to work with."""
        self._bus.send(SIGNED_IN)

    def ensure_fresh(self, wait: float) -> None:
        """Return when the log is as fresh as it is kept, or after `wait` seconds, whichever comes first."""
        if self._is_owner:
            self._own.ensure_fresh(wait)
            return
        self._viewed_at = monotonic()
        if self._is_fresh():
            return
        self._bus.send(READ)
        with self._changed:
            self._changed.wait_for(self._is_answered, wait)

    def take(self, others: Sequence[Heartbeat]) -> None:
        """Take note of what the other processes tell."""
        states = [notice.sync for notice in others if notice.sync is not None]
        with self._changed:
            self._others = others
            self._state = states[0] if states else None
            self._fresh_until = monotonic() + self._state.fresh_for if self._state else float("-inf")
            self._changed.notify_all()
        self._tell_link()

    def note_contact(self, is_there: bool) -> None:
        """Contact with what is shared was lost or found again."""
        self._is_in_contact = is_there
        self._tell_link()

    def _read_if_owner(self) -> None:
        if self._is_owner:
            self._own.ensure_fresh(0)

    def _signed_in_if_owner(self) -> None:
        if self._is_owner:
            self._own.signed_in()

    def _is_fresh(self) -> bool:
        return monotonic() < self._fresh_until

    def _is_answered(self) -> bool:
        # Nobody waits for an API whose last reading has failed.
        return self._is_fresh() or (self._state is not None and self._state.trouble is not None)

    def _tell_link(self) -> None:
        with self._changed:
            status = self._link()
            if status != self._told:
                self._told = status
                self._tell(status)

    def _link(self) -> LinkStatus:
        state = self.state
        if not self._is_in_contact:
            return self._interrupted(NO_CONTACT)
        return self._interrupted(NO_OWNER) if state is None else state.link

    def _interrupted(self, reason: str) -> LinkStatus:
        if self._told.state is LinkState.RECONNECTING:
            return replace(self._told, reason=reason)
        since = datetime.now(UTC) if self._told.state is LinkState.LIVE else self._told.since
        return LinkStatus(LinkState.RECONNECTING, since, reason)


Viewers = Mapping[str, Sequence[str]]


class Pages(Protocol):
    """The open pages of this process."""

    @property
    def page_count(self) -> int:
        """How many there are."""

    @property
    def viewers_here(self) -> Viewers:
        """The usernames of those who look at a call in them, by the call's id."""

    def set_remote(self, viewers: Mapping[str, Viewers]) -> None:
        """Take note of who looks at calls in the pages of other processes, by process."""


class ClusterNode:
    """The feed and the signals that all processes share, and this one's part in the upkeep.

    Made in two steps, since the rooms in between need feed and signals first.
    """

    def __init__(self, redis_url: str, prefix: str = PREFIX) -> None:
        self._prefix = prefix
        self._process = secrets.token_hex(6)
        self._client, self._reader = connect(redis_url), connect(redis_url, block=BLOCK)
        self.feed = RedisChangeFeed(self._client, prefix)
        self.bus = RedisMessageBus(self._client, prefix, self._process)

    def share(self, sync: ClusterSync, pages: Pages) -> None:
        """Say whose upkeep and pages these are. Nothing is done before `start`."""
        self._sync, self._pages = sync, pages
        self._follower = StreamReader(self._reader, self.feed, self.bus, sync.note_contact)
        self._notices = Heartbeats(self._client, self._prefix, self.bus, self._notice, self._take)
        self._ownership = LeaderElection(self._client, self._prefix, self._gain, self._lose)

    @property
    def silence(self) -> float:
        """For how many seconds nothing has been heard from Redis."""
        return self._follower.silence

    def start(self) -> None:
        """Follow the others, tell them of this process, and be there to take over."""
        # A process that was killed may have left untold what it had written down: this one is in its place.
        self.feed.begin_epoch()
        self._follower.start()
        self._notices.start()
        self._ownership.start()

    def stop(self) -> None:
        """Leave the upkeep to others, and let go."""
        self._ownership.stop()
        self._notices.stop()
        self._follower.stop()

    def resign(self) -> None:
        """Leave the upkeep to others as soon as may be, and go on serving. Returns at once."""
        self._ownership.resign()

    def force_reelection(self) -> None:
        """Begin the upkeep of this process anew: another one has written in its place."""
        self._ownership.force_reelection()

    def post_now(self) -> None:
        """Have the others know at once what has changed here."""
        self._notices.post_now()

    def _gain(self) -> None:
        self._sync.gain()
        self.post_now()

    def _lose(self) -> None:
        self._sync.lose()
        self.post_now()

    def _notice(self) -> Heartbeat:
        return Heartbeat(
            process=self._process,
            page_count=self._pages.page_count,
            viewed_ago=self._sync.viewed_ago,
            viewers=self._pages.viewers_here,
            sync=self._sync.own_state,
        )

    def _take(self, others: Sequence[Heartbeat]) -> None:
        self._sync.take(others)
        self._pages.set_remote({notice.process: notice.viewers for notice in others})
