"""How connections are made, reused and shared."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from aircall.api.client import ApiClient, Pool
from aircall.errors import NoResponseError, PoolExhaustedError, UnreachableError
from tests.integration.api.behaviours import answer, drip, send_and_hang_up
from tests.integration.api.hostile_http import HostileServer, Peer
from tests.support.waiting import wait_until

USER = json.dumps({"id": "alice", "username": "alice"}).encode()
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(USER), USER)
CALL_ID = "7876e2eb-1a50-4a7e-afb5-2936cbe6e814"
CALL = json.dumps({"id": CALL_ID, "is_archived": True}).encode()


def test_a_connection_is_reused() -> None:
    with HostileServer(answer(USER)) as server, closing(ApiClient(server.url)) as api:
        for _ in range(3):
            api.me("a.b.c")

    assert server.connections == [1, 1, 1]


def test_a_connection_that_was_closed_while_idle_is_replaced_before_a_change_is_sent() -> None:
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


def test_a_connection_that_is_closed_on_a_request_leaves_the_fate_of_a_change_unknown() -> None:
    with (
        HostileServer(answer(USER), send_and_hang_up(b"")) as server,
        closing(ApiClient(server.url)) as api,
    ):
        api.me("a.b.c")

        with pytest.raises(NoResponseError):
            api.toggle_archived("a.b.c", CALL_ID)

    assert server.connections == [1, 1]


def test_a_connection_is_not_reused_after_four_seconds() -> None:
    slowly = drip(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(USER), USER, 4.3 / len(USER))

    with HostileServer(slowly, answer(USER)) as server, closing(ApiClient(server.url, deadline=20)) as api:
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
