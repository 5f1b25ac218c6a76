"""What a stream of Redis answers. Knows nothing of what is in it.

What is done in Redis in one step, in its own language. Knows the keys by their order only.

Of the feed: its state (`epoch`, `sequence`), its stream, and the version told last of each call.

The feed of several processes: one order of changes in Redis, and in each process a copy of its end.

Whoever adds a change adds it there; every process, that one included, takes it from there and tells its own
pages. Knows Redis; knows nothing of threads or connections that break: `follower.py` does.

In Redis stand the epoch with the number of its last change, a stream with the last changes, each under its
number, and for each call the log's version that was told last. The numbers go on from one epoch to the next.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import cast

import msgspec
from redis import Redis
from redis.exceptions import RedisError

from aircall.calls.feed import FEED_LENGTH, Change, ChangeFeed, FeedEntry, StreamPosition, new_epoch

# What was added under an id; rows, each with its id; and those of each stream.
Fields = Mapping[bytes, bytes]
Rows = Sequence[tuple[bytes, Fields]]
Streams = Sequence[tuple[bytes, Rows]]

# How long after the last change the versions are kept: longer than two processes can differ (milliseconds).
VERSION_MEMORY = 60_000

# A lost sequence goes on where no process has been: at the time in milliseconds.
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

# Begin an epoch by the name ARGV[1], with a number above ARGV[2], which somebody has seen already.
BEGIN = f"{_BEGIN} begin(ARGV[1], tonumber(ARGV[2]))"

# The epoch, begun as ARGV[1] where there is none, its last number and all changes that are kept.
FIRST = f"""{_BEGIN}
if redis.call('HEXISTS', KEYS[1], 'epoch') == 0 then begin(ARGV[1], 0) end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'sequence')
return {{state[1], tonumber(state[2]), redis.call('XRANGE', KEYS[2], '-', '+')}}
"""

# Add the change ARGV[1] of the call ARGV[2], made at version ARGV[3], to the last ARGV[4]; in a new epoch
# ARGV[5] where there is none. Answers the epoch and its last number.
APPEND = f"""{_BEGIN}
if redis.call('HEXISTS', KEYS[1], 'epoch') == 0 then begin(ARGV[5], 0) end
local version = tonumber(ARGV[3])
local told = tonumber(redis.call('ZSCORE', KEYS[3], ARGV[2]) or -1)
if version >= told then
    local sequence = redis.call('HINCRBY', KEYS[1], 'sequence', 1)
    redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[4], sequence .. '-0', 'change', ARGV[1])
    redis.call('ZADD', KEYS[3], version, ARGV[2])
    redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -ARGV[4] - 1)
    redis.call('PEXPIRE', KEYS[3], {VERSION_MEMORY})
end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'sequence')
return {{state[1], tonumber(state[2])}}
"""

log = logging.getLogger(__name__)

STATE, STREAM, VERSIONS = "feed", "feed-changes", "feed-versions"


class RedisChangeFeed(ChangeFeed):
    """A feed whose changes come from Redis, once somebody follows it there. Until then it knows none."""

    def __init__(self, client: Redis, prefix: str, length: int = FEED_LENGTH) -> None:
        super().__init__(length)
        self.stream = f"{prefix}{STREAM}"
        self._client = client
        self._length = length
        self._keys = [f"{prefix}{STATE}", self.stream, f"{prefix}{VERSIONS}"]
        self._append = client.register_script(APPEND)
        self._begin_epoch_there = client.register_script(BEGIN)
        self._find_epoch = client.register_script(FIRST)
        # Whether a change is in the log that could not be told.
        self._is_desynced = False

    def append(self, change: Change) -> FeedEntry:
        """Add a change that is in the log already; one that is older than what was told of its call is not.

        Raises nothing where Redis does not answer: once it does, every page is told to read itself again.
        """
        body = msgspec.json.encode(change)
        args = (body, change.call_id, change.version, self._length, new_epoch())
        try:
            epoch, offset = self._append(keys=self._keys, args=args)
        except RedisError as error:
            self._is_desynced = True
            log.error("a change could not be told yet: %s", type(error).__name__)
            return FeedEntry(change, self.position)
        return FeedEntry(change, str(StreamPosition(epoch.decode(), offset)))

    def begin_epoch(self) -> None:
        """Have every page of every process read itself again, at once or as soon as Redis answers."""
        self._is_desynced = True
        try:
            self.repair()
        except RedisError as error:
            log.error("pages could not be told to read themselves again yet: %s", type(error).__name__)

    def repair(self) -> None:
        """Make up for what could not be told. Raises RedisError."""
        if not self._is_desynced:
            return
        # First, as another change may fail to be told meanwhile.
        self._is_desynced = False
        try:
            self._begin_epoch_there(keys=self._keys, args=[new_epoch(), self._offset])
        except RedisError:
            self._is_desynced = True
            raise

    def changes_after(self, position: str) -> list[FeedEntry] | None:
        """The changes after `position`, as far as they have come to this process; the others are to come."""
        start = StreamPosition.parse(position)
        with self._lock:
            if start and start.epoch == self._epoch and start.offset > self._offset:
                return []
            return super().changes_after(position)

    @property
    def last_id(self) -> str:
        """What the stream is to be read from, to go on."""
        return f"{self._offset}-0"

    def take(self, rows: Rows) -> None:
        """Take over what the stream has brought, and tell of it. Raises RedisError."""
        for id_, fields in rows:
            offset = _number(id_)
            with self._lock:
                if b"epoch" in fields:
                    self._begin(fields[b"epoch"].decode(), offset)
                elif offset == self._offset + 1:
                    self._take_change(fields[b"change"], offset)
                elif offset > self._offset:
                    # More has come than the stream keeps.
                    self.resync()
                    return

    def _take_change(self, body: bytes, offset: int) -> None:
        try:
            self._add(msgspec.json.decode(body, type=Change), offset)
        except msgspec.MsgspecError:
            # Another version of the dashboard wrote it: what it says, pages find by reading themselves again.
            self._begin(self._epoch, offset)

    def check(self) -> None:
        """Begin anew where Redis has lost what was kept, or has another epoch. Raises RedisError."""
        self.repair()
        epoch, last = cast(list[bytes | None], self._client.hmget(self._keys[0], ["epoch", "sequence"]))
        if epoch is not None and epoch.decode() == self._epoch and int(last or 0) < self._offset:
            # It came back with what it had some time ago: numbers would be given out twice.
            self._is_desynced = True
            self.repair()
            self.resync()
        elif epoch is None or epoch.decode() != self._epoch:
            self.resync()

    def resync(self) -> None:
        """Take over all that stands in Redis, and have the pages read themselves again. Raises RedisError."""
        epoch, offset, rows = self._find_epoch(keys=self._keys, args=[new_epoch()])
        changes = [(id_, {flat[0]: flat[1]}) for id_, flat in rows if flat[0] == b"change"]
        with self._lock:
            self._begin(epoch.decode(), _number(changes[0][0]) - 1 if changes else offset)
            self.take(changes)


def _number(id_: bytes) -> int:
    return int(id_.partition(b"-")[0])
