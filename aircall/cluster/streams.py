"""Signals of several processes, by a stream in Redis. Knows nothing of connections that break.

Follows feed and signals in Redis, for one process: what others add arrives here, after any outage too.

Knows how to read on; knows nothing of what is read.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError

from aircall.cluster.feed import RedisChangeFeed, Rows, Streams
from aircall.concurrency import MessageBus, call_safely

log = logging.getLogger(__name__)

# More than are sent while a process cannot read.
LENGTH = 1000


class RedisMessageBus(MessageBus):
    """Signals that reach the other processes too, as soon as they have been followed to there."""

    def __init__(self, client: Redis, prefix: str, process: str) -> None:
        super().__init__()
        self.stream = f"{prefix}signals"
        self.last_id = "0"
        self._client = client
        self._process = process

    def send(self, name: str, value: str = "") -> None:
        """Send a signal to every process, this one first. Where Redis does not answer, to this one alone."""
        self.deliver(name, value)
        fields: Any = {"from": self._process, "name": name, "value": value}
        try:
            self._client.xadd(self.stream, fields, maxlen=LENGTH)
        except RedisError as error:
            log.warning("a signal could not be sent: %s", type(error).__name__)

    def begin(self) -> None:
        """Take what is sent from now on. Raises RedisError."""
        newest = cast(Rows, self._client.xrevrange(self.stream, count=1))
        self.last_id = newest[0][0].decode() if newest else "0"

    def check(self) -> None:
        """Begin anew where Redis has lost what was kept, or its clock went back. Raises RedisError."""
        newest = cast(Rows, self._client.xrevrange(self.stream, count=1))
        if self.last_id != "0" and (not newest or _order(newest[0][0].decode()) < _order(self.last_id)):
            self.begin()

    def take(self, rows: Rows) -> None:
        """Deliver what the stream has brought from others."""
        for id_, fields in rows:
            self.last_id = id_.decode()
            if fields[b"from"].decode() != self._process:
                self.deliver(fields[b"name"].decode(), fields[b"value"].decode())


def _order(row_id: str) -> tuple[int, ...]:
    return tuple(int(part) for part in row_id.split("-"))


# How long to wait for something new before a look whether all is well (seconds).
BLOCK = 1.0
# How soon to try again where Redis does not answer: pages wait for it (seconds).
RETRY_PAUSE = 0.3
# As many rows at once as one answer may well have.
MOST_ROWS = 500


class StreamReader:
    """The thread that reads on. `on_contact` is told when contact is lost (False) and found (True)."""

    def __init__(
        self,
        client: Redis,
        feed: RedisChangeFeed,
        bus: RedisMessageBus,
        on_contact: Callable[[bool], None] = lambda _is_there: None,
    ) -> None:
        self._client = client
        self._feed = feed
        self._bus = bus
        self._on_contact = on_contact
        self._stopped = threading.Event()
        self._has_begun = False
        self._is_in_contact = False
        self._heard_at = self._checked_at = time.monotonic()

    @property
    def silence(self) -> float:
        """For how long nothing has been heard from Redis, in seconds."""
        return time.monotonic() - self._heard_at

    def start(self) -> None:
        """Take over what there is, and what comes. Raises nothing where Redis is not there yet."""
        threading.Thread(target=self._run, name="follower", daemon=True).start()

    def stop(self) -> None:
        """Read no further."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._begin_or_check()
                while not self._stopped.is_set():
                    self._read()
            except RedisError as error:
                self._note_contact(False, type(error).__name__)
            except Exception:
                # Without this thread every page would grow old in silence.
                log.exception("what came from Redis could not be taken")
            self._stopped.wait(RETRY_PAUSE)

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
        answer = self._client.xread(cast(Any, last_ids), count=MOST_ROWS, block=int(BLOCK * 1000))
        self._note_contact(True)
        for stream, rows in cast(Streams, answer or ()):
            taker = self._feed if stream.decode() == self._feed.stream else self._bus
            taker.take(rows)
        # Also where there is something new all the time.
        if time.monotonic() >= self._checked_at + BLOCK:
            self._check()

    def _note_contact(self, is_there: bool, reason: str = "") -> None:
        if is_there:
            self._heard_at = time.monotonic()
        if is_there is self._is_in_contact:
            return
        self._is_in_contact = is_there
        if not is_there:
            log.warning("live updates wait for Redis: %s", reason)
        call_safely(self._on_contact, is_there)
