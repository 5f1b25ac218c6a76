"""Keeps the mirror fresh while somebody looks: reads the list again now and then, beside the live events.

Knows when to read the list again; knows nothing of Flask, SQL or the API's HTTP.
"""

import logging
import threading
import time
from collections.abc import Callable

from aircall.errors import AircallError
from aircall.status import WATCH_TIME
from aircall.storage import STORAGE_ERRORS
from aircall.sync.full_sync import FullSync, SyncCancelledError

log = logging.getLogger(__name__)

# New calls are announced by nothing, so that the list is read again this often, in seconds, while watched.
READ_INTERVAL = 15.0
# A reading may take up to this share of the time: a long list is read less often.
READ_SHARE = 0.1
# How often to look whether a browser has connected, at the most.
LOOK_INTERVAL = 1.0
# After a failure not even an eager reader asks sooner.
RETRY_PAUSE = 3.0


class SyncScheduler:
    """The thread that synchronises.

    `is_watched` tells whether a browser is connected, `on_read` is called after each good reading, and
    `last_error` is what ended the last one early.
    """

    def __init__(
        self,
        full_sync: FullSync,
        is_watched: Callable[[], bool],
        read_interval: float = READ_INTERVAL,
        on_read: Callable[[], None] = lambda: None,
    ) -> None:
        self.last_error: Exception | None = None
        self._full_sync = full_sync
        self._is_watched = is_watched
        self._on_read = on_read
        self._read_interval = read_interval
        self._changed = threading.Condition()
        # Which start is at work, None while stopped: of an earlier one, whatever is still under way ends.
        self._run_number: int | None = None
        self._start_count = 0
        self._interval = read_interval
        # When a reading was last asked for and a try for one began and ended, and when the last good reading
        # began, which is older than the try where that went on with an earlier one.
        self._last_asked = self._try_began = self._try_ended = self._last_read = float("-inf")
        self._last_viewed = float("-inf")

    def start(self) -> None:
        """Start synchronising, unless that is so. What was read before a stop is not fresh any more."""
        with self._changed:
            if self._run_number is not None:
                return
            self._start_count += 1
            self._run_number = self._start_count
            self._last_read = float("-inf")
        run = threading.Thread(
            target=self._run, args=(self._run_number,), name="synchronisation", daemon=True
        )
        run.start()

    def stop(self) -> None:
        """Stop, also in the middle of a reading, whose answers are not waited for."""
        with self._changed:
            self._run_number = None
            self._changed.notify_all()
        self._full_sync.cancel()

    def signed_in(self) -> None:
        """Somebody has just signed in: there is a token to work with, whatever failed before."""
        self.last_error = None
        self.request()

    def request(self) -> None:
        """Read the list again now: something may have been missed."""
        with self._changed:
            self._last_asked = time.monotonic()
            self._changed.notify_all()

    @property
    def is_stale(self) -> bool:
        """Whether something may have been missed that no reading has brought yet."""
        return self._last_read < self._last_asked

    @property
    def fresh_for(self) -> float:
        """For how many seconds from now the log is as fresh as it is kept; 0 where it is not."""
        # Between two readings the log is at most one interval old; the second covers the reading itself.
        left = self._last_read + 2 * self._interval - time.monotonic()
        return 0.0 if self.is_stale else max(0.0, left)

    def ensure_fresh(self, wait: float) -> None:
        """Return when the log is as fresh as it is kept, or after `wait` seconds, whichever comes first.

        Nobody waits for an API whose last reading has failed, as the next try may well hang, and all who wait
        for one reading do so for `wait` seconds from its beginning, not each anew.
        """
        with self._changed:
            self._last_viewed = time.monotonic()
            if self.fresh_for:
                return
            if not self.is_stale:
                self._last_asked = time.monotonic()
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self.fresh_for > 0 or self.last_error is not None, self._left(wait)
            )

    def _run(self, number: int) -> None:
        while self._wait_until_due(number):
            self._try_began = time.monotonic()
            try:
                began = self._full_sync.run()
            except SyncCancelledError:
                self._try_began = float("-inf")
            except Exception as error:
                self._note_failure(error)
            else:
                self._note_success(number, began)

    def _wait_until_due(self, number: int) -> bool:
        with self._changed:
            while self._run_number == number and not self._is_due():
                self._changed.wait(min(LOOK_INTERVAL, self._read_interval))
            return self._run_number == number

    def _note_failure(self, error: Exception) -> None:
        # Without this thread the list would silently grow old, so that it outlives even a full disk.
        if isinstance(error, (AircallError, *STORAGE_ERRORS)):
            log.warning("the call list could not be read", extra={"error": type(error).__name__})
        else:
            log.error("the synchronisation failed", exc_info=error)
        with self._changed:
            self._try_ended = time.monotonic()
            self.last_error = error
            self._changed.notify_all()

    def _note_success(self, number: int, began: float) -> None:
        with self._changed:
            self._try_ended = time.monotonic()
            self.last_error = None
            if self._run_number == number:
                self._last_read = began
            self._interval = max(self._read_interval, (self._try_ended - self._try_began) / READ_SHARE)
            # What was asked for since the reading first began is due now.
            self._try_began = began
            self._changed.notify_all()
        self._tell()

    def _tell(self) -> None:
        try:
            self._on_read()
        except Exception:
            log.exception("a reading could not be reported")

    def _is_due(self) -> bool:
        now = time.monotonic()
        if self.last_error is not None and now < self._try_ended + RETRY_PAUSE:
            return False
        if self._try_began < self._last_asked:
            return True
        is_old = self.is_stale or now >= self._last_read + self._interval
        return is_old and (now < self._last_viewed + WATCH_TIME or self._is_watched())

    def _left(self, wait: float) -> float:
        is_reading = self._try_began > self._try_ended
        return self._try_began + wait - time.monotonic() if is_reading else wait
