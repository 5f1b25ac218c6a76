"""Reads a call again once its changes have calmed down: after quick changes an old state may be told last.

The API's events have no version, and rapid toggles of a call echo older states back. So whenever a call
changes twice within moments, its truth is read once, shortly after the last change. Knows the feed; knows
nothing of HTTP or tokens.
"""

import logging
import threading
import time
from collections.abc import Callable

from aircall.calls.feed import ChangeFeed, FeedEntry
from aircall.concurrency import call_safely
from aircall.errors import NotFoundError

log = logging.getLogger(__name__)

# Two changes of one call within this time may have been told in the wrong order (seconds).
RACE_WINDOW = 3.0
# How long a call has to be left alone before it is read (seconds).
DEBOUNCE = 1.2
# Of more calls than this the next reading of the list brings the truth.
MOST_CALLS = 100


class Reconciler:
    """Calls `read` with the id of each call that has changed several times and is calm again.

    Where that fails, `on_failure` is called: its truth has to be learnt in some other way.
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
        self._changed = threading.Condition()
        self._is_running = False
        # Of an earlier start, whatever is still under way ends.
        self._start_count = 0
        self._last_change: dict[str, float] = {}
        self._due_at: dict[str, float] = {}
        feed.subscribe(self._note, lambda _position: None)

    def start(self) -> None:
        """Start reading."""
        with self._changed:
            self._is_running = True
            self._start_count += 1
            number = self._start_count
            # Whatever was due before a stop, a reading of the list has brought since.
            self._last_change.clear()
            self._due_at.clear()
        threading.Thread(target=self._run, args=(number,), name="settling", daemon=True).start()

    def stop(self) -> None:
        """Stop; a reading under way ends by itself."""
        with self._changed:
            self._is_running = False
            self._changed.notify_all()

    def _note(self, entry: FeedEntry) -> None:
        if entry.change.call is None:
            return
        call_id, now = entry.change.call_id, time.monotonic()
        with self._changed:
            if not self._is_running:
                return
            before = self._last_change.pop(call_id, None)
            self._last_change[call_id] = now
            if len(self._last_change) > MOST_CALLS:
                del self._last_change[next(iter(self._last_change))]
            is_known = call_id in self._due_at or len(self._due_at) < MOST_CALLS
            if before is not None and now < before + RACE_WINDOW and is_known:
                self._due_at[call_id] = now + self._debounce
                self._changed.notify_all()

    def _run(self, number: int) -> None:
        while (call_id := self._next(number)) is not None:
            try:
                self._read(call_id)
            except NotFoundError:
                log.info("a call that changed is gone")
            except Exception as error:
                # Of the API, or such as a full disk; the thread has to outlive it.
                log.warning("a call could not be read again", extra={"error": type(error).__name__})
                call_safely(self._on_failure)

    def _next(self, number: int) -> str | None:
        """The next call that is calm, once it is; None when stopped."""
        with self._changed:
            while self._is_running and number == self._start_count:
                call_id = min(self._due_at, key=self._due_at.__getitem__, default=None)
                wait = None if call_id is None else self._due_at[call_id] - time.monotonic()
                if call_id is not None and wait is not None and wait <= 0:
                    del self._due_at[call_id]
                    return call_id
                self._changed.wait(wait)
        return None
