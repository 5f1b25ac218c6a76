"""Callbacks that fail or take too long do the listener no harm."""

import threading
from threading import Event

import pytest
from msgspec.structs import replace

from aircall.status import LinkState
from tests.integration.pusher.listening import CALL, GAP, listening, settings_for, sign
from tests.integration.pusher.rude_pusher import CHANNEL, RudePusher, polite
from tests.support.waiting import wait_until

OTHER = replace(CALL, id="7876e2eb-1a50-4a7e-afb5-2936cbe6e814")


def fail(told: object) -> None:
    raise ValueError(f"cannot take {told}")


def test_callbacks_that_fail_are_logged_without_what_they_say_and_followed_by_a_gap(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with RudePusher(polite) as server, listening(settings_for(server.port)) as subject:
        subject.wait_for_gap(1)
        subject.interfere = fail
        server.peers[0].send("update-call", CALL.to_json(), CHANNEL)
        subject.wait_for_gap(2)
        server.peers[0].send("update-call", OTHER.to_json(), CHANNEL)
        subject.wait_for_gap(3)
        server.peers[0].close(4200)
        subject.wait_for_gap(4)
        server.peers[1].send("update-call", CALL.to_json(), CHANNEL)
        subject.wait_for_gap(5)

    assert subject.heard == [GAP, CALL, GAP, OTHER, GAP, GAP, CALL, GAP]
    assert "A callback failed: ValueError in " in caplog.text
    assert CALL.notes[0].content not in caplog.text


def test_a_signature_that_fails_for_reasons_of_our_own_is_soon_asked_for_again_and_its_text_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def sign_but_not_the_first(socket_id: str, channel: str) -> str:
        if socket_id == "1.1":
            raise OSError("no room for the token")
        return sign(socket_id, channel)

    with (
        RudePusher(polite) as server,
        listening(settings_for(server.port), sign_but_not_the_first) as subject,
    ):
        # Long before the time that a subscription may take is over.
        subject.wait_until(LinkState.LIVE, deadline=2.0)

    assert "not authorized (OSError)" in subject.reasons
    assert "token" not in caplog.text


def test_calls_that_come_faster_than_they_are_taken_are_dropped_and_reported_as_one_gap(
    caplog: pytest.LogCaptureFixture,
) -> None:
    may_go_on = Event()

    with RudePusher(polite) as server, listening(settings_for(server.port, queue_limit=3)) as subject:
        subject.wait_for_gap(1)
        subject.interfere = lambda told: told == CALL and may_go_on.wait()
        server.peers[0].send("update-call", CALL.to_json(), CHANNEL)
        subject.wait_for(CALL)
        for _ in range(50):
            server.peers[0].send("update-call", OTHER.to_json(), CHANNEL)
        # What is logged of this shows that everything before it has arrived.
        server.peers[0].send("update-call", "the end", CHANNEL)
        wait_until(lambda: "The data is not JSON" in caplog.text)
        may_go_on.set()
        subject.wait_for_gap(2)
        server.peers[0].send("update-call", CALL.to_json(), CHANNEL)
        wait_until(lambda: subject.heard.count(CALL) == 2)

    assert subject.heard == [GAP, CALL, GAP, OTHER, OTHER, OTHER, CALL]


def test_after_stop_nothing_that_waited_is_handed_over() -> None:
    may_go_on = Event()

    with RudePusher(polite) as server, listening(settings_for(server.port)) as subject:
        subject.wait_for_gap(1)
        subject.interfere = lambda told: told == CALL and may_go_on.wait()
        server.peers[0].send("update-call", CALL.to_json(), CHANNEL)
        server.peers[0].send("update-call", OTHER.to_json(), CHANNEL)
        subject.wait_for(CALL)

        subject.listener.stop()
        may_go_on.set()
        wait_until(lambda: not any(thread.name == "listener-pump" for thread in threading.enumerate()))

        assert subject.heard == [GAP, CALL]
