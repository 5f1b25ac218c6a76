"""The feed of several processes: one order of changes in Redis, and in each process a copy of its end.

Whoever adds a change adds it there; every process, that one included, takes it from there and tells its own
pages. Knows Redis; knows nothing of threads or connections that break: `follower.py` does.

In Redis stand the epoch with the number of its last change, a stream with the last changes, each under its
number, and for each call the log's version that was told last. The numbers go on from one epoch to the next.
"""

import logging
from typing import cast

import msgspec
from redis import Redis
from redis.exceptions import RedisError

from aircall.calls.feed import FEED_LENGTH, Change, Entry, Feed, new_epoch, parts_of
from aircall.shared.rows import Rows
from aircall.shared.scripts import APPEND, BEGIN, FIRST

log = logging.getLogger(__name__)

STATE, STREAM, VERSIONS = "feed", "feed-changes", "feed-versions"


class RedisFeed(Feed):
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
        self._is_torn = False

    def append(self, change: Change) -> Entry:
        """Add a change that is in the log already; one that is older than what was told of its call is not.

        Raises nothing where Redis does not answer: once it does, every page is told to read itself again.
        """
        body = msgspec.json.encode(change)
        args = (body, change.call_id, change.version, self._length, new_epoch())
        try:
            epoch, sequence = self._append(keys=self._keys, args=args)
        except RedisError as error:
            self._is_torn = True
            log.error("a change could not be told yet: %s", type(error).__name__)
            return Entry(change, self.position)
        return Entry(change, f"{epoch.decode()}.{sequence}")

    def begin_epoch(self) -> None:
        """Have every page of every process read itself again, at once or as soon as Redis answers."""
        self._is_torn = True
        try:
            self.mend()
        except RedisError as error:
            log.error("pages could not be told to read themselves again yet: %s", type(error).__name__)

    def mend(self) -> None:
        """Make up for what could not be told. Raises RedisError."""
        if not self._is_torn:
            return
        # First, as another change may fail to be told meanwhile.
        self._is_torn = False
        try:
            self._begin_epoch_there(keys=self._keys, args=[new_epoch(), self._sequence])
        except RedisError:
            self._is_torn = True
            raise

    def since(self, position: str) -> list[Entry] | None:
        """The changes after `position`, as far as they have come to this process; the others are to come."""
        epoch, sequence = parts_of(position)
        with self._lock:
            if epoch == self._epoch and sequence > self._sequence:
                return []
            return super().since(position)

    @property
    def last_id(self) -> str:
        """What the stream is to be read from, to go on."""
        return f"{self._sequence}-0"

    def take(self, rows: Rows) -> None:
        """Take over what the stream has brought, and tell of it. Raises RedisError."""
        for id_, fields in rows:
            sequence = _number(id_)
            with self._lock:
                if b"epoch" in fields:
                    self._begin(fields[b"epoch"].decode(), sequence)
                elif sequence == self._sequence + 1:
                    self._take_change(fields[b"change"], sequence)
                elif sequence > self._sequence:
                    # More has come than the stream keeps.
                    self.adopt()
                    return

    def _take_change(self, body: bytes, sequence: int) -> None:
        try:
            self._add(msgspec.json.decode(body, type=Change), sequence)
        except msgspec.MsgspecError:
            # Another version of the dashboard wrote it: what it says, pages find by reading themselves again.
            self._begin(self._epoch, sequence)

    def check(self) -> None:
        """Begin anew where Redis has lost what was kept, or has another epoch. Raises RedisError."""
        self.mend()
        epoch, last = cast(list[bytes | None], self._client.hmget(self._keys[0], ["epoch", "sequence"]))
        if epoch is not None and epoch.decode() == self._epoch and int(last or 0) < self._sequence:
            # It came back with what it had some time ago: numbers would be given out twice.
            self._is_torn = True
            self.mend()
            self.adopt()
        elif epoch is None or epoch.decode() != self._epoch:
            self.adopt()

    def adopt(self) -> None:
        """Take over all that stands in Redis, and have the pages read themselves again. Raises RedisError."""
        epoch, sequence, rows = self._find_epoch(keys=self._keys, args=[new_epoch()])
        changes = [(id_, {flat[0]: flat[1]}) for id_, flat in rows if flat[0] == b"change"]
        with self._lock:
            self._begin(epoch.decode(), _number(changes[0][0]) - 1 if changes else sequence)
            self.take(changes)


def _number(id_: bytes) -> int:
    return int(id_.partition(b"-")[0])
