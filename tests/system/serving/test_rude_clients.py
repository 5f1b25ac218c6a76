"""Pages that never read, or send what no page of ours would: the others notice nothing, memory stays."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from itertools import product
from urllib.parse import urlsplit

import pytest
import requests
import websocket
from wsproto.connection import Connection, ConnectionType
from wsproto.events import Message

from aircall.server.answers import HEADERS
from tests.support.dashboard import COOKIE, SharedDashboard
from tests.support.deaf_page import deaf_page, has_ended
from tests.support.memory import memory
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.waiting import wait_until

Complaints = Callable[[], list[str]]
TEXT, BINARY = websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY
DEEP = "[" * 4000
# What is sent once the page is in, each on a connection of its own.
RUDENESS: dict[str, tuple[int, bytes]] = {
    "two megabytes": (TEXT, b"4" * 2_000_000),
    "bytes": (BINARY, b"\x04\x00\xff"),
    "no UTF-8": (TEXT, b"42\xff\xfe"),
    "nothing": (TEXT, b""),
    "no packet": (TEXT, b"hello"),
    "a digit of another script": (TEXT, "\uff142[]".encode()),
    "an unknown packet": (TEXT, b"9"),
    "base64": (TEXT, b"b!!!"),
    "an unknown message": (TEXT, b"49"),
    "an event without a name": (TEXT, b"42[]"),
    "an event that is no list": (TEXT, b'42{"a":1}'),
    "no JSON": (TEXT, b'42["view"'),
    "deep JSON": (TEXT, b"42" + DEEP.encode()),
    "a great number": (TEXT, b'42["view",' + b"9" * 5000 + b"]"),
    "a long id": (TEXT, b"42" + b"1" * 200 + b'["view"]'),
    "attachments without end": (TEXT, b'45999999999-["view",{"_placeholder":true,"num":0}]'),
    "another namespace": (TEXT, b"40/admin,"),
    "a second connect": (TEXT, b'40{"position":"x"}'),
    "an event called connect": (TEXT, b'42["connect",{"position":"x"}]'),
    "an event called disconnect": (TEXT, b'42["disconnect","x"]'),
    "an unknown event": (TEXT, b'42["no-such-event",{}]'),
    "an event after leaving": (TEXT, b"41"),
}


def let_in(address: str, cookie: str) -> websocket.WebSocket:
    """A page's bare socket, let in."""
    url = address.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    page = websocket.create_connection(url, origin=address, cookie=f"{COOKIE}={cookie}", timeout=10)
    page.send("40")
    return page


@pytest.fixture
def complaints(shared: SharedDashboard, cookie: str) -> Callable[[], list[str]]:
    """Tells what the log has said since Alice logged in that is no matter of course."""
    levels = ("[warning", "[error", "[critical", "Traceback")

    def said() -> list[str]:
        lines = shared.started.output().splitlines()
        return [line for line in lines if any(level in line for level in levels)]

    assert cookie
    before = said()
    return lambda: [line for line in said() if line not in before]


def test_whatever_a_page_sends_no_other_page_notices_and_the_log_stays_quiet(
    address: str, cookie: str, sandbox: Sandbox, complaints: Complaints
) -> None:
    ids = [call["id"] for call in sandbox.calls()]
    with connected(address, cookie) as other:
        for call_id, (opcode, data) in zip(ids, RUDENESS.values(), strict=False):
            rude = let_in(address, cookie)
            with suppress(OSError, websocket.WebSocketException):
                rude.send(data, opcode)
                rude.send('42["view",{}]')
            sandbox.archive(call_id)
            assert other.next("update-call")["call"]["id"] == call_id
            rude.shutdown()  # type: ignore[no-untyped-call]

    assert complaints() == []


def test_a_page_that_sends_without_pause_delays_no_other_and_takes_no_memory(
    address: str, cookie: str, sandbox: Sandbox, shared: SharedDashboard, complaints: Complaints
) -> None:
    ids = [call["id"] for call in sandbox.calls()[:20]]
    view = [f'42["view",{{"id":"{call_id}"}}]' for call_id in ids]
    with connected(address, cookie) as other:
        rude = let_in(address, cookie)
        before = memory(shared.started.process.pid)
        for call_id in ids:
            for number in range(1000):
                rude.send(view[number % len(view)])
                rude.send('42["no-such-event",{}]')
                if number % 100 == 0:
                    # It stays for as long as it answers pings.
                    rude.send("3")
            sandbox.archive(call_id)
            assert other.next("update-call")["call"]["id"] == call_id
        grown = memory(shared.started.process.pid) - before
        rude.shutdown()  # type: ignore[no-untyped-call]

    assert grown < 20_000_000
    assert complaints() == []


