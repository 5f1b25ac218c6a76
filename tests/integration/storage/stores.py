"""A store of either kind for a test, with what the test has to do to it from outside. Knows no test."""

import gc
from pathlib import Path

from aircall.storage.database import open_database
from aircall.storage.records import SQLiteRecordStore
from aircall.storage.redis import RedisRecordStore, connect
from tests.support.clock import StillClock
from tests.support.redis_server import RedisServer

# Lets every end in this Redis come so many milliseconds earlier, whatever it is that ends.
EARLIER = """
for _, key in ipairs(redis.call('KEYS', '*')) do
  if redis.call('TYPE', key).ok == 'zset' then
    local parts = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for i = 1, #parts, 2 do redis.call('ZADD', key, parts[i + 1] - ARGV[1], parts[i]) end
  end
  local left = redis.call('PTTL', key)
  if left > 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end
"""


class EmbeddedStores:
    """Stores in SQLite files, whose clock stands still."""

    def __init__(self, directory: Path, clock: StillClock) -> None:
        self._url = f"sqlite:///{directory / 'kept.db'}"
        self._clock = clock

    def open(self) -> SQLiteRecordStore:
        """A store, as another process opens it over the same records."""
        return SQLiteRecordStore(open_database(self._url), self._clock)

    def age(self, seconds: float) -> None:
        """Let so much time pass for all that is kept."""
        self._clock.now += seconds

    def record_count(self) -> int:
        """How many records are kept, those that ended included."""
        engine = open_database(self._url)
        with engine.connect() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM records").scalar_one()
        engine.dispose()
        return int(count)

    def lock_count(self) -> int:
        """How many locks there are, in use or not."""
        gc.collect()
        return sum(type(thing).__name__ == "_NamedLock" for thing in gc.get_objects())


class RedisStores:
    """Stores in a Redis, whose clock runs, so that what is kept there grows old instead."""

    def __init__(self, server: RedisServer, clock: StillClock) -> None:
        self._server = server
        self._clock = clock

    def open(self) -> RedisRecordStore:
        return RedisRecordStore(connect(self._server.url))

    def age(self, seconds: float) -> None:
        # A record is still there in its last millisecond.
        self._server.execute("EVAL", EARLIER, 0, int(seconds * 1000) + 1)
        self._clock.now += seconds

    def record_count(self) -> int:
        return sum(
            int(self._server.execute("ZCARD", index))
            for index in self._server.execute("KEYS", "callboard:index:*")
        )

    def lock_count(self) -> int:
        return len(self._server.execute("KEYS", "callboard:lock:*"))


# Where records are kept, for one test.
Stores = EmbeddedStores | RedisStores
