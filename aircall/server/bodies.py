"""Bodies of requests that do not arrive: each has a deadline that grows with its size.

Whoever announces a form and sends half of it would else hold a connection for ever, and 10,000 such hold a
whole process. Reaches into gunicorn 27: `Request.body`, `Body.reader`, `LengthReader.length`.
"""

import socket
from collections import OrderedDict
from contextlib import suppress
from time import monotonic
from typing import Any

import gevent

# Seconds for any body, and the bytes that are given another second.
BODY_TIME, BYTES_PER_SECOND = 10.0, 16_384
# Bodies that are waited for at once; of more, the oldest are given up.
MOST_WAITING = 2000


class BodyTimeoutError(TimeoutError):
    """A body did not arrive in time, or others are waited for."""


class Bodies:
    """The bodies of a process that are waited for, the oldest first."""

    def __init__(self, most: int = MOST_WAITING, body_time: float = BODY_TIME) -> None:
        self._most = most
        self._body_time = body_time
        self._waiting: OrderedDict[TimedReader, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def limit(self, request: Any) -> None:
        """Give the body of this request of gunicorn's a deadline."""
        body = request.body
        seconds = self._body_time + getattr(body.reader, "length", 0) / BYTES_PER_SECOND
        body.reader = TimedReader(self, body.reader, request.unreader.sock, seconds)

    def begin(self, reader: "TimedReader") -> None:
        """Note that a body is waited for; give the oldest up if there are too many."""
        if len(self._waiting) >= self._most:
            oldest, _ = self._waiting.popitem(last=False)
            oldest.give_up()
        self._waiting[reader] = None

    def end(self, reader: "TimedReader") -> None:
        """Note that a body is not waited for any more."""
        self._waiting.pop(reader, None)


class TimedReader:
    """Stands for gunicorn's reader of a body, for so many seconds from its first use.

    Not from the head of the request: a busy process may begin with it late.
    """

    def __init__(self, bodies: Bodies, reader: Any, sock: socket.socket, seconds: float) -> None:
        self._bodies = bodies
        self._reader = reader
        self._sock = sock
        self._seconds = seconds
        self._ends_at: float | None = None
        self._is_given_up = False

    def give_up(self) -> None:
        """Let who waits for this body learn that no more of it is read. Switches to nobody."""
        self._is_given_up = True
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RD)

    def read(self, size: int) -> bytes:
        """Read as gunicorn's reader does. Raises BodyTimeoutError, after which the connection is closed."""
        self._ends_at = self._ends_at or monotonic() + self._seconds
        left = self._ends_at - monotonic()
        if left <= 0:
            raise BodyTimeoutError
        self._bodies.begin(self)
        try:
            with gevent.Timeout(left, BodyTimeoutError()):
                data = bytes(self._reader.read(size))
        except OSError as error:
            if self._is_given_up:
                raise BodyTimeoutError from error
            raise
        finally:
            self._bodies.end(self)
        if self._is_given_up:
            # What came is a part: a note would be stored without its end.
            raise BodyTimeoutError
        return data
