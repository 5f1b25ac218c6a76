"""Attempts that may fail so many times in a while: counted in memory for one process, or in Redis for all.

An attempt takes a place before it is made, and afterwards leaves it if it succeeded. So however many are
made at once, no more than the limit fail, and those that succeed never count. Libraries for rate limits
count requests, and cannot give one back.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

from redis import Redis

from aircall.storage.redis import NOW, PREFIX

# Seconds after which an attempt without an outcome does not count: its process was killed.
LONGEST_ATTEMPT = 30.0
# Attempts between two looks for keys that may be forgotten.
SWEEP_INTERVAL = 1000


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` failed attempts in a moving window of so many seconds, for each key of this kind."""

    kind: str
    most: int
    window: float


@dataclass(frozen=True, slots=True)
class Place:
    """Whether a place was taken; if not, after how many seconds one may be free, 0 for very soon."""

    is_taken: bool
    wait: float = 0.0


TAKEN, SOON = Place(is_taken=True), Place(is_taken=False)


class AttemptStore(Protocol):
    """The attempts of each key. Raises STORAGE_ERRORS."""

    def take(self, limit: Limit, key: str, attempt: str) -> Place:
        """Take a place for this attempt, unless as many failed, or are under way, as may fail."""

    def leave(self, limit: Limit, key: str, attempt: str, *, has_failed: bool) -> None:
        """Leave the place, or keep it for the window if the attempt has failed."""


@dataclass(slots=True)
class _Attempts:
    window: float
    failed_at: list[float] = field(default_factory=list)
    under_way: dict[str, float] = field(default_factory=dict)

    def forget(self, now: float) -> None:
        self.failed_at = [at for at in self.failed_at if at > now - self.window]
        self.under_way = {name: at for name, at in self.under_way.items() if at > now - LONGEST_ATTEMPT}


class MemoryAttempts:
    """The attempts at one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], _Attempts] = {}
        self._taken_count = 0

    def take(self, limit: Limit, key: str, attempt: str) -> Place:
        """See AttemptStore.take."""
        now = self._clock()
        with self._lock:
            self._sweep(now)
            kept = self._kept.setdefault((limit.kind, key), _Attempts(limit.window))
            kept.forget(now)
            if len(kept.failed_at) >= limit.most:
                return Place(is_taken=False, wait=kept.failed_at[0] + limit.window - now)
            if len(kept.failed_at) + len(kept.under_way) >= limit.most:
                return SOON
            kept.under_way[attempt] = now
            return TAKEN

    def leave(self, limit: Limit, key: str, attempt: str, *, has_failed: bool) -> None:
        """See AttemptStore.leave."""
        with self._lock:
            kept = self._kept.setdefault((limit.kind, key), _Attempts(limit.window))
            kept.under_way.pop(attempt, None)
            if has_failed:
                kept.failed_at.append(self._clock())

    def _sweep(self, now: float) -> None:
        self._taken_count += 1
        if self._taken_count % SWEEP_INTERVAL:
            return
        for key, kept in list(self._kept.items()):
            kept.forget(now)
            if not kept.failed_at and not kept.under_way:
                del self._kept[key]


# KEYS: failed, under way; sorted sets of attempts by time. ARGV: most, window, LONGEST_ATTEMPT, attempt.
# Returns 0 if the place was taken, -1 for very soon, else milliseconds.
TAKE = f"""
{NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3])
local failed, most = redis.call('ZCARD', KEYS[1]), tonumber(ARGV[1])
if failed >= most then
  return redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] + ARGV[2] - now
end
if failed + redis.call('ZCARD', KEYS[2]) >= most then return -1 end
redis.call('ZADD', KEYS[2], now, ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 0
"""
# ARGV: attempt, window; 0 if it succeeded.
LEAVE = f"""
{NOW}
redis.call('ZREM', KEYS[2], ARGV[1])
if ARGV[2] == '0' then return end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""


class RedisAttempts:
    """The attempts at all processes."""

    def __init__(self, client: Redis, prefix: str = f"{PREFIX}attempts:") -> None:
        self._prefix = prefix
        self._take, self._leave = map(client.register_script, (TAKE, LEAVE))

    def take(self, limit: Limit, key: str, attempt: str) -> Place:
        """See AttemptStore.take."""
        args: list[str | int] = [
            limit.most,
            _milliseconds(limit.window),
            _milliseconds(LONGEST_ATTEMPT),
            attempt,
        ]
        answer = cast(int, self._take(keys=self._names(limit, key), args=args))
        return TAKEN if answer == 0 else Place(is_taken=False, wait=max(0, answer) / 1000)

    def leave(self, limit: Limit, key: str, attempt: str, *, has_failed: bool) -> None:
        """See AttemptStore.leave."""
        args: list[str | int] = [attempt, _milliseconds(limit.window) if has_failed else 0]
        self._leave(keys=self._names(limit, key), args=args)

    def _names(self, limit: Limit, key: str) -> list[str]:
        name = f"{self._prefix}{limit.kind}:{key}"
        return [name, f"{name}:under-way"]


def _milliseconds(seconds: float) -> int:
    return math.ceil(seconds * 1000)
