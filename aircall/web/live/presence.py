"""Presence: the open pages of this process, and which people view which call there and in other processes.

Nothing is stored. A person with several pages on one call counts once. A person who leaves is kept for a
moment, so that a reload does not flicker.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event
from typing import NamedTuple

from aircall import metrics
from aircall.auth.logins import Logins
from aircall.concurrency import BackgroundThread, call_safely
from aircall.errors import LoginEndedError
from aircall.status import Viewers

# Seconds that a person who left still counts.
GRACE = 2.0
# Seconds between two broadcasts, and more for each open page.
BROADCAST_INTERVAL, INTERVAL_PER_PAGE = 0.2, 0.001
# When the viewers of more calls than this change at once, all are sent together.
MAX_SINGLE_EVENTS = 10


class ConnectionRegistry:
    """The pages of this process that have a socket, by socket id, each with its login."""

    def __init__(self, logins: Logins) -> None:
        self._logins = logins
        self._login_ids: dict[str, str] = {}
        self._usernames: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._login_ids)

    def __contains__(self, socket_id: object) -> bool:
        return socket_id in self._login_ids

    @property
    def login_ids(self) -> set[str]:
        """The ids of their logins."""
        return set(self._login_ids.values())

    def of_login(self, login_id: str) -> list[str]:
        """Return the ids of the sockets of this login."""
        return [socket_id for socket_id, its in list(self._login_ids.items()) if its == login_id]

    def username(self, socket_id: str) -> str | None:
        """Return the username of a page; None if it is not registered."""
        return self._usernames.get(socket_id)

    def add(self, socket_id: str, login_id: str) -> bool:
        """Register a page; return False if its login has ended. Raises one of STORAGE_ERRORS."""
        # Before the login is looked up: a logout meanwhile finds this socket to close, or is found here.
        self._login_ids[socket_id] = login_id
        try:
            self._usernames[socket_id] = self._logins.get(login_id).user.username
        except Exception as error:
            self.remove(socket_id)
            if isinstance(error, LoginEndedError):
                return False
            raise
        metrics.SOCKETS.set(len(self))
        return True

    def remove(self, socket_id: str) -> str | None:
        """Remove a page, and return its username; None if it is not registered."""
        self._login_ids.pop(socket_id, None)
        username = self._usernames.pop(socket_id, None)
        metrics.SOCKETS.set(len(self))
        return username


class View(NamedTuple):
    """A person viewing a call."""

    call_id: str
    username: str


class Presence:
    """Views of all pages, and what was published of them. Times are seconds of any one clock."""

    def __init__(self, grace: float = GRACE) -> None:
        self._grace = grace
        self._current: dict[str, View] = {}
        self._leaving: dict[View, float] = {}
        self._published: dict[str, list[str]] = {}

    @property
    def published(self) -> dict[str, list[str]]:
        """Usernames by call, as last published; calls without viewers are left out."""
        return dict(self._published)

    def view(self, page_id: str, username: str, call_id: str | None, now: float) -> None:
        """Record that a page shows this call and no other; None: no call, or the page is closed."""
        before = self._current.pop(page_id, None)
        if call_id is not None:
            self._current[page_id] = View(call_id, username)
        # A page that was left before it was published leaves nothing to take back.
        if before is not None and before.username in self._published.get(before.call_id, ()):
            self._leaving[before] = now + self._grace

    def publish(self, now: float) -> dict[str, list[str]]:
        """Return the calls whose viewers have changed, with their usernames, and count them as published."""
        self._leaving = {view: ends_at for view, ends_at in self._leaving.items() if ends_at > now}
        names: defaultdict[str, set[str]] = defaultdict(set)
        for view in (*self._current.values(), *self._leaving):
            names[view.call_id].add(view.username)
        before, self._published = (
            self._published,
            {call_id: sorted(found) for call_id, found in names.items()},
        )
        changed = {
            call_id
            for call_id in before | self._published
            if before.get(call_id) != self._published.get(call_id)
        }
        return {call_id: self._published.get(call_id, []) for call_id in sorted(changed)}

    def next_at(self) -> float | None:
        """Return when the next person who is leaving stops to count, if nothing else happens before."""
        return min(self._leaving.values(), default=None)


class PresenceService:
    """Broadcasts presence to the pages of this process; the Audience of the sync."""

    def __init__(self, connections: ConnectionRegistry) -> None:
        self._connections = connections
        self._handlers: list[Callable[[], None]] = []
        self._broadcast: Callable[[str, object], None] = lambda _name, _payload: None
        self._presence = Presence()
        # Views in this process by socket id; in others by an id made of process, call and name.
        self._local: dict[str, View] = {}
        self._remote: dict[str, View] = {}
        self._lock = threading.Lock()
        self._changed = Event()
        self._thread = BackgroundThread("presence", self._run)

    def start(self, broadcast: Callable[[str, object], None]) -> None:
        """Start to broadcast events by name and payload."""
        self._broadcast = broadcast
        self._thread.start()

    def stop(self) -> None:
        """Stop broadcasting."""
        self._thread.stop()
        self._changed.set()

    def on_change(self, handler: Callable[[], None]) -> None:
        """Call `handler` when `viewers` has changed. It must return at once."""
        self._handlers.append(handler)

    def view(self, page_id: str, username: str, call_id: str | None) -> None:
        """Record that a page of this process shows this call; None: no call, or the page is closed."""
        with self._lock:
            if self._local.pop(page_id, None) is None and call_id is None:
                return
            if call_id is not None:
                self._local[page_id] = View(call_id, username)
            self._presence.view(page_id, username, call_id, time.monotonic())
        self._changed.set()
        for handler in self._handlers:
            handler()

    @property
    def page_count(self) -> int:
        """Number of open pages of this process."""
        return len(self._connections)

    @property
    def viewers(self) -> dict[str, list[str]]:
        """Usernames of the viewers of each call in this process."""
        names: defaultdict[str, set[str]] = defaultdict(set)
        for view in list(self._local.values()):
            names[view.call_id].add(view.username)
        return {call_id: sorted(found) for call_id, found in names.items()}

    def set_remote(self, viewers: Mapping[str, Viewers]) -> None:
        """Replace the viewers in other processes, by process id."""
        views = {
            f"{process} {call_id} {name}": View(call_id, name)
            for process, calls in viewers.items()
            for call_id, names in calls.items()
            for name in names
        }
        with self._lock:
            before, self._remote = self._remote, views
            for key in before.keys() - views.keys():
                self._presence.view(key, before[key].username, None, time.monotonic())
            for key in views.keys() - before.keys():
                self._presence.view(key, views[key].username, views[key].call_id, time.monotonic())
        if before.keys() != views.keys():
            self._changed.set()

    @contextmanager
    def paused(self) -> Iterator[Mapping[str, Sequence[str]]]:
        """Publish nothing inside the block; yield what was published before."""
        with self._lock:
            yield self._presence.published

    def _run(self, stopping: Event) -> None:
        while not stopping.is_set():
            next_at = self._presence.next_at()
            self._changed.wait(None if next_at is None else max(0, next_at - time.monotonic()))
            self._changed.clear()
            call_safely(self._publish)
            stopping.wait(BROADCAST_INTERVAL + INTERVAL_PER_PAGE * self.page_count)

    def _publish(self) -> None:
        with self._lock:
            changes = self._presence.publish(time.monotonic())
            if len(changes) > MAX_SINGLE_EVENTS:
                self._broadcast("all-viewers", self._presence.published)
                return
            for call_id, usernames in changes.items():
                self._broadcast("viewers", {"id": call_id, "viewers": usernames})
