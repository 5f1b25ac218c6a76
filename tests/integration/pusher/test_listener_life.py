"""Starting and stopping a listener, and what its status says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from aircall.pusher.connection import ConnectionEndedError, PusherConnection
from aircall.status import LinkState, LinkStatus
from tests.integration.pusher.listening import CALL, GAP, Listening, listening, settings_for, sign
from tests.integration.pusher.rude_pusher import CHANNEL, RudePusher, polite
from tests.support.waiting import wait_until


def test_a_listener_that_was_never_started_is_offline_and_stop_and_wake_do_nothing() -> None:
    with RudePusher(polite) as server:
        subject = Listening(settings_for(server.port), sign)

        subject.listener.stop()
        subject.listener.wake()

        assert subject.listener.status.state == LinkState.OFFLINE
        assert (subject.statuses, server.peers) == ([], [])


def test_started_twice_it_makes_one_connection() -> None:
    with RudePusher(polite) as server, listening(settings_for(server.port)) as subject:
        subject.listener.start()
        subject.wait_until(LinkState.LIVE)
        server.peers[0].send("update-call", CALL.to_json(), CHANNEL)
        subject.wait_for(CALL)

        assert subject.heard == [GAP, CALL]
        assert len(server.peers) == 1


def test_it_can_be_stopped_and_started_again_and_again() -> None:
    with RudePusher(polite) as server, listening(settings_for(server.port)) as subject:
        for number in (1, 2, 3):
            subject.wait_for_gap(number)
            subject.listener.stop()
            assert subject.listener.status.state == LinkState.OFFLINE
            wait_until(lambda: all(peer.is_over for peer in server.peers))
            subject.listener.start()
        subject.wait_until(LinkState.LIVE)

    assert len(server.peers) == 4
    assert subject.reasons == ["connecting", "subscribed", "stopped"] * 4


def test_stopped_while_it_waits_between_connections_it_makes_no_more() -> None:
    with RudePusher(lambda peer: peer.reset()) as server:
        with listening(settings_for(server.port, retry_min=0.2)) as subject:
            wait_until(lambda: len(subject.reasons) >= 2)
            subject.listener.stop()
            assert subject.listener.status.reason == "stopped"
        assert len(server.peers) == 1


def test_the_status_tells_since_when_the_link_has_been_in_its_state() -> None:
    before = datetime.now(UTC)

    with RudePusher(lambda peer: peer.reset()) as server, listening(settings_for(server.port)) as subject:
        wait_until(lambda: len(subject.statuses) >= 2)
        connecting, failing = subject.statuses[:2]

        assert connecting == LinkStatus(LinkState.RECONNECTING, connecting.since, "connecting")
        assert failing.state == LinkState.RECONNECTING
        assert failing.since == connecting.since
        assert before <= failing.since <= datetime.now(UTC)


def test_a_status_that_did_not_change_is_told_once() -> None:
    with RudePusher(lambda peer: peer.reset()) as server, listening(settings_for(server.port)) as subject:
        wait_until(lambda: len(server.peers) >= 4)

    assert all(before != after for before, after in pairwise(subject.reasons))


@contextmanager
def no_room_for_threads() -> Iterator[None]:
    """A time in which the system has no room for another thread."""
    usual = threading.stack_size(1 << 46)
    try:
        yield
    finally:
        threading.stack_size(usual)


def test_it_outlives_a_time_in_which_no_thread_can_be_started() -> None:
    with RudePusher(polite) as server, listening(settings_for(server.port)) as subject:
        subject.wait_for_gap(1)

        with no_room_for_threads():
            server.peers[0].hang_up()
            wait_until(lambda: "no thread to connect in" in subject.reasons)

        subject.wait_for_gap(2)


@pytest.mark.parametrize("moment", [LinkState.RECONNECTING, LinkState.LIVE, GAP])
def test_stop_may_be_called_by_a_callback(moment: LinkState | str) -> None:
    with RudePusher(polite) as server, listening(settings_for(server.port)) as subject:
        subject.listener.stop()
        subject.statuses.clear()

        def stop_at_the_moment(told: object) -> None:
            if told == moment or (isinstance(told, LinkStatus) and told.state == moment):
                subject.listener.stop()

        subject.interfere = stop_at_the_moment
        subject.listener.start()
        wait_until(lambda: subject.reasons[-1:] == ["stopped"])

        assert subject.listener.status.state == LinkState.OFFLINE


def test_a_subscription_that_was_closed_before_it_was_opened_never_subscribes() -> None:
    told: list[object] = []

    with RudePusher(polite) as server:
        subscription = PusherConnection(
            settings_for(server.port),
            authorize=sign,
            on_subscribed=lambda: told.append("subscribed"),
            on_call=told.append,
        )
        subscription.close()
        with pytest.raises(ConnectionEndedError, match="closed"):
            subscription.open()
        wait_until(lambda: server.peers and server.peers[0].is_over)

        assert [message["event"] for message in server.peers[0].received] == ["pusher:ping"]
    assert told == []
