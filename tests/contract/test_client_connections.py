"""How `ApiClient` makes connections, keeps them and shares them."""

import json
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from aircall.api.client import ApiClient, Pool
from aircall.api.transport import dial
from aircall.errors import NoResponseError, PoolExhaustedError, UnreachableError
from tests.contract.behaviours import answer, drip, never_end, nobody_accepts, send_and_hang_up
from tests.contract.hostile_http import HostileServer, Peer
from tests.support.processes import ROOT
from tests.support.waiting import wait_until

USER = json.dumps({"id": "alice", "username": "alice"}).encode()
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(USER), USER)
CALL_ID = "7876e2eb-1a50-4a7e-afb5-2936cbe6e814"
CALL = json.dumps({"id": CALL_ID, "is_archived": True}).encode()
PATCHED_TOO_LATE = """
import aircall.transport
from gevent import monkey
monkey.patch_all()
aircall.transport.Transport(pool_maxsize=1)
"""


def test_a_connection_is_used_again() -> None:
    with HostileServer(answer(USER)) as server, closing(ApiClient(server.url)) as api:
        for _ in range(3):
            api.me("a.b.c")

    assert server.connections == [1, 1, 1]


def test_a_connection_that_was_closed_while_idle_costs_no_change() -> None:
    with (
        HostileServer(send_and_hang_up(WHOLE), answer(CALL)) as server,
        closing(ApiClient(server.url)) as api,
    ):
        api.me("a.b.c")
        wait_until(lambda: server.ended == 1, what="the end of the first connection")

        call = api.toggle_archived("a.b.c", CALL_ID)

    assert call.is_archived
    assert server.lines == ["GET /me", f"PUT /calls/{CALL_ID}/archive"]
    assert server.connections == [1, 2]


def test_a_connection_that_is_closed_on_our_request_leaves_the_fate_of_a_change_unknown() -> None:
    with (
        HostileServer(answer(USER), send_and_hang_up(b"")) as server,
        closing(ApiClient(server.url)) as api,
    ):
        api.me("a.b.c")

        with pytest.raises(NoResponseError):
            api.toggle_archived("a.b.c", CALL_ID)

    assert server.connections == [1, 1]


def test_a_connection_is_not_used_again_when_its_other_end_may_be_about_to_close_it() -> None:
    slowly = drip(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(USER), USER, 4.3 / len(USER))

    with HostileServer(slowly, answer(USER)) as server, closing(ApiClient(server.url)) as api:
        api.me("a.b.c")
        api.me("a.b.c")

    assert server.connections == [1, 2]


def test_more_requests_than_connections_wait_only_briefly() -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def answer_later(peer: Peer) -> None:
        arrived.set()
        go_on.wait(10)
        answer(USER)(peer)

    with (
        HostileServer(answer_later) as server,
        closing(ApiClient(server.url, slots=dict.fromkeys(Pool, 1))) as api,
        ThreadPoolExecutor(1) as pool,
    ):
        first = pool.submit(api.me, "a.b.c")
        arrived.wait(10)

        with pytest.raises(PoolExhaustedError):
            api.me("a.b.c")
        go_on.set()

        assert first.result(10).username == "alice"
        assert api.me("a.b.c").username == "alice"
    assert len(server.received) == 2


def test_many_threads_share_a_client() -> None:
    with (
        HostileServer(answer(USER)) as server,
        closing(ApiClient(server.url, slots=dict.fromkeys(Pool, 4))) as api,
        ThreadPoolExecutor(4) as pool,
    ):
        users = list(pool.map(lambda _: api.me("a.b.c"), range(200)))

    assert len(users) == len(server.received) == 200
    assert server.accepted <= 4


def test_a_name_that_cannot_be_resolved_is_unreachable() -> None:
    with closing(ApiClient(f"http://{'a' * 64}.test")) as api, pytest.raises(UnreachableError):
        api.me("a.b.c")


def test_a_name_is_resolved() -> None:
    with (
        HostileServer(answer(USER)) as server,
        closing(ApiClient(f"http://localhost:{server.port}")) as api,
    ):
        assert api.me("a.b.c").username == "alice"


def test_a_dead_address_leaves_time_for_the_next() -> None:
    """This machine has an IPv6 address too, or at least its resolver says so; nobody listens there."""
    with HostileServer(answer(USER)) as server, dial(None, server.port, 5) as sock:
        assert sock.getpeername() == ("127.0.0.1", server.port)


def read_to_the_end(sock: socket.socket) -> None:
    while sock.recv(1000):
        pass


def test_a_sockets_budget_ends_while_data_keeps_coming() -> None:
    with HostileServer(never_end) as server, dial(None, server.port, 5) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        sock.settimeout(0.1)

        with pytest.raises(TimeoutError):
            read_to_the_end(sock)


def test_a_sockets_budget_bounds_sending() -> None:
    with nobody_accepts() as url, dial("127.0.0.1", urlsplit(url).port or 0, 5) as sock:
        sock.settimeout(0.1)

        with pytest.raises(TimeoutError):
            sock.sendall(bytes(100_000_000))


def test_sockets_that_would_block_everybody_under_gevent_are_refused_at_the_start() -> None:
    command = [sys.executable, "-c", PATCHED_TOO_LATE]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)

    assert run.returncode == 1
    assert "RuntimeError: gevent has to patch the sockets" in run.stderr
