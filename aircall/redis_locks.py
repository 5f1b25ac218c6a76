"""Locks in Redis for the threads of any number of processes: held by one, free soon after its holder's end.

A lock is leased, and the lease is renewed for as long as the holder lives. Knows nothing of what is locked.
"""

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from redis import Redis
from redis.exceptions import LockNotOwnedError, RedisError, TimeoutError
from redis.lock import Lock

from aircall.redis_connection import SilentRedisError

log = logging.getLogger(__name__)

# For how long a holder that was killed keeps others out, in seconds.
LEASE = 15.0
# How often leases are renewed, and those given back that could not be before; in seconds.
ROUND = 3.0
# How often who waits looks whether the lock is free, in seconds.
LOOK_PAUSE = 0.03


class RedisLocks:
    """Locks by name, and a thread that renews those that are held here."""

    def __init__(
        self, client: Redis, prefix: str, *, lease: float = LEASE, round_pause: float = ROUND
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._lease = lease
        self._round_pause = round_pause
        self._guard = threading.Lock()
        # By what their holders are known by in Redis.
        self._held: dict[str, Lock] = {}
        # Of which is not known whether Redis has made them or has ended them.
        self._doubtful: dict[str, Lock] = {}
        self._is_closed = threading.Event()
        self._renewer: threading.Thread | None = None

    @contextmanager
    def hold(self, name: str, wait: float) -> Iterator[bool]:
        """Hold the named lock inside the block; False where it could not be had within `wait` seconds.

        Raises RedisError where Redis cannot be asked for it; giving it back raises nothing.
        """
        lock = Lock(self._client, self._prefix + name, self._lease, thread_local=False)
        holder = secrets.token_urlsafe()
        is_held = self._acquire(lock, holder, wait)
        try:
            yield is_held
        finally:
            if is_held:
                self._release(lock, holder)

    def close(self) -> None:
        """Renew no more."""
        self._is_closed.set()
        if self._renewer is not None:
            self._renewer.join()

    def _acquire(self, lock: Lock, holder: str, wait: float) -> bool:
        try:
            is_held = bool(lock.acquire(LOOK_PAUSE, wait > 0, wait, holder))
        except SilentRedisError:
            raise
        except TimeoutError:
            # A Redis that was only held up makes the lease later, for nobody.
            self._doubt(lock, holder)
            raise
        if is_held:
            with self._guard:
                self._held[holder] = lock
                self._begin_renewing()
        return is_held

    def _release(self, lock: Lock, holder: str) -> None:
        with self._guard:
            del self._held[holder]
        try:
            lock.do_release(holder)
        except LockNotOwnedError:
            log.warning("a lock was lost while it was held")
        except RedisError:
            self._doubt(lock, holder)

    def _doubt(self, lock: Lock, holder: str) -> None:
        with self._guard:
            self._doubtful[holder] = lock
            self._begin_renewing()

    def _begin_renewing(self) -> None:
        if self._renewer is None and not self._is_closed.is_set():
            self._renewer = threading.Thread(target=self._renew, name="locks", daemon=True)
            self._renewer.start()

    def _renew(self) -> None:
        while not self._is_closed.wait(self._round_pause):
            with self._guard:
                held, doubtful = list(self._held.items()), list(self._doubtful.items())
            try:
                for holder, lock in held:
                    self._keep(lock, holder)
                for holder, lock in doubtful:
                    self._settle(lock, holder)
            except RedisError as error:
                log.warning("leases could not be renewed: %s", type(error).__name__)

    def _keep(self, lock: Lock, holder: str) -> None:
        try:
            lock.reacquire()
        except LockNotOwnedError:
            # Redis may have lost what it kept. Who gives it back just now waits, or it would outlive that.
            with self._guard:
                if holder in self._held and lock.do_acquire(holder):
                    log.warning("a lock that Redis had lost was taken again")

    def _settle(self, lock: Lock, holder: str) -> None:
        with suppress(LockNotOwnedError):
            lock.do_release(holder)
        with self._guard:
            del self._doubtful[holder]
