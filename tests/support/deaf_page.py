"""A page's socket that is let in, and then neither reads nor answers a ping."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.dashboard import COOKIE


@contextmanager
def deaf_page(address: str, cookie: str, call: str | None = None) -> Iterator[socket.socket]:
    """A page's socket, let in, that is not read and answers no ping; `call` is what it shows."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as page:
        lines = (
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
            f"Host: {host}:{port}",
            f"Origin: {address}",
            f"Cookie: {COOKIE}={cookie}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Extensions: permessage-deflate",
        )
        page.sendall("\r\n".join((*lines, "", "")).encode())
        answer = page.recv(1024)
        assert b" 101 " in answer
        assert b"permessage-deflate" not in answer
        page.sendall(text_frame("40" + json.dumps({"call": call})))
        yield page


def text_frame(text: str) -> bytes:
    """A client's WebSocket frame with this short text, masked with zeros."""
    data = text.encode()
    return bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data


def has_ended(page: socket.socket) -> bool:
    """Whether the server has hung up, what came before that left aside."""
    page.settimeout(0.01)
    try:
        while page.recv(1 << 20):
            pass
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True
    return True
