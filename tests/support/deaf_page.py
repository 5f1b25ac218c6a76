"""A page's socket that is let in, and then neither reads nor answers a ping."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import websocket

from tests.support.dashboard import COOKIE

OFFER = ["Sec-WebSocket-Extensions: permessage-deflate"]


@contextmanager
def deaf_page(address: str, cookie: str, call: str | None = None) -> Iterator[socket.socket]:
    """The TCP socket of a page that shows this call; its offer to compress is not accepted."""
    url = f"{address.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
    connection = websocket.create_connection(
        url, timeout=10, origin=address, cookie=f"{COOKIE}={cookie}", header=OFFER
    )
    try:
        assert connection.sock is not None
        assert "sec-websocket-extensions" not in (connection.getheaders() or {})
        connection.send("40" + json.dumps({"call": call}))
        yield connection.sock
    finally:
        connection.shutdown()  # type: ignore[no-untyped-call]


def has_ended(page: socket.socket) -> bool:
    """Return whether the server has hung up, what came before that left aside."""
    page.settimeout(0.01)
    with suppress(ConnectionResetError):
        try:
            while page.recv(1 << 20):
                pass
        except TimeoutError:
            return False
    return True
