"""Pages that send what no page of ours would: nobody else notices, and neither log nor memory fills up."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests
import websocket

from aircall.web.security import HEADERS
from tests.support.dashboard import COOKIE, dashboard, log_in
from tests.support.memory import memory
from tests.support.processes import Started
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.waiting import wait_until

TEXT, BINARY = websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY
DEEP = "[" * 4000
# What is sent once the page is in, each on a connection of its own.
RUDENESS: dict[str, tuple[int, bytes]] = {
    "two megabytes": (TEXT, b"4" * 2_000_000),
    "two binary megabytes": (BINARY, b"4" * 2_000_000),
    "bytes": (BINARY, b"\x04\x00\xff"),
    "no UTF-8": (TEXT, b"42\xff\xfe"),
    "nothing": (TEXT, b""),
    "no packet": (TEXT, b"hello"),
    "a digit of another script": (TEXT, "\uff142[]".encode()),
    "an unknown packet": (TEXT, b"9"),
    "an upgrade": (TEXT, b"5"),
    "base64": (TEXT, b"b!!!"),
    "half a message": (TEXT, b"4"),
    "an unknown message": (TEXT, b"49"),
    "an error of ours": (TEXT, b'44"x"'),
    "an event without a name": (TEXT, b"42[]"),
    "an event that is no list": (TEXT, b'42{"a":1}'),
    "an event without data": (TEXT, b"42"),
    "a name that is a list": (TEXT, b'42[["view"]]'),
    "no JSON": (TEXT, b'42["view"'),
    "deep JSON": (TEXT, b"42" + DEEP.encode()),
    "a great number": (TEXT, b'42["view",' + b"9" * 5000 + b"]"),
    "a long id": (TEXT, b"42" + b"1" * 200 + b'["view"]'),
    "an answer nobody asked for": (TEXT, b'4399["x"]'),
    "attachments without end": (TEXT, b'45999999999-["view",{"_placeholder":true,"num":0}]'),
    "another namespace": (TEXT, b"40/admin,"),
    "an event of another namespace": (TEXT, b'42/admin,["view",{}]'),
    "a second connect": (TEXT, b'40{"position":"x"}'),
    "an event called connect": (TEXT, b'42["connect",{"position":"x"}]'),
    "an event called disconnect": (TEXT, b'42["disconnect","x"]'),
    "an unknown event": (TEXT, b'42["no-such-event",{}]'),
    "a view of too many things": (TEXT, b'42["view",1,2,3,4]'),
    "an event after leaving": (TEXT, b"41"),
}


@pytest.fixture
def served(sandbox: Sandbox, tmp_path: Path) -> Iterator[Started]:
    """The dashboard, its log at hand."""
    with dashboard(sandbox, tmp_path / "data") as started:
        yield started


@pytest.fixture
def cookie(served: Started, sandbox: Sandbox) -> str:
    """The session cookie of somebody signed in, once live updates are on their way."""
    value = log_in(served.ready[1])
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")
    return value


def let_in(address: str, cookie: str) -> websocket.WebSocket:
    """A page's bare socket, let in."""
    url = address.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    page = websocket.create_connection(url, origin=address, cookie=f"{COOKIE}={cookie}", timeout=10)
    page.send("40")
    return page


def complaints(served: Started) -> list[str]:
    """What the log says that is no matter of course."""
    levels = ("[warning", "[error", "[critical", "Traceback")
    return [line for line in served.output().splitlines() if any(level in line for level in levels)]


def test_whatever_a_page_sends_nobody_else_notices_and_the_log_stays_quiet(
    served: Started, cookie: str, sandbox: Sandbox
) -> None:
    address, ids = served.ready[1], [call["id"] for call in sandbox.calls()]
    with connected(address, cookie) as other:
        for call_id, (opcode, data) in zip(ids, RUDENESS.values(), strict=False):
            rude = let_in(address, cookie)
            with suppress(OSError, websocket.WebSocketException):
                rude.send(data, opcode)
                rude.send('42["view",{}]')
            sandbox.archive(call_id)
            assert other.next("update-call")["call"]["id"] == call_id
            rude.shutdown()  # type: ignore[no-untyped-call]

    assert complaints(served) == []


def test_a_page_that_sends_without_pause_delays_nobody_and_takes_no_memory(
    served: Started, cookie: str, sandbox: Sandbox
) -> None:
    address, ids = served.ready[1], [call["id"] for call in sandbox.calls()[:20]]
    view = [f'42["view",{{"id":"{call_id}"}}]' for call_id in ids]
    with connected(address, cookie) as other:
        rude = let_in(address, cookie)
        before = memory(served.process.pid)
        for call_id in ids:
            for number in range(1000):
                rude.send(view[number % len(view)])
                rude.send('42["no-such-event",{}]')
            sandbox.archive(call_id)
            assert other.next("update-call")["call"]["id"] == call_id
        grown = memory(served.process.pid) - before
        rude.shutdown()  # type: ignore[no-untyped-call]

    assert grown < 20_000_000
    assert complaints(served) == []


def test_a_message_without_end_is_cut_off_before_it_takes_memory(served: Started, cookie: str) -> None:
    rude = let_in(served.ready[1], cookie)
    before = memory(served.process.pid)

    with pytest.raises(OSError):  # noqa: PT011 - a reset or a broken pipe, as the system likes
        _send_without_end(rude)

    assert memory(served.process.pid) - before < 20_000_000
    rude.shutdown()  # type: ignore[no-untyped-call]


def _send_without_end(page: websocket.WebSocket) -> None:
    while True:
        page.send_frame(websocket.ABNF.create_frame("4" * 100_000, TEXT, 0))


def test_an_event_called_disconnect_hides_no_page_from_the_logout(served: Started, cookie: str) -> None:
    address = served.ready[1]
    with connected(address, cookie) as page:
        page.client.emit("disconnect", "x")
        log_in_again = requests.Session()
        log_in_again.cookies[COOKIE] = cookie
        text = log_in_again.get(f"{address}/calls", timeout=10).text
        token = text.partition('name="csrf_token" value="')[2].partition('"')[0]
        log_in_again.post(f"{address}/logout", data={"csrf_token": token}, timeout=10)
        log_in_again.close()

        page.next("signed-out")
        page.next("disconnect")


UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade"}
HANDSHAKES: list[dict[str, str]] = [
    {},
    {"Upgrade": "websocket"},
    UPGRADE,
    UPGRADE | {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x"},
    UPGRADE | {"Sec-WebSocket-Version": "8", "Sec-WebSocket-Key": "x" * 24},
]


@pytest.mark.parametrize("query", ["", "EIO=4&transport=polling", "EIO=4&transport=websocket", "EIO=3&sid=x"])
def test_a_bad_handshake_is_refused_with_our_headers_and_without_a_complaint(
    served: Started, cookie: str, query: str
) -> None:
    address = served.ready[1]
    for headers in HANDSHAKES:
        for method in ("GET", "POST", "OPTIONS", "DELETE"):
            with suppress(requests.ConnectionError):
                answer = requests.request(
                    method,
                    f"{address}/socket.io/?{query}",
                    headers=headers | {"Origin": address, "Cookie": f"{COOKIE}={cookie}"},
                    timeout=10,
                )
                assert answer.status_code in (200, 400, 404, 405)
                assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS

    # What it may say, once for each, is of use to whoever set a client or a proxy up wrongly.
    assert [line for line in complaints(served) if "engineio" not in line] == []
