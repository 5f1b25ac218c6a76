"""Signals of several processes, by a stream in Redis. Knows nothing of connections that break."""

import logging
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError

from aircall.concurrency import Signals
from aircall.shared.rows import Rows

log = logging.getLogger(__name__)

# More than are sent while a process cannot read.
LENGTH = 1000


class RedisSignals(Signals):
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
