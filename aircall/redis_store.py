"""A store in Redis, for any number of processes on any number of machines. All go by Redis's own clock.

Under the prefix there is a hash for each record; for each kind of record (what stands before the first colon
of its key) an index of the keys by when they end, which ends with the last of them; and the set of all kinds.
"""

import math
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import cast

from redis import Redis

from aircall.redis_locks import RedisLocks
from aircall.store import Record

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


class RedisStore:
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

    def replace(self, key: str, generation: int, value: bytes, ttl: float) -> bool:
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

    def lock(self, name: str, wait: float) -> AbstractContextManager[bool]:
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
