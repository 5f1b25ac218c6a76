"""A page that does not read: its stream stays intact, and nobody else waits for it."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from wsproto.connection import Connection, ConnectionType
from wsproto.events import Message

from tests.support.dashboard import COOKIE, dashboard, log_in
from tests.support.memory import memory
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.waiting import wait_until

# Every event carries the call with these notes: together they are more than the buffers on the way hold.
NOTE_LENGTH = 80_000
NOTES = 5
EVENTS = 20


def test_a_page_that_stops_reading_delays_nobody_and_gets_no_broken_frame(
    address: str, cookie: str, sandbox: Sandbox
) -> None:
    call_id = sandbox.calls()[0]["id"]
    for number in range(NOTES):
        sandbox.add_note(call_id, f"{number:{NOTE_LENGTH}}")
    with deaf_page(address, cookie) as deaf, connected(address, cookie) as page:
        for _ in range(EVENTS):
            is_archived = sandbox.archive(call_id)["is_archived"]
            while page.next("update-call")["call"]["is_archived"] != is_archived:
                pass

        events = [text for text in _messages(deaf) if text.startswith('42["update-call"')]

    assert events
    assert all(json.loads(text[2:])[0] == "update-call" for text in events)


@contextmanager
def deaf_page(address: str, cookie: str, call: str | None = None) -> Iterator[socket.socket]:
    """A page's socket, let in. Nobody reads it or answers a ping; `call` is what it shows."""
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


def test_pages_that_never_read_cost_little_and_are_dropped(sandbox: Sandbox, tmp_path: Path) -> None:
    ids = [call["id"] for call in sandbox.calls()]
    with dashboard(sandbox, tmp_path / "data") as started, ExitStack() as pages:
        address = started.ready[1]
        cookie = log_in(address)
        wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")
        with connected(address, cookie) as page:
            before = memory(started.process.pid)
            deaf = [pages.enter_context(deaf_page(address, cookie)) for _ in range(50)]
            for number in range(500):
                call_id = ids[number % len(ids)]
                sandbox.add_note(call_id, f"{number:1000}") if number < len(ids) else sandbox.archive(call_id)
            truth = sandbox.call(ids[499 % len(ids)])
            wait_until(lambda: page.next("update-call")["call"] == truth)
            grown = memory(started.process.pid) - before

        assert grown < 10_000_000
        wait_until(lambda: all(has_ended(each) for each in deaf), deadline=15, what="the end of all of them")


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
