"""Which process keeps log and feed fresh: one among all, elected in Redis, as long as it renews its lease.

Knows the lease; knows nothing of what its owner does. A process that was frozen may believe for a moment that
it still is the owner: what it writes then is refused by the log's fence.
"""

import logging
import threading
from collections.abc import Callable
from time import monotonic

from redis import Redis
from redis.exceptions import LockError, RedisError
from redis.lock import Lock

from aircall.concurrency import call_safely

log = logging.getLogger(__name__)

# Another process takes over so long after the owner was killed, at the latest (seconds).
LEASE_TTL = 5.0
# How often the lease is renewed, and asked for by those who have it not.
HEARTBEAT = 1.0
# An owner that could not renew its lease for so long steps back, while it certainly still has it.
RENEW_DEADLINE = 2.5


class LeaderElection:
    """Asks for the lease again and again. `on_gain` and `on_loss` are called by turns, in one thread."""

    def __init__(
        self,
        client: Redis,
        prefix: str,
        on_elected: Callable[[], None],
        on_demoted: Callable[[], None],
        lease: float = LEASE_TTL,
    ) -> None:
        self._lock = Lock(client, f"{prefix}owner", timeout=lease, blocking=False, thread_local=False)
        self._on_gain = on_elected
        self._on_loss = on_demoted
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ownership", daemon=True)
        self._renewed_at = 0.0
        self._is_doubted = False
        self.is_leader = False
        self.changed_at = monotonic()

    def start(self) -> None:
        """Ask for the lease from now on."""
        self._thread.start()

    def resign(self) -> None:
        """Give the lease to whoever asks next, and ask for it no more. Returns at once."""
        self._stopped.set()

    def force_reelection(self) -> None:
        """Give the lease back and ask for it anew: another process has written as the owner since."""
        self._is_doubted = True

    def stop(self, seconds: float = 2.0) -> None:
        """Step back; at most so many seconds are waited for that."""
        self.resign()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._turn()
            self._stopped.wait(HEARTBEAT)
        if self.is_leader:
            self._lose()
            self._release()

    def _turn(self) -> None:
        if self._is_doubted and self.is_leader:
            self._is_doubted = False
            self._lose()
            self._release()
        asked_at = monotonic()
        try:
            is_held = self._lock.reacquire() if self.is_leader else self._lock.acquire()
        except LockError:
            is_held = False
        except RedisError as error:
            is_held = self.is_leader and asked_at < self._renewed_at + RENEW_DEADLINE
            log.warning("the lease could not be asked for: %s", type(error).__name__)
        else:
            self._renewed_at = asked_at
        if is_held != self.is_leader:
            (self._gain if is_held else self._lose)()

    def _gain(self) -> None:
        self.is_leader, self.changed_at = True, monotonic()
        log.info("this process keeps the list and the events from now on")
        # Whoever cannot do the work leaves it to others; who took too long to begin it has lost the lease.
        if not call_safely(self._on_gain) or not self._is_still_held():
            self._lose()
            self._release()

    def _lose(self) -> None:
        self.is_leader, self.changed_at = False, monotonic()
        log.info("this process keeps the list and the events no longer")
        call_safely(self._on_loss)

    def _is_still_held(self) -> bool:
        try:
            return self._lock.reacquire()
        except RedisError:
            return False

    def _release(self) -> None:
        try:
            self._lock.release()
        except RedisError as error:
            log.info("the lease ends by itself: %s", type(error).__name__)
