"""Makes clients of Redis that fail fast and heal fast. Knows nothing of what is kept there.

Locks in Redis for the threads of any number of processes: held by one, free soon after its holder's end.

A lock is leased, and the lease is renewed for as long as the holder lives. Knows nothing of what is locked.

A store in Redis, for any number of processes on any number of machines. All go by Redis's own clock.

Under the prefix there is a hash for each record; for each kind of record (what stands before the first colon
of its key) an index of the keys by when they end, which ends with the last of them; and the set of all kinds.
"""

import logging
import math
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from time import monotonic
from typing import Any, cast
from urllib.parse import urlsplit

from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import LockNotOwnedError, RedisError, TimeoutError
from redis.lock import Lock
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from aircall.storage.records import Record

# How long a Redis may take to answer, which takes it a thousandth where it is well; in seconds.
ANSWER_TIMEOUT = 0.5
# After it has not answered nobody waits for it for this long, so that no request waits twice (seconds).
PAUSE = 0.5
# Each is busy for the moment of one command. Who finds none free waits this long, in seconds.
MOST_CONNECTIONS, CONNECTION_WAIT = 64, 0.25


class RedisUnusableError(Exception):
    """A Redis cannot be reached or written to. The message names it, without its password."""


class RedisUnavailableError(TimeoutError):
    """Redis has just not answered somebody, so that it was not asked."""


class FailFastRedis(Redis):
    """A client that raises RedisUnavailableError at once while Redis has just not answered somebody."""

    _silent_until = 0.0

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send one command. Raises RedisError. What a pipeline sends does not come by here."""
        if monotonic() < self._silent_until:
            raise RedisUnavailableError("Redis has just not answered.")
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis has none
        except TimeoutError:
            self._silent_until = monotonic() + PAUSE
            raise


def connect(url: str, *, block: float = 0.0) -> Redis:
    """A client for any number of threads, which connects when it is first used.

    No command is tried twice. One that waits at the server (`XREAD BLOCK`) may do so for `block` seconds;
    such a client is for nothing else, as its commands wait that long for a Redis that fell silent.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MOST_CONNECTIONS,
        timeout=CONNECTION_WAIT,
        socket_timeout=ANSWER_TIMEOUT + block,
        socket_connect_timeout=ANSWER_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        # Not for this server; asking for them would cost each connection another answer.
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
    return FailFastRedis.from_pool(pool)


def check_redis(url: str) -> None:
    """Reach this Redis and write to it. Raises RedisUnusableError, one line for people, where that fails."""
    client = connect(url)
    try:
        client.set("callboard:check", b"", px=1)
    except RedisError as error:
        reason = str(error).splitlines()[0]
        raise RedisUnusableError(f"{_name(url)} cannot be used: {reason}") from error
    finally:
        client.close()


def _name(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


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
        except RedisUnavailableError:
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


PREFIX = "callboard:"
# Milliseconds since 1970.
NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
# KEYS: record, index, kinds. ARGV: key, kind, value, milliseconds to live.
KEEP = """
redis.call('HSET', KEYS[1], 'value', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'generation', 1)
redis.call('PEXPIREAT', KEYS[1], now + ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. now)
redis.call('ZADD', KEYS[2], now + ARGV[4], ARGV[1])
redis.call('PEXPIREAT', KEYS[2], redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2])
redis.call('SADD', KEYS[3], ARGV[2])
return 1
"""
PUT = NOW + KEEP
# One more of ARGV: the generation that is to be replaced.
REPLACE = f"""
if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[5] then return 0 end
{NOW}{KEEP}
"""
# KEYS: record, index. ARGV: key.
DELETE = """
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
"""
# KEYS: indexes. Keys and when they end, in turn.
LIST = f"""
{NOW}
local found = {{}}
for _, index in ipairs(KEYS) do
  for _, part in ipairs(redis.call('ZRANGEBYSCORE', index, now, '+inf', 'WITHSCORES')) do
    found[#found + 1] = part
  end
end
return found
"""
# KEYS: kinds. ARGV: what the names of indexes and of records begin with.
CLEAR = """
for _, kind in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  for _, key in ipairs(redis.call('ZRANGE', ARGV[1] .. kind, 0, -1)) do redis.call('DEL', ARGV[2] .. key) end
  redis.call('DEL', ARGV[1] .. kind)
end
redis.call('DEL', KEYS[1])
"""


class RedisRecordStore:
    """A store that all processes share."""

    def __init__(self, client: Redis, prefix: str = PREFIX) -> None:
        self._client = client
        self._locks = RedisLocks(client, f"{prefix}lock:")
        self._records, self._indexes, self._kinds = f"{prefix}record:", f"{prefix}index:", f"{prefix}kinds"
        self._put, self._replace, self._delete, self._list, self._clear = map(
            client.register_script, (PUT, REPLACE, DELETE, LIST, CLEAR)
        )

    def load(self, key: str) -> Record | None:
        value, generation = cast(
            list[bytes | None], self._client.hmget(self._records + key, ["value", "generation"])
        )
        return None if value is None or generation is None else Record(value, int(generation))

    def put(self, key: str, value: bytes, ttl: float) -> None:
        self._put(keys=self._names(key), args=[key, _kind(key), value, _milliseconds(ttl)])

    def compare_and_set(self, key: str, generation: int, value: bytes, ttl: float) -> bool:
        args: list[str | bytes | float] = [key, _kind(key), value, _milliseconds(ttl), generation]
        return bool(self._replace(keys=self._names(key), args=args))

    def delete(self, key: str) -> None:
        self._delete(keys=self._names(key)[:2], args=[key])

    def keys(self, prefix: str) -> list[str]:
        indexes = [self._indexes + kind for kind in self._kinds_of(prefix)]
        parts = cast(list[bytes], self._list(keys=indexes)) if indexes else []
        ends = {key.decode(): float(end) for key, end in zip(parts[::2], parts[1::2], strict=True)}
        found = [key for key in ends if key.startswith(prefix)]
        return sorted(found, key=lambda key: ends[key], reverse=True)

    def clear(self) -> None:
        self._clear(keys=[self._kinds], args=[self._indexes, self._records])

    def close(self) -> None:
        self._locks.close()
        self._client.close()

    def lock(self, name: str, wait: float, lease: float = 15.0) -> AbstractContextManager[bool]:  # noqa: ARG002
        return self._locks.hold(name, wait)

    def _names(self, key: str) -> list[str]:
        return [self._records + key, self._indexes + _kind(key), self._kinds]

    def _kinds_of(self, prefix: str) -> Iterable[str]:
        """The kinds of the keys that may start with this prefix."""
        if ":" in prefix:
            return [_kind(prefix)]
        kinds = cast(set[bytes], self._client.smembers(self._kinds))
        return [kind.decode() for kind in kinds if not kind or kind.decode().startswith(prefix)]


def _kind(key: str) -> str:
    return key.partition(":")[0] if ":" in key else ""


def _milliseconds(ttl: float) -> int:
    return math.ceil(ttl * 1000)
