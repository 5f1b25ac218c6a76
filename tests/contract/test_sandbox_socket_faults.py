"""The faults of the channel, each by its name."""

import pytest
from websocket import WebSocketBadStatusException, WebSocketTimeoutException

from tests.support.pusher_socket import CHANNEL, PusherSocket, connected
from tests.support.rest_client import RestClient
from tests.support.sandbox import Sandbox


@pytest.fixture
def call_id(sandbox: Sandbox) -> str:
    return str(sandbox.calls()[0]["id"])


def test_sockets_are_dropped_with_a_code(sandbox: Sandbox, rest: RestClient) -> None:
    with connected(sandbox) as socket:
        socket.subscribe(rest)

        sandbox.drop_sockets(4200, "Reconnect")

        assert socket.close_code() == 4200


def test_sockets_are_dropped_without_a_word(sandbox: Sandbox, rest: RestClient) -> None:
    with connected(sandbox) as socket:
        socket.subscribe(rest)

        sandbox.drop_sockets()

        with pytest.raises(ConnectionResetError):
            socket.next()


def test_new_sockets_are_refused_until_that_is_switched_off(sandbox: Sandbox) -> None:
    sandbox.refuse_sockets()

    with pytest.raises(WebSocketBadStatusException, match="503"), connected(sandbox):
        pass

    assert sandbox.counters().connections_refused == 1
    sandbox.refuse_sockets(False)
    with connected(sandbox) as socket:
        assert socket.socket_id()


@pytest.mark.parametrize("status", [403, 500])
def test_signatures_are_refused_so_many_times(sandbox: Sandbox, rest: RestClient, status: int) -> None:
    sandbox.refuse_channel_auth(status, times=2)
    fields = {"socket_id": "1.1", "channel_name": CHANNEL}

    statuses = [rest.post_form("/pusher/auth", fields).status_code for _ in range(3)]

    assert statuses == [status, status, 200]


def test_mute_sockets_stay_and_say_nothing_until_the_fault_is_cleared(
    sandbox: Sandbox, rest: RestClient, call_id: str
) -> None:
    with connected(sandbox) as socket:
        socket.subscribe(rest)
        sandbox.mute_sockets()

        changed = sandbox.archive(call_id)
        socket.send("pusher:ping", {})

        with pytest.raises(WebSocketTimeoutException):
            socket.next_within(0.3)
        assert sandbox.counters().subscriptions_now == 1
        sandbox.clear_faults()
        assert socket.next_call() == changed
        assert socket.next()["event"] == "pusher:pong"


def test_a_new_socket_is_not_mute(sandbox: Sandbox, rest: RestClient, call_id: str) -> None:
    with connected(sandbox) as mute:
        mute.subscribe(rest)
        sandbox.mute_sockets()

        with connected(sandbox) as socket:
            socket.subscribe(rest)
            assert socket_gets(socket, sandbox, call_id)


def test_lost_events_are_lost_and_the_next_one_comes(
    sandbox: Sandbox, rest: RestClient, call_id: str
) -> None:
    with connected(sandbox) as socket:
        socket.subscribe(rest)
        sandbox.lose_events(2)

        for _ in range(2):
            sandbox.archive(call_id)

        assert socket_gets(socket, sandbox, call_id)
    assert sandbox.counters().events_sent == 1


@pytest.mark.parametrize(
    ("data", "raw"), [("not JSON", "not JSON"), ({"id": 7}, '{"id": 7}'), (None, "null")]
)
def test_foreign_events_arrive_as_they_are(
    sandbox: Sandbox, rest: RestClient, data: object, raw: str
) -> None:
    with connected(sandbox) as socket:
        socket.subscribe(rest)

        sandbox.send_event("update-call", data)

        assert socket.next() == {"event": "update-call", "channel": CHANNEL, "data": raw}


@pytest.mark.parametrize("code", [4004, 4100, 4200])
def test_an_error_with_a_closing_code_closes(sandbox: Sandbox, rest: RestClient, code: int) -> None:
    with connected(sandbox) as socket:
        socket.subscribe(rest)

        sandbox.pusher_error(code, "Over quota")

        assert socket.next() == {"event": "pusher:error", "data": {"code": code, "message": "Over quota"}}
        assert socket.close_code() == code


@pytest.mark.parametrize("code", [None, 4301])
def test_an_error_without_a_closing_code_leaves_the_connection_alone(
    sandbox: Sandbox, rest: RestClient, call_id: str, code: int | None
) -> None:
    with connected(sandbox) as socket:
        socket.subscribe(rest)

        sandbox.pusher_error(code)

        assert socket.next()["data"]["code"] == code
        assert socket_gets(socket, sandbox, call_id)


def test_a_reset_closes_every_socket(sandbox: Sandbox, rest: RestClient) -> None:
    with connected(sandbox) as socket, connected(sandbox) as mute:
        socket.subscribe(rest)
        mute.socket_id()
        sandbox.mute_sockets()

        sandbox.reset()

        assert socket.close_code() == 4200
        assert mute.close_code() == 4200
        assert sandbox.counters().subscriptions_now == 0


def socket_gets(socket: PusherSocket, sandbox: Sandbox, call_id: str) -> bool:
    """Whether the next thing on the socket is a change made just now."""
    return sandbox.archive(call_id) == socket.next_call()
