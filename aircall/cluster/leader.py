"""Leader election over Redis: one process at a time synchronizes the calls and listens to Pusher.

The leader holds a Redis lock with a TTL (the lease) and extends it once per RENEW_INTERVAL. A leader that
cannot extend its lease resigns before the lease can expire, so two processes never lead for longer than one
lease. A leader that was paused (SIGSTOP, VM migration) may not notice that it lost the lease; the events that
it writes are rejected by the fencing token of `CallStore.new_fence`.
"""

import logging
from collections.abc import Callable
from threading import Event
from time import monotonic

from redis import Redis
from redis.exceptions import LockError, RedisError
from redis.lock import Lock

from aircall.concurrency import BackgroundThread, call_safely

log = logging.getLogger(__name__)

# Seconds. Upper bound for a failover after the leader was killed.
LEASE_TTL = 5.0
# Seconds between two attempts to acquire or extend the lease.
RENEW_INTERVAL = 1.0
# Seconds without a successful extension before the leader resigns. Must stay below LEASE_TTL.
RENEW_DEADLINE = 2.5


class LeaderElection:
    """Campaigns for the lease in a background thread.

    `on_elected` and `on_demoted` are called alternately, both from that thread. If `on_elected` raises, the
    lease is released so that another process can be elected.
    """

    def __init__(
        self,
        client: Redis,
        prefix: str,
        on_elected: Callable[[], None],
        on_demoted: Callable[[], None],
        lease_ttl: float = LEASE_TTL,
    ) -> None:
        self._lock = Lock(client, f"{prefix}owner", timeout=lease_ttl, blocking=False, thread_local=False)
        self._on_elected = on_elected
        self._on_demoted = on_demoted
        self._thread = BackgroundThread("leader-election", self._run)
        self._renewed_at = 0.0
        self._is_reelection_due = False
        self.is_leader = False

    def start(self) -> None:
        """Start campaigning."""
        self._thread.start()

    def resign(self) -> None:
        """Release the lease and stop campaigning. Does not block."""
        self._thread.stop()

    def force_reelection(self) -> None:
        """Release the lease and campaign again. Call this after a write was rejected by fencing."""
        self._is_reelection_due = True

    def stop(self, timeout: float = 2.0) -> None:
        """Resign, and wait up to `timeout` seconds for the lease to be released."""
        self.resign()
        self._thread.join(timeout)

    def _run(self, stopping: Event) -> None:
        while not stopping.is_set():
            self._renew()
            stopping.wait(RENEW_INTERVAL)
        if self.is_leader:
            self._demote()
            self._release()

    def _renew(self) -> None:
        if self._is_reelection_due and self.is_leader:
            self._demote()
            self._release()
        attempted_at = monotonic()
        try:
            is_held = self._lock.reacquire() if self.is_leader else self._lock.acquire()
        except LockError:
            is_held = False
        except RedisError as error:
            # Redis is unreachable: keep leading only while the lease cannot have expired.
            is_held = self.is_leader and attempted_at < self._renewed_at + RENEW_DEADLINE
            log.warning("leader lease: %s", type(error).__name__)
        else:
            self._renewed_at = attempted_at
        if is_held != self.is_leader:
            (self._elect if is_held else self._demote)()

    def _elect(self) -> None:
        # A request from before this term would end it at once.
        self._is_reelection_due = False
        self.is_leader = True
        log.info("elected leader")
        # `on_elected` may have failed, or taken longer than the lease.
        if not call_safely(self._on_elected) or not self._extend():
            self._demote()
            self._release()

    def _demote(self) -> None:
        self.is_leader = False
        log.info("no longer leader")
        call_safely(self._on_demoted)

    def _extend(self) -> bool:
        try:
            return self._lock.reacquire()
        except RedisError:
            return False

    def _release(self) -> None:
        try:
            self._lock.release()
        except RedisError as error:
            # The lease expires by itself.
            log.info("leader lease not released: %s", type(error).__name__)
