"""Connections that break, hang or are never made are noticed, replaced and reported as a gap."""

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from aircall.errors import UnauthorizedError
from aircall.pusher.connection import ConnectionEndedError, PusherConnection
from aircall.status import LinkState
from tests.integration.api.behaviours import nobody_can_get_in, nobody_listens
from tests.integration.api.certificates import server_context
from tests.integration.pusher.listening import (
    CALL,
    GAP,
    connected,
    connection_threads,
    listening,
    settings_for,
    sign,
    waits,
)
from tests.integration.pusher.scripted_pusher import Peer, Script, ScriptedPusher
from tests.support.waiting import wait_until

# Seconds. Only the limit for the connection can end the attempt.
CONNECT_TIMEOUTS = {"connect_timeout": 0.2, "subscribe_timeout": 50.0}


def after_subscribing(action: Script) -> Script:
    """Confirm the subscription, do this, and answer no Pusher pings."""

    def script(peer: Peer) -> None:
        peer.subscribe()
        action(peer)
        peer.wait_until_gone()

    return script


ENDS = {
    "closed with 1000": after_subscribing(lambda peer: peer.close(1000)),
    "closed with 4201": after_subscribing(lambda peer: peer.close(4201)),
    "error 4000": after_subscribing(lambda peer: peer.send("pusher:error", {"code": 4000})),
    "error 4299": after_subscribing(lambda peer: peer.send("pusher:error", {"code": 4299})),
    "reset": after_subscribing(Peer.reset),
    "hung up": after_subscribing(Peer.hang_up),
    "not a frame": after_subscribing(lambda peer: peer.send_bytes(b"\x83\x00")),
    "half a frame": after_subscribing(lambda peer: peer.send_bytes(b"\x81\x7e\x01\x00{")),
    "not UTF-8": after_subscribing(lambda peer: peer.send_bytes(b"\x81\x02\xff\xfe")),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_an_ended_connection_is_followed_by_a_new_one_and_a_gap(end: Script) -> None:
    with connected(end, Peer.accept, connect_timeout=1.0) as (server, subject):
        subject.wait_for_gap(2)
        server.peers[1].send_call(CALL)
        subject.wait_for(CALL)
        subject.wait_until(LinkState.LIVE)

        assert subject.received == [GAP, GAP, CALL]
        assert subject.statuses[-2].state == LinkState.RECONNECTING
        assert subject.reasons[-2] != "connecting"


def refuses_at_once(peer: Peer) -> None:
    peer.greet({"socket_id": "1.1"})
    peer.send("pusher:error", {"code": 4100, "message": "never"})
    peer.wait_until_gone()


def refuse_to_sign(_socket_id: str, _channel: str) -> str:
    raise UnauthorizedError("Unauthorized")


@pytest.mark.parametrize(
    ("script", "authorize", "minimum_waits"),
    [
        (refuses_at_once, sign, [0.05, 0.1, 0.2, 0.32]),
        (Peer.accept, refuse_to_sign, [0.05, 0.1, 0.2, 0.32]),
        (ENDS["closed with 1000"], sign, [0.02, 0.05, 0.1, 0.2]),
    ],
    ids=["the server refuses", "the signature is refused", "the link drops"],
)
def test_repeated_failures_back_off(script: Script, authorize: Any, minimum_waits: list[float]) -> None:
    with connected(script, authorize=authorize) as (server, _):
        wait_until(lambda: len(server.peers) >= 5)

    for wait, minimum in zip(waits(server), minimum_waits, strict=False):
        assert wait >= minimum


def answers_with_a_page(peer: Peer) -> None:
    peer.send_bytes(b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/html\r\n\r\n<h1>Later</h1>")


def greets_without_socket_id(peer: Peer) -> None:
    peer.greet("{}")
    peer.wait_until_gone()


def never_confirms(peer: Peer) -> None:
    peer.greet()
    peer.stay()


def refuses_the_subscription(peer: Peer) -> None:
    peer.greet()
    peer.subscription()
    peer.send("pusher:subscription_error", {"type": "AuthError", "status": 401}, "private-aircall")
    peer.wait_until_gone()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (Peer.freeze, "the connection failed (WebSocketTimeoutException)"),
        (answers_with_a_page, "the connection failed (503)"),
        (greets_without_socket_id, "the server gave no socket_id"),
        (never_confirms, "no subscription in time"),
        (refuses_the_subscription, "the server refused the subscription"),
    ],
)
def test_a_connection_that_is_never_subscribed_is_replaced(script: Script, reason: str) -> None:
    with connected(script, Peer.accept, connect_timeout=0.2, subscribe_timeout=0.5) as (_, subject):
        subject.wait_for_gap(1)

    assert reason in subject.reasons