def test_a_message_without_end_is_cut_off_before_it_takes_memory(
    address: str, cookie: str, shared: SharedDashboard
) -> None:
    rude = let_in(address, cookie)
    before = memory(shared.started.process.pid)

    with pytest.raises(OSError):  # noqa: PT011 - a reset or a broken pipe, as the system likes
        _send_without_end(rude)

    assert memory(shared.started.process.pid) - before < 20_000_000
    rude.shutdown()  # type: ignore[no-untyped-call]


def _send_without_end(page: websocket.WebSocket) -> None:
    while True:
        page.send_frame(websocket.ABNF.create_frame("4" * 100_000, TEXT, 0))


QUERIES = ("", "EIO=4&transport=polling", "EIO=4&transport=websocket", "EIO=3&sid=x")
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade"}
HANDSHAKES: list[dict[str, str]] = [
    {},
    {"Upgrade": "websocket"},
    UPGRADE,
    UPGRADE | {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x"},
    UPGRADE | {"Sec-WebSocket-Version": "8", "Sec-WebSocket-Key": "x" * 24},
]


def test_a_bad_handshake_is_refused_with_our_headers_and_without_a_complaint(
    address: str, cookie: str, complaints: Complaints
) -> None:
    for query, headers, method in product(QUERIES, HANDSHAKES, ("GET", "POST", "OPTIONS", "DELETE")):
        with suppress(requests.ConnectionError):
            answer = requests.request(
                method,
                f"{address}/socket.io/?{query}",
                headers=headers | {"Origin": address, "Cookie": f"{COOKIE}={cookie}"},
                timeout=20,
            )
            assert answer.status_code in (200, 400, 404, 405)
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS

    # What it may say, once for each, is of use to an operator who set a client or a proxy up wrongly.
    assert [line for line in complaints() if "engineio" not in line] == []


@pytest.mark.parametrize(
    ("request_line", "more", "status"),
    [
        ("GET /calls", b"", 400),
        ("GE<b>T /calls HTTP/1.1", b"", 400),
        ("GET /calls?q=" + "q" * 9000 + " HTTP/1.1", b"", 414),
        ("GET /calls HTTP/1.1", b"A: " + b"a" * 70_000 + b"\r\n", 431),
        ("GET /calls HTTP/1.1", b"".join(b"A%d: a\r\n" % number for number in range(200)), 431),
        ("GET /calls HTTP/1.1", b"Host: [\r\n", 400),
        ("GET /calls HTTP/1.1", b"Host: evil.example\r\n", 400),
    ],
)
def test_what_is_no_request_of_ours_is_refused_with_our_headers_and_not_quoted(
    address: str, request_line: str, more: bytes, status: int
) -> None:
    parts = urlsplit(address)
    with socket.create_connection((str(parts.hostname), parts.port or 80), timeout=20) as connection:
        connection.sendall(f"{request_line}\r\n".encode() + more + b"Connection: close\r\n\r\n")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        body = answer.read()

    assert answer.status == status
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert b"<" not in body
    assert len(body) < 100


# Every event carries the call with these notes: together they are more than the buffers on the way hold.
NOTE_LENGTH = 80_000
NOTES = 5
EVENTS = 12


def test_a_page_that_stops_reading_delays_no_other_and_gets_no_broken_frame(
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


def test_pages_that_never_read_cost_little_and_are_dropped(
    address: str, cookie: str, sandbox: Sandbox, shared: SharedDashboard
) -> None:
    ids = [call["id"] for call in sandbox.calls()]
    with connected(address, cookie) as page, ExitStack() as pages:
        most = before = memory(shared.started.process.pid)
        deaf = [pages.enter_context(deaf_page(address, cookie)) for _ in range(50)]
        for number in range(500):
            call_id = ids[number % len(ids)]
            sandbox.add_note(call_id, f"{number:1000}") if number < len(ids) else sandbox.archive(call_id)
            most = max(most, memory(shared.started.process.pid))
        truth = sandbox.call(ids[499 % len(ids)])
        wait_until(lambda: page.next("update-call")["call"] == truth)

        assert max(most, memory(shared.started.process.pid)) - before < 10_000_000
        wait_until(lambda: all(has_ended(each) for each in deaf), what="the end of all of them")
