"""Keeps the logins of open pages alive, and reports those that ended."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from aircall.auth.login import Login
from aircall.auth.logins import Logins
from aircall.concurrency import BackgroundThread, call_safely, yield_control
from aircall.errors import LoginEndedError
from aircall.web.live.presence import ConnectionRegistry

log = logging.getLogger(__name__)

# Seconds between two checks, and more for each login. A page loses its socket at most this long after its
# login has ended by itself; a logout is told at once.
CHECK_INTERVAL, INTERVAL_PER_LOGIN = 3.5, 0.002
# Logins that are checked without a pause.
CHECKS_AT_ONCE = 50
# An API that hangs delays further refreshes, but not the checks of our own records.
PARALLEL_REFRESHES = 20


class SessionMonitor:
    """Checks the login of each open page periodically, and refreshes those that are due in parallel.

    `on_end` is called with the id of each login that has ended.
    """

    def __init__(
        self,
        logins: Logins,
        connections: ConnectionRegistry,
        on_end: Callable[[str], None],
        interval: float = CHECK_INTERVAL,
    ) -> None:
        self._logins = logins
        self._connections = connections
        self._on_end = on_end
        self._interval = interval
        self._thread = BackgroundThread("session-monitor", self._run)
        self._pool = ThreadPoolExecutor(PARALLEL_REFRESHES, "login-refresh")
        self._in_flight: set[str] = set()

    def start(self) -> None:
        """Start checking."""
        self._thread.start()

    def stop(self) -> None:
        """Stop for good, without waiting for requests in flight."""
        self._thread.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, stopping: Event) -> None:
        checked = 0
        while not stopping.wait(self._interval + checked * INTERVAL_PER_LOGIN):
            login_ids = self._connections.login_ids
            checked = len(login_ids)
            for number, login_id in enumerate(login_ids, 1):
                self._check(login_id)
                if number % CHECKS_AT_ONCE == 0:
                    yield_control()

    def _check(self, login_id: str) -> None:
        login = self._load(login_id, self._logins.get)
        if login is not None and login.needs_refresh(time.time()) and login_id not in self._in_flight:
            self._in_flight.add(login_id)
            if not call_safely(self._pool.submit, self._refresh, login_id):
                self._in_flight.discard(login_id)

    def _refresh(self, login_id: str) -> None:
        try:
            self._load(login_id, self._logins.get_fresh)
        finally:
            self._in_flight.discard(login_id)

    def _load(self, login_id: str, load: Callable[[str], Login]) -> Login | None:
        try:
            return load(login_id)
        except LoginEndedError:
            call_safely(self._on_end, login_id)
        except Exception as error:
            # One login's trouble, be it the API's or the disk's, must not end the checks of all others.
            log.warning("a login could not be kept fresh", extra={"error": type(error).__name__})
        return None
