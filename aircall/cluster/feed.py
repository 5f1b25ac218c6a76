"""The change feed of several processes: one order of changes in Redis, followed by every process.

A change is appended in Redis; each process, including the one that appended it, reads it from the stream (see
streams.py) and tells its own pages. Redis holds the state (epoch and last offset), a stream with the last
changes by offset, and for each call the version of its last change. Offsets go on from epoch to epoch.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import cast

import msgspec
from redis import Redis
from redis.exceptions import RedisError

from aircall import metrics
from aircall.calls.feed import FEED_LENGTH, Change, ChangeFeed, FeedEntry, StreamPosition, new_epoch

# What XREAD returns: rows of id and fields.
Fields = Mapping[bytes, bytes]
Rows = Sequence[tuple[bytes, Fields]]

# Milliseconds that the versions are kept after the last change. Must exceed the delay between two processes.
VERSION_TTL = 60_000

# If the offset is lost, it goes on where no process has been: at the time in milliseconds.
_BEGIN = """
local function begin(epoch, seen)
    if redis.call('HEXISTS', KEYS[1], 'sequence') == 0 then
        local now = redis.call('TIME')
        redis.call('HSET', KEYS[1], 'sequence', now[1] * 1000 + math.floor(now[2] / 1000))
    end
    local last = tonumber(redis.call('HGET', KEYS[1], 'sequence'))
    local sequence = math.max(last, seen) + 1
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'sequence', sequence)
    redis.call('DEL', KEYS[2], KEYS[3])
    redis.call('XADD', KEYS[2], sequence .. '-0', 'epoch', epoch)
end
"""

# Begin the epoch ARGV[1], at an offset above ARGV[2], which the caller has seen.
BEGIN = f"{_BEGIN} begin(ARGV[1], tonumber(ARGV[2]))"

# Return the epoch (ARGV[1] is begun if there is none), its last offset and all changes in the stream.
FIRST = f"""{_BEGIN}
if redis.call('HEXISTS', KEYS[1], 'epoch') == 0 then begin(ARGV[1], 0) end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'sequence')
return {{state[1], tonumber(state[2]), redis.call('XRANGE', KEYS[2], '-', '+')}}
"""

# Append the change ARGV[1] of the call ARGV[2] with version ARGV[3], unless a newer one of this call was
# appended; keep the last ARGV[4]. Begin the epoch ARGV[5] if there is none. Return epoch and last offset.
APPEND = f"""{_BEGIN}
if redis.call('HEXISTS', KEYS[1], 'epoch') == 0 then begin(ARGV[5], 0) end
local version = tonumber(ARGV[3])
local told = tonumber(redis.call('ZSCORE', KEYS[3], ARGV[2]) or -1)
if version >= told then
    local sequence = redis.call('HINCRBY', KEYS[1], 'sequence', 1)
    redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[4], sequence .. '-0', 'change', ARGV[1])
    redis.call('ZADD', KEYS[3], version, ARGV[2])
    redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -ARGV[4] - 1)
    redis.call('PEXPIRE', KEYS[3], {VERSION_TTL})
end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'sequence')
return {{state[1], tonumber(state[2])}}
"""

log = logging.getLogger(__name__)

STATE, STREAM, VERSIONS = "feed", "feed-changes", "feed-versions"


class RedisChangeFeed(ChangeFeed):
    """A change feed that is filled by a StreamReader; it is empty until that has started."""

    def __init__(self, client: Redis, prefix: str, length: int = FEED_LENGTH) -> None:
        super().__init__(length)
        self.stream = f"{prefix}{STREAM}"
        self._client = client
        self._length = length
        self._keys = [f"{prefix}{STATE}", self.stream, f"{prefix}{VERSIONS}"]
        self._append = client.register_script(APPEND)
        self._begin_epoch_there = client.register_script(BEGIN)
        self._find_epoch = client.register_script(FIRST)
        # Whether a change was written to the store but not appended.
        self._is_desynced = False

    def append(self, change: Change) -> FeedEntry:
        """Append a change that is in the store, unless a newer one of the same call was appended.

        Raises nothing if Redis does not answer: once it does, every page reloads.
        """
        body = msgspec.json.encode(change)
        args = (body, change.call_id, change.version, self._length, new_epoch())
        try:
            epoch, offset = self._append(keys=self._keys, args=args)
        except RedisError as error:
            self._is_desynced = True
            log.error("change not published: %s", type(error).__name__)
            return FeedEntry(change, self.position)
        return FeedEntry(change, str(StreamPosition(epoch.decode(), offset)))

    def begin_epoch(self) -> None:
        """Make every page of every process reload, at once or as soon as Redis answers."""
        metrics.FEED_EPOCHS.inc()
        self._is_desynced = True
        try:
            self.repair()
        except RedisError as error:
            log.error("epoch not begun yet: %s", type(error).__name__)

    def repair(self) -> None:
        """Begin a new epoch if changes were not published. Raises RedisError."""
        if not self._is_desynced:
            return
        # Reset first: another change may fail to be appended meanwhile.
        self._is_desynced = False
        try:
            self._begin_epoch_there(keys=self._keys, args=[new_epoch(), self._offset])
        except RedisError:
            self._is_desynced = True
            raise

    def changes_after(self, position: str) -> list[FeedEntry] | None:
        """Return the changes after `position` that have reached this process; the others will follow."""
        start = StreamPosition.parse(position)
        with self._lock:
            if start and start.epoch == self._epoch and start.offset > self._offset:
                return []
            return super().changes_after(position)

    @property
    def last_id(self) -> str:
        """Id of the last row that was read."""
        return f"{self._offset}-0"

    def take(self, rows: Rows) -> None:
        """Add rows of the stream, and notify subscribers. Raises RedisError."""
        for id_, fields in rows:
            offset = _number(id_)
            with self._lock:
                if b"epoch" in fields:
                    self._begin(fields[b"epoch"].decode(), offset)
                elif offset == self._offset + 1:
                    self._take_change(fields[b"change"], offset)
                elif offset > self._offset:
                    # The stream has dropped changes that this process has not read.
                    self.resync()
                    return

    def _take_change(self, body: bytes, offset: int) -> None:
        try:
            self._add(msgspec.json.decode(body, type=Change), offset)
        except msgspec.MsgspecError:
            # Appended by another version: pages reload instead.
            self._begin(self._epoch, offset)

    def check(self) -> None:
        """Resync if Redis has lost its data or has another epoch. Raises RedisError."""
        self.repair()
        epoch, last = cast(list[bytes | None], self._client.hmget(self._keys[0], ["epoch", "sequence"]))
        if epoch is not None and epoch.decode() == self._epoch and int(last or 0) < self._offset:
            # Redis was restored from an older state: offsets would be used twice.
            self._is_desynced = True
            self.repair()
            self.resync()
        elif epoch is None or epoch.decode() != self._epoch:
            self.resync()

    def resync(self) -> None:
        """Load everything from Redis, and make the pages of this process reload. Raises RedisError."""
        epoch, offset, rows = self._find_epoch(keys=self._keys, args=[new_epoch()])
        changes = [(id_, {flat[0]: flat[1]}) for id_, flat in rows if flat[0] == b"change"]
        with self._lock:
            self._begin(epoch.decode(), _number(changes[0][0]) - 1 if changes else offset)
            self.take(changes)


def _number(id_: bytes) -> int:
    return int(id_.partition(b"-")[0])
