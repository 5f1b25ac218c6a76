"""The listener against servers that are there and say nothing: noticed by pings, no hindrance to a stop."""

import threading
import time
from typing import Any

import pytest

from aircall.status import LinkState
from tests.integration.pusher.listening import connection_threads, listening, settings_for
from tests.integration.pusher.rude_pusher import Manner, Peer, RudePusher, polite
from tests.support.waiting import wait_until


def pysher_connection() -> Any:
    """The one connection that pysher has; it is a thread."""
    return next(thread for thread in threading.enumerate() if thread.name == "PysherEventLoop")


def answers_no_pings(peer: Peer) -> None:
    peer.does_answer_pings = False
    peer.admit()
    peer.wait_until_gone()


def freezes(peer: Peer) -> None:
    peer.admit()
    peer.freeze()


@pytest.mark.parametrize("fall_silent", [answers_no_pings, freezes])
def test_a_half_open_link_is_noticed_by_its_pings(fall_silent: Manner) -> None:
    pings = {"ping_interval": 0.3, "pong_timeout": 0.2}

    with RudePusher(fall_silent, polite) as server, listening(settings_for(server.port, **pings)) as subject:
        subject.wait_for_gap(2)

    assert "the connection failed (WebSocketTimeoutException)" in subject.reasons


def test_a_server_that_is_mute_above_a_living_link_is_noticed() -> None:
    def answer_only_the_websocket(peer: Peer) -> None:
        peer.admit()
        peer.wait_until_gone()

    pings = {"pusher_ping_interval": 0.3, "pong_timeout": 0.3}

    with (
        RudePusher(answer_only_the_websocket, polite) as server,
        listening(settings_for(server.port, **pings)) as subject,
    ):
        subject.wait_for_gap(2)

    assert "the server fell silent" in subject.reasons


def test_pysher_reconnecting_by_itself_cannot_hide_a_gap() -> None:
    with RudePusher(polite) as server:
        # A busy machine's polite answer takes less than this.
        with listening(settings_for(server.port, pusher_ping_interval=0.3, pong_timeout=3.0)) as subject:
            subject.wait_until(LinkState.LIVE)

            # What its own timers do when they miss a pong.
            pysher_connection().reconnect(0)
            subject.wait_for_gap(2)
        assert len(server.peers) == 2


def test_an_idle_link_is_kept_by_pings_within_the_time_the_server_allows() -> None:
    with RudePusher(polite) as server:
        with listening(settings_for(server.port, pusher_ping_interval=0.1)) as subject:
            subject.wait_until(LinkState.LIVE)
            wait_until(lambda: [m["event"] for m in server.peers[0].received].count("pusher:ping") >= 6)

            assert subject.listener.status.state == LinkState.LIVE
        assert len(server.peers) == 1


def never_confirms(peer: Peer) -> None:
    peer.greet()
    peer.stay()


def accepts_and_says_nothing(peer: Peer) -> None:
    peer.freeze()


@pytest.mark.parametrize(
    "behave", [polite, answers_no_pings, freezes, never_confirms, accepts_and_says_nothing]
)
def test_stop_is_quick_and_ends_the_connection_whatever_the_server_does(
    behave: Manner,
) -> None:
    with RudePusher(behave) as server, listening(settings_for(server.port)) as subject:
        wait_until(lambda: server.peers)
        began = time.monotonic()

        subject.listener.stop()

        # None of these servers would ever let it end; a busy machine takes its time.
        assert time.monotonic() - began < 5
        assert subject.listener.status.state == LinkState.OFFLINE
        wait_until(lambda: connection_threads() == 0)
