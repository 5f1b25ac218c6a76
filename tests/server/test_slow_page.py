"""A page that does not read: its stream stays intact, and nobody else waits for it."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from wsproto.connection import Connection, ConnectionType
from wsproto.events import Message

from tests.support.dashboard import COOKIE
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected

# Every event carries the call with these notes: together they are more than the buffers on the way hold.
NOTE_LENGTH = 80_000
NOTES = 5
EVENTS = 20
# The frame of Socket.IO's "40", which asks to be let in.
CONNECT = b"\x81\x82\0\0\0\x0040"


def test_a_page_that_stops_reading_delays_nobody_and_gets_no_broken_frame(
    address: str, cookie: str, sandbox: Sandbox
) -> None:
    call_id = sandbox.calls()[0]["id"]
    for number in range(NOTES):
        sandbox.add_note(call_id, f"{number:{NOTE_LENGTH}}")
    with _deaf_page(address, cookie) as deaf, connected(address, cookie) as page:
        for _ in range(EVENTS):
            is_archived = sandbox.archive(call_id)["is_archived"]
            while page.next("update-call")["call"]["is_archived"] != is_archived:
                pass

        events = [text for text in _messages(deaf) if text.startswith('42["update-call"')]

    assert events
    assert all(json.loads(text[2:])[0] == "update-call" for text in events)


@contextmanager
def _deaf_page(address: str, cookie: str) -> Iterator[socket.socket]:
    """A page's socket, let in."""
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
        page.sendall(CONNECT)
        yield page


def _messages(page: socket.socket) -> Iterator[str]:
    """What comes once the page reads again, whole messages; a broken frame raises."""
    frames, text = Connection(ConnectionType.CLIENT), ""
    page.settimeout(2)
    for data in _received(page):
        frames.receive_data(data)
        for event in frames.events():
            if isinstance(event, Message):
                text += str(event.data)
                if event.message_finished:
                    yield text
                    text = ""


def _received(page: socket.socket) -> Iterator[bytes]:
    try:
        while data := page.recv(1 << 20):
            yield data
    except (TimeoutError, ConnectionResetError):
        return
