"""The message bus over a Redis stream, and the thread that follows the streams of bus and change feed."""

import logging
import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError

from aircall.cluster.feed import RedisChangeFeed, Rows
from aircall.concurrency import BackgroundThread, MessageBus, call_safely

log = logging.getLogger(__name__)

# Messages that are kept; a process that cannot read meanwhile misses older ones.
STREAM_LENGTH = 1000
# Seconds that one XREAD waits, and between two checks that Redis still has what it had.
BLOCK = 1.0
# Seconds until the next attempt after an error: open pages wait for it.
READ_RETRY_INTERVAL = 0.3
# Rows of one response.
MAX_ROWS = 500

Streams = Sequence[tuple[bytes, Rows]]


class RedisMessageBus(MessageBus):
    """A message bus of several processes. Messages of others arrive when the StreamReader reads them."""

    def __init__(self, client: Redis, prefix: str, process: str) -> None:
        super().__init__()
        self.stream = f"{prefix}signals"
        self.last_id = "0"
        self._client = client
        self._process = process

    def send(self, name: str, text: str = "") -> None:
        """Send a message to every process, this one first; without Redis to this process alone."""
        self.deliver(name, text)
        fields: Any = {"from": self._process, "name": name, "value": text}
        try:
            self._client.xadd(self.stream, fields, maxlen=STREAM_LENGTH)
        except RedisError as error:
            log.warning("message not sent: %s", type(error).__name__)

    def begin(self) -> None:
        """Read from the end of the stream on. Raises RedisError."""
        newest = cast(Rows, self._client.xrevrange(self.stream, count=1))
        self.last_id = newest[0][0].decode() if newest else "0"

    def check(self) -> None:
        """Begin again if Redis has lost the stream, or its clock went back. Raises RedisError."""
        newest = cast(Rows, self._client.xrevrange(self.stream, count=1))
        if self.last_id != "0" and (not newest or _order(newest[0][0].decode()) < _order(self.last_id)):
            self.begin()

    def take(self, rows: Rows) -> None:
        """Deliver the messages of other processes."""
        for row_id, fields in rows:
            self.last_id = row_id.decode()
            if fields[b"from"].decode() != self._process:
                self.deliver(fields[b"name"].decode(), fields[b"value"].decode())


class StreamReader:
    """Reads both streams in a background thread, also after an outage of Redis.

    `on_contact` is called with False when Redis stops answering, and with True when it answers again.
    """

    def __init__(
        self,
        client: Redis,
        feed: RedisChangeFeed,
        bus: RedisMessageBus,
        on_contact: Callable[[bool], None] = lambda _is_reachable: None,
    ) -> None:
        self._client = client
        self._feed = feed
        self._bus = bus
        self._on_contact = on_contact
        self._thread = BackgroundThread("stream-reader", self._run)
        self._has_begun = False
        self._is_in_contact = False
        self._contact_at = self._checked_at = time.monotonic()

    @property
    def seconds_since_contact(self) -> float:
        """Seconds since Redis last answered."""
        return time.monotonic() - self._contact_at

    def start(self) -> None:
        """Start reading. Redis need not be reachable yet."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading."""
        self._thread.stop()

    def _run(self, stopping: Event) -> None:
        while not stopping.is_set():
            try:
                self._begin_or_check()
                while not stopping.is_set():
                    self._read()
            except RedisError as error:
                self._note_contact(False, type(error).__name__)
            except Exception:
                # The thread has to survive: without it this process's pages get no changes.
                log.exception("a row of a stream could not be handled")
            stopping.wait(READ_RETRY_INTERVAL)

    def _begin_or_check(self) -> None:
        if self._has_begun:
            self._check()
        else:
            self._bus.begin()
            self._feed.resync()
            self._has_begun = True

    def _check(self) -> None:
        self._feed.check()
        self._bus.check()
        self._checked_at = time.monotonic()

    def _read(self) -> None:
        last_ids = {self._feed.stream: self._feed.last_id, self._bus.stream: self._bus.last_id}
        response = self._client.xread(cast(Any, last_ids), count=MAX_ROWS, block=int(BLOCK * 1000))
        self._note_contact(True)
        for stream, rows in cast(Streams, response or ()):
            (self._feed if stream.decode() == self._feed.stream else self._bus).take(rows)
        # Not only when idle: rows may arrive all the time.
        if time.monotonic() >= self._checked_at + BLOCK:
            self._check()

    def _note_contact(self, is_reachable: bool, reason: str = "") -> None:
        if is_reachable:
            self._contact_at = time.monotonic()
        if is_reachable is self._is_in_contact:
            return
        self._is_in_contact = is_reachable
        if not is_reachable:
            log.warning("live updates wait for Redis: %s", reason)
        call_safely(self._on_contact, is_reachable)


def _order(row_id: str) -> tuple[int, ...]:
    return tuple(int(part) for part in row_id.split("-"))
