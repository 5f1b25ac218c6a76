"""Redis: a client that fails fast, and a RecordStore that any number of processes share.

A hung Redis delays a request by ANSWER_TIMEOUT plus CONNECTION_WAIT at most: commands are not retried, and
for PAUSE seconds after a timeout every command fails at once.

Layout, under a prefix: one hash per record; one sorted set per kind of record (the part of the key before the
first colon) that holds its keys by expiry time, and expires with the last of them; one set of all kinds. All
times come from the clock of Redis.
"""

import logging
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, cast
from urllib.parse import urlsplit

from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import LockNotOwnedError, RedisError, ResponseError, TimeoutError
from redis.lock import Lock
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from aircall.storage.records import LOCK_LEASE, Record

log = logging.getLogger(__name__)

# Seconds. A healthy Redis answers in a thousandth of this.
ANSWER_TIMEOUT = 0.5
# Seconds after a timeout in which commands fail at once, so that one request does not wait twice.
PAUSE = 0.5
# A connection is busy for one command only; CONNECTION_WAIT (seconds) bounds the wait for a free one.
MOST_CONNECTIONS, CONNECTION_WAIT = 64, 0.25
# The only `maxmemory-policy` by which nothing is lost without a notice.
KEEPS_ALL = "noeviction"
# Seconds between two attempts to acquire a lock that is held.
LOCK_POLL = 0.03


class RedisUnusableError(Exception):
    """A Redis cannot be reached or written to. The message names it, without its password."""


class RedisUnavailableError(TimeoutError):
    """Redis has timed out less than PAUSE seconds ago, so the command was not sent."""


class FailFastRedis(Redis):
    """A client that raises RedisUnavailableError for PAUSE seconds after a timeout."""

    _silent_until = 0.0

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send one command. Pipelines do not pass through here. Raises RedisError."""
        if monotonic() < self._silent_until:
            raise RedisUnavailableError("Redis has just not answered.")
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis has none
        except TimeoutError:
            self._silent_until = monotonic() + PAUSE
            raise


def connect(url: str, *, block: float = 0.0) -> Redis:
    """Return a thread-safe client that connects on first use and does not retry commands.

    Set `block` (seconds) for a client of its own whose commands wait at the server, such as `XREAD BLOCK`;
    it is added to the read timeout of every command.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MOST_CONNECTIONS,
        timeout=CONNECTION_WAIT,
        socket_timeout=ANSWER_TIMEOUT + block,
        socket_connect_timeout=ANSWER_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        # A feature of Redis Enterprise; subscribing costs each new connection a round trip.
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
    return FailFastRedis.from_pool(pool)


def check_redis(url: str) -> None:
    """Write to this Redis and run a script. Raises RedisUnusableError, one line for people, if unfit."""
    client = connect(url)
    try:
        client.set("callboard:check", b"", px=1)
        client.register_script("return 1")()
        _check_eviction(client, url)
    except RedisError as error:
        reason = str(error).splitlines()[0]
        raise RedisUnusableError(f"{_name(url)} cannot be used: {reason}") from error
    finally:
        client.close()


def _check_eviction(client: Redis, url: str) -> None:
    try:
        policy = client.info("memory").get("maxmemory_policy", KEEPS_ALL)
    except ResponseError:
        # An account that may not ask.
        return
    if policy != KEEPS_ALL:
        raise RedisUnusableError(
            f"{_name(url)} cannot be used: it forgets logins to make room. Set its maxmemory-policy to "
            f"{KEEPS_ALL}, it is {policy}."
        )


def _name(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


PREFIX = "callboard:"
# Milliseconds since 1970.
NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
# KEYS: record, index, kinds. ARGV: key, kind, value, TTL in milliseconds.
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
# ARGV as for PUT, then the generation to replace.
REPLACE = f"""
if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[5] then return 0 end
{NOW}{KEEP}
"""
# KEYS: record, index. ARGV: key.
DELETE = """
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
"""
# KEYS: indexes. Returns keys and their expiry times, alternating.
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
# KEYS: kinds. ARGV: prefixes of the names of indexes and of records.
CLEAR = """
for _, kind in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  for _, key in ipairs(redis.call('ZRANGE', ARGV[1] .. kind, 0, -1)) do redis.call('DEL', ARGV[2] .. key) end
  redis.call('DEL', ARGV[1] .. kind)
end
redis.call('DEL', KEYS[1])
"""


class RedisRecordStore:
    """A RecordStore in Redis. Every method raises RedisError if Redis cannot be asked."""

    def __init__(self, client: Redis, prefix: str = PREFIX) -> None:
        self._client = client
        self._records, self._indexes, self._kinds = f"{prefix}record:", f"{prefix}index:", f"{prefix}kinds"
        self._locks = f"{prefix}lock:"
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
        self._client.close()

    @contextmanager
    def lock(self, name: str, wait: float, lease: float = LOCK_LEASE) -> Iterator[bool]:
        lock = Lock(
            self._client,
            self._locks + name,
            timeout=lease,
            sleep=LOCK_POLL,
            blocking_timeout=wait,
            thread_local=False,
        )
        is_held = lock.acquire()
        try:
            yield is_held
        finally:
            if is_held:
                _release(lock)

    def _names(self, key: str) -> list[str]:
        return [self._records + key, self._indexes + _kind(key), self._kinds]

    def _kinds_of(self, prefix: str) -> Iterable[str]:
        if ":" in prefix:
            return [_kind(prefix)]
        kinds = cast(set[bytes], self._client.smembers(self._kinds))
        return [kind.decode() for kind in kinds if not kind or kind.decode().startswith(prefix)]


def _release(lock: Lock) -> None:
    try:
        lock.release()
    except LockNotOwnedError:
        log.warning("a lock was lost while it was held")
    except RedisError as error:
        # The lease expires by itself.
        log.info("lock not released: %s", type(error).__name__)


def _kind(key: str) -> str:
    return key.partition(":")[0] if ":" in key else ""


def _milliseconds(ttl: float) -> int:
    return math.ceil(ttl * 1000)
