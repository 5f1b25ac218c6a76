"""Who looks at which call: pure rules, told the time, for others to send. Nothing of it is stored.

A person with several pages on a call counts once. Who goes is kept for a moment, so that loading a page again
does not flicker.

Tells pages who looks at which call, soon and not too often. Knows how to tell, not whom.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from aircall.concurrency import call_safely

# How long somebody who went still counts (seconds).
GRACE = 2.0


class View(NamedTuple):
    """Somebody looking at a call."""

    call_id: str
    username: str


class Presence:
    """What each page shows, and what everybody has been told of it. Times are seconds of any one clock."""

    def __init__(self, grace: float = GRACE) -> None:
        self._grace = grace
        self._current: dict[str, View] = {}
        self._leaving: dict[View, float] = {}
        self._told: dict[str, list[str]] = {}

    @property
    def viewers(self) -> dict[str, list[str]]:
        """The usernames by call, as last told; calls that nobody looks at are left out."""
        return dict(self._told)

    def look(self, page_id: str, username: str, call_id: str | None, now: float) -> None:
        """This page shows this call and no other; with None, no call, or it is gone."""
        before = self._current.pop(page_id, None)
        if call_id is not None:
            self._current[page_id] = View(call_id, username)
        # Of a page that rushes past nobody has been told.
        if before is not None and before.username in self._told.get(before.call_id, ()):
            self._leaving[before] = now + self._grace

    def changes(self, now: float) -> dict[str, list[str]]:
        """The calls whose viewers differ from what was told, with their usernames: tell these now."""
        self._leaving = {view: gone_at for view, gone_at in self._leaving.items() if gone_at > now}
        names: defaultdict[str, set[str]] = defaultdict(set)
        for view in (*self._current.values(), *self._leaving):
            names[view.call_id].add(view.username)
        before, self._told = self._told, {call_id: sorted(found) for call_id, found in names.items()}
        changed = {
            call_id for call_id in before | self._told if before.get(call_id) != self._told.get(call_id)
        }
        return {call_id: self._told.get(call_id, []) for call_id in sorted(changed)}

    def next_at(self) -> float | None:
        """When somebody will have gone for good, if nothing else happens before."""
        return min(self._leaving.values(), default=None)


# Changes are told this seldom, and more seldom where very many pages are told (seconds, and for each page).
PAUSE, PAUSE_EACH = 0.2, 0.001
# When more calls than this change their viewers at once, all are told together.
FEW_CALLS = 10


class Viewers:
    """The presence of all pages. `tell` sends an event, by its name and payload, to each of this process.

    `on_move` is called whenever one of them shows another call: it has to return at once.
    """

    def __init__(
        self,
        tell: Callable[[str, object], None],
        page_count: Callable[[], int],
        on_move: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_move = on_move
        self._tell = tell
        self._page_count = page_count
        self._presence = Presence()
        # Who looks at what: in the pages of this process, and in those of others, by names of our making.
        self._here: dict[str, View] = {}
        self._elsewhere: dict[str, View] = {}
        self._lock = threading.Lock()
        self._moved = threading.Event()
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start telling."""
        threading.Thread(target=self._run, name="viewers", daemon=True).start()

    def stop(self) -> None:
        """Stop telling."""
        self._stopped.set()
        self._moved.set()

    def look(self, page_id: str, username: str, call_id: str | None) -> None:
        """This page shows this call; with None, no call, or it is gone."""
        with self._lock:
            self._here.pop(page_id, None)
            if call_id is not None:
                self._here[page_id] = View(call_id, username)
            self._presence.look(page_id, username, call_id, time.monotonic())
        self._moved.set()
        self._on_move()

    @property
    def here(self) -> dict[str, list[str]]:
        """The usernames of those who look at a call in the pages of this process, by call."""
        names: defaultdict[str, set[str]] = defaultdict(set)
        for view in list(self._here.values()):
            names[view.call_id].add(view.username)
        return {call_id: sorted(found) for call_id, found in names.items()}

    def set_remote(self, viewers: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """In the pages of other processes these look at these calls, by process and call, and nobody else."""
        views = {
            f"{process} {call_id} {name}": View(call_id, name)
            for process, calls in viewers.items()
            for call_id, names in calls.items()
            for name in names
        }
        with self._lock:
            before, self._elsewhere = self._elsewhere, views
            for key in before.keys() - views.keys():
                self._presence.look(key, before[key].username, None, time.monotonic())
            for key in views.keys() - before.keys():
                self._presence.look(key, views[key].username, views[key].call_id, time.monotonic())
        if before.keys() != views.keys():
            self._moved.set()

    @contextmanager
    def paused(self) -> Iterator[dict[str, list[str]]]:
        """What has been told so far; nothing more is told inside the block."""
        with self._lock:
            yield self._presence.viewers

    def _run(self) -> None:
        while not self._stopped.is_set():
            next_at = self._presence.next_at()
            self._moved.wait(None if next_at is None else max(0, next_at - time.monotonic()))
            self._moved.clear()
            call_safely(self._tell_changes)
            self._stopped.wait(PAUSE + PAUSE_EACH * self._page_count())

    def _tell_changes(self) -> None:
        with self._lock:
            changes = self._presence.changes(time.monotonic())
            if len(changes) > FEW_CALLS:
                self._tell("all-viewers", self._presence.viewers)
                return
            for call_id, usernames in changes.items():
                self._tell("viewers", {"id": call_id, "viewers": usernames})
