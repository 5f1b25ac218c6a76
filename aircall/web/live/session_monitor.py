"""The open pages of this process and their logins: keeps the logins alive, and reports those that ended."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from aircall import metrics
from aircall.auth.login import Login
from aircall.auth.logins import Logins
from aircall.concurrency import BackgroundThread, call_safely
from aircall.errors import LoginEndedError

log = logging.getLogger(__name__)

# Seconds between two checks. A page loses its socket at most this long after its login has ended.
CHECK_INTERVAL = 20.0
# An API that hangs delays further refreshes, but not the checks of our own records.
PARALLEL_REFRESHES = 20


class ConnectionRegistry:
    """The pages of this process that have a socket, by socket id, each with its login."""

    def __init__(self, logins: Logins) -> None:
        self._logins = logins
        self._pages: dict[str, Login] = {}

    def __len__(self) -> int:
        return len(self._pages)

    def __contains__(self, socket_id: object) -> bool:
        return socket_id in self._pages

    @property
    def login_ids(self) -> set[str]:
        """The ids of their logins."""
        return {login.id for login in list(self._pages.values())}

    def of_login(self, login_id: str) -> list[str]:
        """Return the ids of the sockets of this login."""
        return [socket_id for socket_id, login in list(self._pages.items()) if login.id == login_id]

    def username(self, socket_id: str) -> str | None:
        """Return the username of a page; None if it is not registered."""
        login = self._pages.get(socket_id)
        return login.user.username if login else None

    def add(self, socket_id: str, login_id: str) -> bool:
        """Register a page; return False if its login has ended. Raises one of STORAGE_ERRORS."""
        try:
            self._pages[socket_id] = self._logins.get(login_id)
            # Checked once more: a logout just now either finds this socket to close, or is found here.
            self._logins.get(login_id)
        except Exception as error:
            self.remove(socket_id)
            if isinstance(error, LoginEndedError):
                return False
            raise
        metrics.SOCKETS.set(len(self._pages))
        return True

    def remove(self, socket_id: str) -> str | None:
        """Remove a page, and return its username; None if it is not registered."""
        login = self._pages.pop(socket_id, None)
        metrics.SOCKETS.set(len(self._pages))
        return login.user.username if login else None


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
        while not stopping.wait(self._interval):
            for login_id in self._connections.login_ids:
                self._check(login_id)

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
