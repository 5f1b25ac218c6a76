"""Watches over the API while pages are open: whether it answers, and whether the call list can be read.

Full syncs alone would tell late: there is one in 15 seconds, and fewer where the list is long. Requests that
fail are followed by a probe at once; while there are none, a probe is the sign of life. One failure is not
trouble yet, unless it took as long as a page would wait.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event
from time import monotonic

from aircall.api.resilience import FAILURES
from aircall.auth.logins import AuthorizedClient
from aircall.concurrency import BackgroundThread
from aircall.errors import AircallError, NoLoginError
from aircall.status import ApiTrouble, TroubleKind
from aircall.sync.scheduler import SyncScheduler

log = logging.getLogger(__name__)

# Seconds between two looks, at least; until the API has to have shown a sign of life; between two in trouble.
CHECK_INTERVAL, SILENCE, TROUBLE_INTERVAL = 1.0, 3.0, 2.0
# Consecutive failures that are trouble. One that took so many seconds counts as all of them.
FAILURE_LIMIT, HUNG = 2, 2.0
# Seconds that the list must have been unreadable: a failed full sync is soon tried again.
UNREADABLE_AFTER = 5.0


class ApiWatch:
    """The watch over the API, in a background thread. `on_change` is called with each trouble and its end."""

    def __init__(
        self,
        client: AuthorizedClient,
        scheduler: SyncScheduler,
        on_change: Callable[[ApiTrouble | None], None],
    ) -> None:
        self._client = client
        self._scheduler = scheduler
        self._on_change = on_change
        self._thread = BackgroundThread("api-watch", self._run)
        self._trouble: ApiTrouble | None = None
        self._failures = 0
        self._looked_at = float("-inf")
        # When the failures began, and when the list could not be read first.
        self._silent_since = self._unreadable_since = datetime.now(UTC)
        self._is_unreadable = False

    def start(self) -> None:
        """Start to watch. What was found before a stop is looked at anew."""
        self._failures = 0
        self._is_unreadable = False
        self._tell(None)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._thread.stop()

    def _run(self, stopping: Event) -> None:
        while not stopping.wait(CHECK_INTERVAL):
            if self._scheduler.is_watched:
                if self._is_due():
                    self._look()
                if not stopping.is_set():
                    self._tell(self._found())

    def _is_due(self) -> bool:
        now, health = monotonic(), self._client.health
        if self._failures:
            return self._trouble is None or now >= self._looked_at + TROUBLE_INTERVAL
        return health.failed_at > max(health.answered_at, self._looked_at) or (
            now >= max(health.answered_at, self._looked_at) + SILENCE
        )

    def _look(self) -> None:
        self._looked_at = monotonic()
        began = datetime.now(UTC)
        error = self._probe()
        if not isinstance(error, FAILURES) or self._client.health.answered_at > self._looked_at:
            self._failures = 0
            return
        if not self._failures:
            self._silent_since = began
        self._failures += FAILURE_LIMIT if monotonic() >= self._looked_at + HUNG else 1

    def _probe(self) -> Exception | None:
        try:
            self._client.probe()
        except AircallError as error:
            return error
        except Exception as error:
            # Without our own storage there is no token to ask with.
            log.info("the API was not probed: %s", type(error).__name__)
            return error
        return None

    def _found(self) -> ApiTrouble | None:
        error = self._scheduler.last_error
        is_unreadable = error is not None and not isinstance(error, NoLoginError)
        if is_unreadable and not self._is_unreadable:
            self._unreadable_since = datetime.now(UTC)
        self._is_unreadable = is_unreadable
        if self._failures >= FAILURE_LIMIT:
            return ApiTrouble(TroubleKind.SILENT, self._silent_since)
        since = self._unreadable_since
        if is_unreadable and (datetime.now(UTC) - since).total_seconds() >= UNREADABLE_AFTER:
            return ApiTrouble(TroubleKind.UNREADABLE, since)
        return None

    def _tell(self, trouble: ApiTrouble | None) -> None:
        if trouble == self._trouble:
            return
        was_silent = self._trouble is not None and self._trouble.kind is TroubleKind.SILENT
        self._trouble = trouble
        log.warning("the API is in trouble" if trouble else "the API answers again")
        if was_silent and (trouble is None or trouble.kind is not TroubleKind.SILENT):
            # Nobody has to wait for what was put off during the trouble.
            self._client.resume()
            self._scheduler.retry_now()
        self._on_change(trouble)
