"""Watches over the logins of open pages: keeps them alive, and tells which have ended. Knows no socket."""

import logging
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor

from aircall.auth.login import Login
from aircall.auth.logins import Logins
from aircall.concurrency import call_safely
from aircall.errors import LoginEndedError

log = logging.getLogger(__name__)

# Open pages keep their login alive, and lose their socket this soon after it has ended (seconds).
LOGIN_CHECK_INTERVAL = 20.0
# An API that hangs on all of these makes further ones wait, but not the look at our own records.
PARALLEL_REFRESHES = 20


class SessionMonitor:
    """Looks at the record of each login again and again, and refreshes beside that what is due.

    `login_ids` tells whose pages are open; `on_end` is called with each login that has ended.
    """

    def __init__(
        self,
        logins: Logins,
        login_ids: Callable[[], Collection[str]],
        on_end: Callable[[str], None],
        interval: float = LOGIN_CHECK_INTERVAL,
    ) -> None:
        self._logins = logins
        self._login_ids = login_ids
        self._on_end = on_end
        self._interval = interval
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(PARALLEL_REFRESHES, "login-refresh")
        self._in_flight: set[str] = set()

    def start(self) -> None:
        """Start watching, once."""
        threading.Thread(target=self._run, name="login-check", daemon=True).start()

    def stop(self) -> None:
        """Stop watching; what is asked of the API just now ends by itself."""
        self._stopped.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            for login_id in set(self._login_ids()):
                self._check(login_id)

    def _check(self, login_id: str) -> None:
        login = self._examine(login_id, self._logins.get)
        if login is not None and login.needs_refresh(time.time()) and login_id not in self._in_flight:
            self._in_flight.add(login_id)
            if not call_safely(self._pool.submit, self._refresh, login_id):
                self._in_flight.discard(login_id)

    def _refresh(self, login_id: str) -> None:
        try:
            self._examine(login_id, self._logins.get_fresh)
        finally:
            self._in_flight.discard(login_id)

    def _examine(self, login_id: str, look: Callable[[str], Login]) -> Login | None:
        try:
            return look(login_id)
        except LoginEndedError:
            call_safely(self._on_end, login_id)
        except Exception as error:
            # One login's trouble, be it the API's or the disk's, must not end the watch over all others.
            log.warning("a login could not be kept fresh", extra={"error": type(error).__name__})
        return None
