"""How connections are made, reused and shared."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from aircall.api.client import ApiClient, Pool
from aircall.errors import NoResponseError, UnreachableError
from tests.integration.api.asking import CALL, CALL_ID, USER, asking
from tests.integration.api.behaviours import answer, drip, send_and_hang_up
from tests.support.waiting import wait_until

USER_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(USER)


def test_a_connection_that_was_closed_while_idle_is_replaced_before_a_change_is_sent() -> None:
    with asking(send_and_hang_up(USER_HEAD + USER), answer(CALL)) as (server, api):
        api.me("a.b.c")
        wait_until(lambda: server.ended == 1, what="the end of the first connection")

        assert api.toggle_archived("a.b.c", CALL_ID).is_archived

    assert server.lines == ["GET /me", f"PUT /calls/{CALL_ID}/archive"]
    assert server.connections == [1, 2]


def test_a_connection_is_reused_and_if_it_is_closed_on_a_request_leaves_the_fate_of_a_change_unknown() -> (
    None
):
    with asking(answer(USER), send_and_hang_up(b"")) as (server, api):
        api.me("a.b.c")
        with pytest.raises(NoResponseError):
            api.toggle_archived("a.b.c", CALL_ID)

    assert server.connections == [1, 1]


def test_a_connection_is_not_reused_after_four_seconds() -> None:
    slowly = drip(USER_HEAD, USER, 4.3 / len(USER))

    with asking(slowly, answer(USER), deadline=20) as (server, api):
        api.me("a.b.c")
        api.me("a.b.c")

    assert server.connections == [1, 2]


def test_many_threads_share_a_client() -> None:
    with asking(answer(USER), slots=dict.fromkeys(Pool, 4)) as (server, api), ThreadPoolExecutor(4) as pool:
        users = list(pool.map(lambda _: api.me("a.b.c"), range(200)))

    assert len(users) == len(server.received) == 200
    assert server.accepted <= 4


def test_a_name_that_cannot_be_resolved_is_unreachable() -> None:
    with closing(ApiClient(f"http://{'a' * 64}.test")) as api, pytest.raises(UnreachableError):
        api.me("a.b.c")
