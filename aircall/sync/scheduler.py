"""Decides when to run a full sync: while pages are open, on request, and less often where it takes long."""

import logging
import threading
import time
from collections.abc import Callable
from threading import Event

from aircall.concurrency import BackgroundThread, call_safely
from aircall.errors import AircallError
from aircall.status import WATCH_TIME
from aircall.storage import STORAGE_ERRORS
from aircall.sync.full_sync import FullSync, SyncCancelledError

log = logging.getLogger(__name__)

# Seconds between two full syncs while the dashboard is watched: the API does not announce new calls.
SYNC_INTERVAL = 15.0
# Share of the time that full syncs may take; the interval grows for a long list.
MAX_SYNC_SHARE = 0.1
# Seconds. How often to check whether a page was opened, at most.
CHECK_INTERVAL = 1.0
# Seconds after a failure in which not even a request starts a full sync.
SYNC_RETRY_INTERVAL = 3.0
NEVER = float("-inf")


class SyncScheduler:
    """Scheduler of full syncs, in a background thread.

    `is_watched` tells whether a page is open, `on_synced` is called after each successful full sync, and
    `last_error` is what the last one failed with.
    """

    def __init__(
        self,
        full_sync: FullSync,
        is_watched: Callable[[], bool],
        interval: float = SYNC_INTERVAL,
        on_synced: Callable[[], None] = lambda: None,
        retry_interval: float = SYNC_RETRY_INTERVAL,
    ) -> None:
        self.last_error: Exception | None = None
        self._full_sync = full_sync
        self._is_watched = is_watched
        self._on_synced = on_synced
        self._min_interval = self._interval = interval
        self._retry_interval = retry_interval
        self._thread = BackgroundThread("sync-scheduler", self._run)
        self._changed = threading.Condition()
        self._requested_at = self._viewed_at = NEVER
        # When the last attempt started and ended, and when the last successful one started.
        self._attempted_at = self._ended_at = self._synced_at = NEVER

    def start(self) -> None:
        """Start scheduling. What was read before a stop does not count as fresh."""
        if not self._thread.is_started:
            self._synced_at = NEVER
            self._thread.start()

    def stop(self) -> None:
        """Stop scheduling, and cancel a full sync in progress."""
        self._thread.stop()
        with self._changed:
            self._changed.notify_all()
        self._full_sync.cancel()

    def retry_now(self) -> None:
        """Request a full sync, and forget an earlier error: a new login may succeed where others failed."""
        self.last_error = None
        self.request_sync()

    def request_sync(self) -> None:
        """Request a full sync: events may have been lost."""
        with self._changed:
            self._requested_at = time.monotonic()
            self._changed.notify_all()

    @property
    def is_watched(self) -> bool:
        """Whether a page is open, or the list was asked for not long ago."""
        return time.monotonic() < self._viewed_at + WATCH_TIME or self._is_watched()

    @property
    def is_stale(self) -> bool:
        """Whether a request has not been answered by a full sync yet."""
        return self._synced_at < self._requested_at

    @property
    def fresh_for(self) -> float:
        """Seconds for which the replica will count as fresh; 0 if it is not."""
        # Between two syncs the replica is at most one interval old; the second covers the sync itself.
        left = self._synced_at + 2 * self._interval - time.monotonic()
        return 0.0 if self.is_stale else max(0.0, left)

    def ensure_fresh(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for the replica to be fresh, and keep it fresh for a while.

        Return at once if the last sync failed. The timeout counts from the start of the running sync.
        """
        with self._changed:
            self._viewed_at = time.monotonic()
            if self.fresh_for:
                return
            if not self.is_stale:
                self._requested_at = time.monotonic()
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self.fresh_for > 0 or self.last_error is not None, self._remaining(timeout)
            )

    def _run(self, stopping: Event) -> None:
        while self._wait_until_due(stopping):
            self._attempted_at = time.monotonic()
            try:
                started = self._full_sync.run()
            except SyncCancelledError:
                self._attempted_at = NEVER
            except Exception as error:
                self._record_failure(error)
            else:
                self._record_success(started, stopping)

    def _wait_until_due(self, stopping: Event) -> bool:
        with self._changed:
            while not stopping.is_set() and not self._is_due():
                self._changed.wait(min(CHECK_INTERVAL, self._min_interval))
            return not stopping.is_set()

    def _record_failure(self, error: Exception) -> None:
        # The thread has to survive anything, even a full disk: without it the list would silently grow old.
        if isinstance(error, (AircallError, *STORAGE_ERRORS)):
            log.warning("full sync failed", extra={"error": type(error).__name__})
        else:
            log.error("full sync failed", exc_info=error)
        with self._changed:
            self._ended_at = time.monotonic()
            self.last_error = error
            self._changed.notify_all()

    def _record_success(self, started: float, stopping: Event) -> None:
        with self._changed:
            self._ended_at = time.monotonic()
            self.last_error = None
            if not stopping.is_set():
                self._synced_at = started
            self._interval = max(self._min_interval, (self._ended_at - started) / MAX_SYNC_SHARE)
            # A request made before the pass started has been answered by it.
            self._attempted_at = started
            self._changed.notify_all()
        call_safely(self._on_synced)

    def _is_due(self) -> bool:
        now = time.monotonic()
        if self.last_error is not None and now < self._ended_at + self._retry_interval:
            return False
        if self._attempted_at < self._requested_at:
            return True
        is_old = self.is_stale or now >= self._synced_at + self._interval
        return is_old and self.is_watched

    def _remaining(self, timeout: float) -> float:
        is_running = self._attempted_at > self._ended_at
        return self._attempted_at + timeout - time.monotonic() if is_running else timeout