def test_a_connection_that_is_closed_before_it_is_opened_never_subscribes() -> None:
    calls: list[object] = []

    with ScriptedPusher(Peer.accept) as server:
        connection = PusherConnection(
            settings_for(server.port),
            authorize=sign,
            on_subscribed=lambda: calls.append("subscribed"),
            on_call=calls.append,
        )
        connection.close()
        with pytest.raises(ConnectionEndedError, match="closed"):
            connection.open()
        wait_until(lambda: server.peers and server.peers[0].is_closed)

        assert [message["event"] for message in server.peers[0].received] == ["pusher:ping"]
    assert calls == []


# Connecting


@pytest.mark.parametrize(
    ("place", "error"), [(nobody_listens, "ConnectionRefusedError"), (nobody_can_get_in, "TimeoutError")]
)
def test_a_server_that_is_not_there_or_lets_nobody_in_is_tried_again(
    place: Callable[[], AbstractContextManager[str]], error: str
) -> None:
    with ExitStack() as stack:
        port = int(stack.enter_context(place()).rpartition(":")[2])
        subject = stack.enter_context(listening(settings_for(port, **CONNECT_TIMEOUTS)))
        wait_until(lambda: f"the connection failed ({error})" in subject.reasons)

        assert subject.listener.status.state == LinkState.RECONNECTING


def test_a_silent_tls_handshake_times_out_and_is_tried_again() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        server.settimeout(20)
        settings = settings_for(server.getsockname()[1], is_secure=True, **CONNECT_TIMEOUTS)
        subject = stack.enter_context(listening(settings))
        for _ in range(3):
            connection = stack.enter_context(server.accept()[0])
            connection.settimeout(20)
            assert connection.recv(2) == b"\x16\x03"

    assert "the connection failed (TimeoutError)" in subject.reasons


def test_a_server_with_an_untrusted_certificate_learns_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        with listening(settings_for(server.getsockname()[1], is_secure=True)) as subject:
            connection, _ = server.accept()
            with pytest.raises(ssl.SSLError, match="unknown ca"), connection:
                server_context(tmp_path).wrap_socket(connection, server_side=True)

            wait_until(lambda: "the connection failed (SSLCertVerificationError)" in subject.reasons)


# Silent links


def answers_no_websocket_pings(peer: Peer) -> None:
    peer.answers_pings = False
    peer.subscribe()
    peer.wait_until_gone()


freezes = after_subscribing(Peer.freeze)
is_mute = after_subscribing(lambda _peer: None)


@pytest.mark.parametrize(
    ("script", "interval", "reason"),
    [
        (answers_no_websocket_pings, "ping_interval", "the connection failed (WebSocketTimeoutException)"),
        (freezes, "ping_interval", "the connection failed (WebSocketTimeoutException)"),
        (is_mute, "pusher_ping_interval", "the server fell silent"),
    ],
)
def test_a_half_open_link_and_a_mute_server_are_noticed_by_pings(
    script: Script, interval: str, reason: str
) -> None:
    timings: dict[str, Any] = {interval: 0.3, "pong_timeout": 0.2}
    with connected(script, Peer.accept, **timings) as (_, subject):
        subject.wait_for_gap(2)

    assert reason in subject.reasons


def test_an_idle_link_is_kept_alive_by_pings_even_after_foreign_input() -> None:
    with connected(pusher_ping_interval=0.1) as (server, subject):
        subject.wait_until(LinkState.LIVE)
        server.peers[0].send_text("garbage")
        wait_until(lambda: [m["event"] for m in server.peers[0].received].count("pusher:ping") >= 6)

        assert subject.listener.status.state == LinkState.LIVE
        assert len(server.peers) == 1


@pytest.mark.parametrize(
    "script", [Peer.accept, answers_no_websocket_pings, freezes, never_confirms, Peer.freeze]
)
def test_stop_is_quick_and_closes_the_connection_whatever_the_server_does(script: Script) -> None:
    with connected(script) as (server, subject):
        wait_until(lambda: server.peers)
        began = time.monotonic()

        subject.listener.stop()

        # None of these servers would ever end it.
        assert time.monotonic() - began < 5
        assert subject.listener.status.state == LinkState.OFFLINE
        wait_until(lambda: connection_threads() == 0)
