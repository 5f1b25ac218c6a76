"""A page's socket as plain frames, without a thread, so that there can be hundreds."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import websocket

from tests.support.waiting import wait_until

WAIT = 30.0


class BareSocket:
    """A connection that reads only when it is asked to, and answers no ping by itself."""

    def __init__(self, connection: websocket.WebSocket) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def connect(
        cls,
        address: str,
        cookie: str,
        position: str | None = None,
        *,
        trusted: Path | None = None,
        wait: float = WAIT,
    ) -> Iterator[Self]:
        """A connection that has said hello. Raises OSError or a WebSocketException where it is refused.

        `trusted` is the certificate that vouches for an https address; `wait` is for how many seconds it may
        be silent.
        """
        connection = websocket.create_connection(
            f"{address.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket",
            timeout=wait,
            origin=address,
            cookie=f"{'callboard' if trusted is None else '__Host-callboard'}={cookie}",
            sslopt={"ca_certs": str(trusted)} if trusted else None,
        )
        try:
            connection.send(f"40{json.dumps({'position': position})}")
            yield cls(connection)
        finally:
            connection.shutdown()  # type: ignore[no-untyped-call]

    def next_of(self, *names: str) -> tuple[str, Any]:
        """The next event of one of these names, and its payload. Answers pings on the way."""
        while True:
            frame = str(self._connection.recv())
            if frame == "2":
                self._connection.send("3")
            elif frame.startswith("42"):
                name, payload = json.loads(frame[2:])
                if name in names:
                    return name, payload
            elif not frame or frame.startswith("41"):
                raise websocket.WebSocketConnectionClosedException("the server hung up")

    def hang_up(self) -> None:
        """End it, also while another thread waits for what comes next."""
        with suppress(OSError):
            if self._connection.sock is not None:
                self._connection.sock.shutdown(socket.SHUT_RDWR)

    def read_to_end(self) -> None:
        """Return when the server hangs up. Answers nothing."""
        while self._connection.recv():
            pass


def come_back(stack: ExitStack, address: str, cookie: str, within: float) -> str:
    """Connect until let in, as a page does whose server has died; the name of what it is told then."""

    def told() -> str:
        with suppress(OSError, websocket.WebSocketException):
            page = stack.enter_context(BareSocket.connect(address, cookie, position="of the dead.1"))
            return page.next_of("caught-up", "reload")[0]
        return ""

    return wait_until(told, within, "a socket")
