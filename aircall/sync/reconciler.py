"""Read repair: reads a call again whose events may have come out of order, or did not tell all of it.

The API's events have no version, and rapid toggles of one call echo older states. So a call that changes
twice within RACE_WINDOW is read once more after it has been unchanged for the debounce time.
"""

import logging
import threading
import time
from collections.abc import Callable
from threading import Event

from aircall.calls.feed import ChangeFeed, FeedEntry
from aircall.concurrency import BackgroundThread, call_safely
from aircall.errors import NotFoundError

log = logging.getLogger(__name__)

# Seconds. Two changes of one call within this time may have been told in the wrong order.
RACE_WINDOW = 3.0
# Seconds without a change before a call is read.
DEBOUNCE = 1.2
# Calls that are tracked, and that wait to be read; the next full sync corrects the others.
MAX_CALLS = 100


class Reconciler:
    """Read repair of calls that change twice in quick succession.

    `read` is called with the id of each of them, and `on_failure` if that fails: it has to arrange that the
    call is corrected in another way.
    """

    def __init__(
        self,
        feed: ChangeFeed,
        read: Callable[[str], object],
        on_failure: Callable[[], object],
        debounce: float = DEBOUNCE,
    ) -> None:
        self._read = read
        self._on_failure = on_failure
        self._debounce = debounce
        self._thread = BackgroundThread("reconciler", self._run)
        self._changed = threading.Condition()
        self._changed_at: dict[str, float] = {}
        self._due_at: dict[str, float] = {}
        feed.subscribe(self._on_entry, lambda _position: None)

    def start(self) -> None:
        """Start reconciling."""
        with self._changed:
            # A full sync has corrected what was due before a stop.
            self._changed_at.clear()
            self._due_at.clear()
        self._thread.start()

    def stop(self) -> None:
        """Stop reconciling, without waiting for a read in flight."""
        self._thread.stop()
        with self._changed:
            self._changed.notify_all()

    def read_soon(self, call_id: str) -> None:
        """Read this call as soon as possible, because an event did not tell all of it."""
        with self._changed:
            if call_id in self._due_at or len(self._due_at) < MAX_CALLS:
                self._due_at[call_id] = time.monotonic()
                self._changed.notify_all()
                return
        self._on_failure()

    def _on_entry(self, entry: FeedEntry) -> None:
        if entry.change.call is None or not self._thread.is_started:
            return
        call_id, now = entry.change.call_id, time.monotonic()
        with self._changed:
            before = self._changed_at.pop(call_id, None)
            self._changed_at[call_id] = now
            if len(self._changed_at) > MAX_CALLS:
                del self._changed_at[next(iter(self._changed_at))]
            is_tracked = call_id in self._due_at or len(self._due_at) < MAX_CALLS
            if before is not None and now < before + RACE_WINDOW and is_tracked:
                self._due_at[call_id] = now + self._debounce
                self._changed.notify_all()

    def _run(self, stopping: Event) -> None:
        while (call_id := self._next(stopping)) is not None:
            try:
                self._read(call_id)
            except NotFoundError:
                log.info("a call that changed was deleted")
            except Exception as error:
                # An error of the API, or a full disk: the thread has to survive it.
                log.warning("a call could not be reconciled", extra={"error": type(error).__name__})
                call_safely(self._on_failure)

    def _next(self, stopping: Event) -> str | None:
        """Wait for the next call that is due, and return its id; None when stopped."""
        with self._changed:
            while not stopping.is_set():
                call_id = min(self._due_at, key=self._due_at.__getitem__, default=None)
                wait = None if call_id is None else self._due_at[call_id] - time.monotonic()
                if call_id is not None and wait is not None and wait <= 0:
                    del self._due_at[call_id]
                    # What the read corrects is a change, too, and must not be taken for a second one.
                    self._changed_at.pop(call_id, None)
                    return call_id
                self._changed.wait(wait)
        return None
