"""Tells pages who looks at which call, soon and not too often. Knows how to tell, not whom."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aircall.callbacks import call_safely
from aircall.web.presence import Presence

# Changes are told this seldom, and more seldom where very many pages are told (seconds, and for each page).
PAUSE, PAUSE_EACH = 0.2, 0.001
# When more calls than this change their viewers at once, all are told together.
FEW_CALLS = 10


class Viewers:
    """The presence of all pages. `tell` sends an event, by its name and payload, to each of them."""

    def __init__(self, tell: Callable[[str, object], None], page_count: Callable[[], int]) -> None:
        self._tell = tell
        self._page_count = page_count
        self._presence = Presence()
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
            self._presence.look(page_id, username, call_id, time.monotonic())
        self._moved.set()

    @contextmanager
    def held(self) -> Iterator[dict[str, list[str]]]:
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
