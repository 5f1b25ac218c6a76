"""The listener against a server whose connections break, hang or are never made."""

from itertools import pairwise

import pytest

from aircall.status import LinkState
from tests.integration.pusher.listening import CALL, GAP, listening, settings_for
from tests.integration.pusher.rude_pusher import Manner, Peer, RudePusher, polite
from tests.support.waiting import wait_until


def closes_with(code: int) -> Manner:
    """Admit the client and close the WebSocket at once."""

    def close(peer: Peer) -> None:
        peer.admit()
        peer.close(code)
        peer.wait_until_gone()

    return close


def reports_error(code: int) -> Manner:
    """Admit the client, report an error and wait for the client to go."""

    def report(peer: Peer) -> None:
        peer.admit()
        peer.send("pusher:error", {"code": code, "message": "not now"})
        peer.wait_until_gone()

    return report


def resets(peer: Peer) -> None:
    peer.admit()
    peer.reset()


def hangs_up(peer: Peer) -> None:
    peer.admit()
    peer.hang_up()


def sends_no_frame(peer: Peer) -> None:
    peer.admit()
    peer.send_bytes(b"\x83\x00")
    peer.wait_until_gone()


def sends_half_a_frame(peer: Peer) -> None:
    peer.admit()
    peer.send_bytes(b"\x81\x7e\x01\x00{")
    peer.wait_until_gone()


def sends_no_text(peer: Peer) -> None:
    """A frame of text whose bytes are not UTF-8."""
    peer.admit()
    peer.send_bytes(b"\x81\x02\xff\xfe")
    peer.wait_until_gone()


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(closes_with(1000), id="closed with 1000"),
        pytest.param(closes_with(4201), id="closed with 4201"),
        pytest.param(reports_error(4001), id="error 4001"),
        pytest.param(reports_error(4100), id="error 4100"),
        pytest.param(reports_error(4200), id="error 4200"),
        resets,
        hangs_up,
        sends_no_frame,
        sends_half_a_frame,
        sends_no_text,
    ],
)
def test_an_ended_connection_is_followed_by_a_new_subscription_and_a_gap(end: Manner) -> None:
    with (
        RudePusher(end, polite) as server,
        listening(settings_for(server.port, connect_timeout=1.0)) as subject,
    ):
        subject.wait_for_gap(2)
        server.peers[1].send("update-call", CALL.to_json(), "private-aircall")
        subject.wait_for(CALL)

    assert subject.heard == [GAP, GAP, CALL]


def test_while_a_link_is_down_the_status_says_so() -> None:
    with RudePusher(polite) as server, listening(settings_for(server.port)) as subject:
        subject.wait_until(LinkState.LIVE)
        server.peers[0].hang_up()
        wait_until(lambda: len(subject.statuses) == 4)

        states = [status.state for status in subject.statuses]
        assert states == [LinkState.RECONNECTING, LinkState.LIVE, LinkState.RECONNECTING, LinkState.LIVE]


@pytest.mark.parametrize("code", [4001, 4100, 4200])
def test_a_server_that_ends_every_connection_at_once_is_not_hammered(code: int) -> None:
    def refuse(peer: Peer) -> None:
        peer.greet({"socket_id": "1.1"})
        peer.send("pusher:error", {"code": code, "message": "never"})
        peer.wait_until_gone()

    with RudePusher(refuse) as server, listening(settings_for(server.port)) as subject:
        wait_until(lambda: len(server.peers) >= 5)

    assert f"the server reported error {code}" in subject.reasons
    waits = [after - before for before, after in pairwise(peer.opened_at for peer in server.peers)]
    for wait, least in zip(waits, [0.05, 0.1, 0.2, 0.32], strict=False):
        assert wait >= least


def test_a_link_that_drops_again_and_again_is_given_ever_longer_pauses() -> None:
    with RudePusher(closes_with(1000)) as server, listening(settings_for(server.port)):
        wait_until(lambda: len(server.peers) >= 5)

    waits = [after - before for before, after in pairwise(peer.opened_at for peer in server.peers)]
    for wait, least in zip(waits, [0.02, 0.05, 0.1, 0.2], strict=False):
        assert wait >= least


def accepts_and_says_nothing(peer: Peer) -> None:
    peer.freeze()


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
    ("begin_badly", "reason"),
    [
        (accepts_and_says_nothing, "the connection failed (WebSocketTimeoutException)"),
        (answers_with_a_page, "the connection failed (503)"),
        (greets_without_socket_id, "the server gave no socket_id"),
        (never_confirms, "no subscription in time"),
        (refuses_the_subscription, "the server refused the subscription"),
    ],
)
def test_a_connection_that_never_gets_subscribed_is_replaced(begin_badly: Manner, reason: str) -> None:
    timings = {"connect_timeout": 0.2, "subscribe_timeout": 0.5}

    with (
        RudePusher(begin_badly, polite) as server,
        listening(settings_for(server.port, **timings)) as subject,
    ):
        subject.wait_for_gap(1)

    assert reason in subject.reasons


def test_a_secure_link_speaks_tls_from_the_first_byte() -> None:
    first_bytes: list[bytes] = []

    with (
        RudePusher(lambda peer: first_bytes.append(peer.first_bytes())) as server,
        listening(settings_for(server.port, is_secure=True)),
    ):
        wait_until(lambda: first_bytes)

    assert first_bytes[0].startswith(b"\x16\x03")


def test_a_server_that_is_not_there_is_tried_again() -> None:
    with RudePusher(polite) as server:
        port = server.port

    with listening(settings_for(port)) as subject:
        wait_until(lambda: "the connection failed (ConnectionRefusedError)" in subject.reasons)

        assert subject.listener.status.state == LinkState.RECONNECTING
