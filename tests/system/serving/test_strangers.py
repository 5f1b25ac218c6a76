"""WebSockets of strangers: refused at the handshake, and closed where nobody is behind them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import requests
import websocket

from tests.support.dashboard import COOKIE, log_in, serving
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.system.serving.conftest import log_out

# PAGES_PER_LOGIN: few, which are open together however busy the machine is.
MOST = 3
# More than a page is given to connect, or the watch over logins takes, on a busy machine.
WAIT = 30.0


def handshake(address: str, cookie: str, **origin: str | None) -> int:
    """The status that a handshake is answered with; `Origin` is the address unless given, None for none."""
    headers: dict[str, str | None] = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Cookie": f"{COOKIE}={cookie}",
        "Origin": address,
    }
    url = f"{address}/socket.io/?EIO=4&transport=websocket"
    with requests.get(url, headers=headers | origin, timeout=WAIT, stream=True) as answer:
        return answer.status_code


Open = Callable[[str], websocket.WebSocket]


@pytest.fixture
def opened(address: str) -> Iterator[Open]:
    """Opens a socket that is let in by this cookie, and does not connect to Socket.IO."""
    pages: list[websocket.WebSocket] = []

    def open_page(cookie: str) -> websocket.WebSocket:
        pages.append(open_socket(address, cookie))
        return pages[-1]

    yield open_page
    for page in pages:
        page.shutdown()  # type: ignore[no-untyped-call]


def open_socket(address: str, cookie: str) -> websocket.WebSocket:
    url = f"{address.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
    return websocket.create_connection(url, origin=address, cookie=f"{COOKIE}={cookie}", timeout=WAIT)


def has_hung_up(page: websocket.WebSocket) -> bool:
    """Whether the server ends the connection itself, not only with a close frame. Answers pings."""
    assert page.sock is not None
    try:
        while data := page.recv():
            if data == "2":
                page.send("3")
        return page.sock.recv(1) == b""
    except TimeoutError:
        return False


def test_a_handshake_without_a_live_login_and_our_own_origin_is_refused(
    address: str, cookie: str, opened: Open
) -> None:
    visitor = requests.get(f"{address}/login", timeout=WAIT).cookies.values()[0]

    for stranger in ("", "made-up", "x" * 43, visitor, cookie[:-1]):
        assert handshake(address, stranger) == 401
    for origin in (None, "", "null", "https://evil.example", address.replace("http:", "ftp:")):
        assert handshake(address, cookie, Origin=origin) == 403
    page = opened(cookie)
    log_out(address, cookie)
    assert handshake(address, cookie) == 401
    # It has never connected, so that no logout found it.
    assert has_hung_up(page)


def test_a_socket_that_does_not_connect_or_leaves_is_closed(cookie: str, opened: Open) -> None:
    silent, leaver = opened(cookie), opened(cookie)
    leaver.send("40")
    leaver.send("41")

    assert has_hung_up(silent)
    assert has_hung_up(leaver)


def test_the_end_of_a_login_closes_the_connection(
    address: str, cookie: str, sandbox: Sandbox, opened: Open
) -> None:
    other = log_in(address, "bob")
    pages = [opened(each) for each in (cookie, other)]
    for page in pages:
        page.send("40")
        wait_until(lambda: str(page.recv()).startswith('42["caught-up"'), what="a page that is let in")  # noqa: B023  # called in the loop

    log_out(address, cookie)
    sandbox.refuse_refresh()
    sandbox.expire_access_tokens()
    requests.get(f"{address}/calls", cookies={COOKIE: other}, timeout=WAIT)

    assert [has_hung_up(page) for page in pages] == [True, True]


def test_the_pages_of_a_login_are_bounded_and_those_of_others_are_not_kept_out(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with (
        serving(sandbox, tmp_path / "data", {"PAGES_PER_LOGIN": str(MOST)}) as address,
        ExitStack() as stack,
    ):
        cookie = log_in(address)
        pages = [stack.enter_context(closing(open_socket(address, cookie))) for _ in range(MOST)]
        for page in pages:
            page.send("40")

        assert handshake(address, cookie) == 429
        stack.enter_context(closing(open_socket(address, log_in(address, "bob"))))
        pages[0].close()
        wait_until(lambda: handshake(address, cookie) == 101, what="room for another")
