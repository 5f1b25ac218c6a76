"""The listener: events and foreign input, signatures, callbacks, start and stop."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from threading import Event

import pytest
from msgspec.structs import replace

from aircall.errors import NoLoginError, NoResponseError, UnauthorizedError
from aircall.status import LinkState, LinkStatus
from tests.integration.pusher.listening import (
    CALL,
    GAP,
    Listening,
    connected,
    connection_threads,
    settings_for,
    sign,
    waits,
)
from tests.integration.pusher.scripted_pusher import CHANNEL, Peer, ScriptedPusher
from tests.support.made_calls import made_call
from tests.support.waiting import wait_until

OTHER = made_call(2)
NOTE = CALL.notes[0].content


# Events


def test_calls_count_from_the_confirmation_on_and_a_second_confirmation_is_ignored() -> None:
    def confuse(peer: Peer) -> None:
        peer.greet()
        peer.subscription()
        peer.send_call(replace(CALL, via=""))
        confirmation = ("pusher_internal:subscription_succeeded", "{}")
        peer.send_together(confirmation, ("update-call", json.dumps(CALL.to_json())))
        peer.confirm()
        peer.send_call(OTHER)
        peer.stay()

    with connected(confuse) as (_, subject):
        subject.wait_for(OTHER)

    assert subject.received == [GAP, CALL, OTHER]


def update(data: object, event: str = "update-call", channel: object = CHANNEL) -> str:
    return json.dumps({"event": event, "data": data, "channel": channel})


FOREIGN = {
    "data that is not JSON": update("{"),
    "null": update(None),
    "a megabyte of JSON": update(json.dumps({**CALL.to_json(), "via": "1" * 1_000_000})),
    "an absurd number": update("9" * 5000),
    "no id": update(json.dumps({**CALL.to_json(), "id": None})),
    "an unknown event": update(CALL.to_json(), "delete-call"),
    "another channel": update(CALL.to_json(), channel="private-x"),
    "a channel that is no text": update({}, channel=[CHANNEL]),
    "an event that is no text": '{"event": ["update-call"]}',
    "an error without a code": '{"event": "pusher:error", "data": {"code": null}}',
    "an error that closes nothing": '{"event": "pusher:error", "data": {"code": 4301}}',
    "an error whose code is a text": '{"event": "pusher:error", "data": {"code": "4001"}}',
    "text that is not JSON": "garbage",
    "deeply nested text": "[" * 100_000,
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_foreign_input_is_dropped_with_one_log_line(text: str, caplog: pytest.LogCaptureFixture) -> None:
    with connected() as (server, subject):
        subject.wait_until(LinkState.LIVE)
        caplog.clear()

        server.peers[0].send_text(text)
        server.peers[0].send_call(CALL)
        subject.wait_for(CALL)

        assert subject.received == [GAP, CALL]
        assert len(caplog.messages) == 1
        assert len(caplog.messages[0]) < 80
        assert len(server.peers) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"code": 4009, "message": "no"}, "the server reported error 4009"),
        ('{"code": 4009, "message": "no"}', "the server reported error 4009"),
        ({"code": None}, "the server reported an error"),
        ("no", "the server reported an error"),
        (None, "the server reported an error"),
    ],
)
def test_any_error_ends_a_connection_that_is_not_subscribed_yet(
    error: object, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(peer: Peer) -> None:
        peer.greet({"socket_id": "1.1"})
        peer.subscription()
        peer.send("pusher:error", error)
        peer.wait_until_gone()

    with connected(refuse, Peer.accept) as (_, subject):
        subject.wait_until(LinkState.LIVE)

    assert reason in subject.reasons
    assert "pysher" not in {record.name.partition(".")[0] for record in caplog.records}


def test_neither_payloads_nor_signatures_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    with connected() as (server, subject):
        subject.wait_until(LinkState.LIVE)
        server.peers[0].send_call(CALL)
        server.peers[0].send("update-note", {"content": NOTE}, CHANNEL)
        server.peers[0].send_text(NOTE)
        server.peers[0].close(4200)
        subject.wait_for_gap(2)

    assert "subscribed" in caplog.text
    for secret in (NOTE, "signature", CALL.caller):
        assert secret not in caplog.text


# Signatures


class Signer:
    """Fails with these errors first, then signs."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)

    def __call__(self, socket_id: str, channel: str) -> str:
        if self._errors:
            raise self._errors.pop(0)
        return sign(socket_id, channel)


def test_every_connection_is_signed_with_its_own_socket_id() -> None:
    signatures: list[str] = []

    def subscribe_once(peer: Peer) -> None:
        signatures.append(peer.subscribe())
        peer.close(4200)
        peer.wait_until_gone()

    with connected(subscribe_once):
        wait_until(lambda: len(signatures) >= 3)

    assert signatures[:3] == [sign(f"{number}.{number}", CHANNEL) for number in (1, 2, 3)]


@pytest.mark.parametrize("kind", [UnauthorizedError, NoResponseError, OSError])
def test_a_failed_signature_is_shown_without_its_text_and_requested_again_until_it_succeeds(
    kind: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    signer = Signer(kind("a token"), kind("a token"))

    # Long before the subscription times out.
    with connected(authorize=signer, subscribe_timeout=50.0) as (_, subject):
        subject.wait_until(LinkState.LIVE)

    assert f"not authorized ({kind.__name__})" in subject.reasons
    assert "a token" not in caplog.text


@pytest.fixture
def hanging() -> Iterator[Event]:
    """Is set at the end of the test."""
    event = Event()
    yield event
    event.set()


def test_a_hanging_signature_costs_one_connection(hanging: Event, caplog: pytest.LogCaptureFixture) -> None:
    def hang_first(socket_id: str, channel: str) -> str:
        if socket_id == "1.1":
            hanging.wait()
        return sign(socket_id, channel)

    with connected(authorize=hang_first, subscribe_timeout=0.3) as (server, subject):
        subject.wait_until(LinkState.LIVE)
        hanging.set()
        wait_until(lambda: server.peers[0].is_closed and connection_threads() == 1)

        assert subject.listener.status.state == LinkState.LIVE
        assert "no subscription in time" in subject.reasons
        assert [message["event"] for message in server.peers[0].received] == ["pusher:ping"]
        assert "pysher" not in {record.name.partition(".")[0] for record in caplog.records}


def test_stop_does_not_wait_for_a_signature(hanging: Event) -> None:
    def hang(_socket_id: str, _channel: str) -> str:
        hanging.wait()
        raise UnauthorizedError("Unauthorized")

    with connected(authorize=hang, subscribe_timeout=50.0) as (server, subject):
        wait_until(lambda: server.peers and server.peers[0].received)
        began = time.monotonic()

        subject.listener.stop()

        assert time.monotonic() - began < 5
        hanging.set()
    assert subject.reasons == ["connecting", "stopped"]


def test_without_a_login_the_link_is_offline_and_retries_seldom() -> None:
    signer = Signer(NoLoginError("none"), NoLoginError("none"))

    with connected(authorize=signer, no_login_retry=0.2) as (server, subject):
        subject.wait_until(LinkState.LIVE)

    assert (subject.statuses[1].state, subject.reasons[1]) == (LinkState.OFFLINE, "nobody is logged in")
    assert min(waits(server)) >= 0.2


@pytest.mark.parametrize("does_wake", [True, False])
def test_wake_and_stop_end_the_longest_wait(does_wake: bool) -> None:
    with connected(authorize=Signer(NoLoginError("none")), no_login_retry=60.0) as (_, subject):
        subject.wait_until(LinkState.OFFLINE)

        (subject.listener.wake if does_wake else subject.listener.stop)()

        wait_until(lambda: subject.reasons[-1] == ("subscribed" if does_wake else "stopped"))


def test_many_logins_shorten_the_waits_but_do_not_hammer_a_server_that_refuses() -> None:
    signer = Signer(*[UnauthorizedError("Unauthorized")] * 8)

    with connected(authorize=signer, retry_min=0.1, retry_max=60.0) as (server, subject):

        def is_live_after_another_login() -> bool:
            subject.listener.wake()
            return subject.listener.status.state == LinkState.LIVE

        # Without the logins it would take 25 s or more.
        wait_until(is_live_after_another_login)

    assert min(waits(server)) >= 0.1


# Callbacks


def test_failing_callbacks_are_logged_without_text_and_are_gaps(caplog: pytest.LogCaptureFixture) -> None:
    def fail(value: object) -> None:
        raise ValueError(f"cannot take {value}")

    with connected() as (server, subject):
        subject.wait_for_gap(1)
        subject.hook = fail
        server.peers[0].send_call(CALL)
        subject.wait_for_gap(2)
        server.peers[0].send_call(OTHER)
        subject.wait_for_gap(3)
        server.peers[0].close(4200)
        subject.wait_for_gap(4)
        server.peers[1].send_call(CALL)
        subject.wait_for_gap(5)

    assert subject.received == [GAP, CALL, GAP, OTHER, GAP, GAP, CALL, GAP]
    assert "A callback failed: ValueError in " in caplog.text
    assert NOTE not in caplog.text


def test_calls_beyond_the_queue_limit_are_dropped_and_reported_as_one_gap(
    hanging: Event, caplog: pytest.LogCaptureFixture
) -> None:
    with connected(queue_limit=3) as (server, subject):
        subject.wait_for_gap(1)
        subject.hook = lambda value: value == CALL and hanging.wait()
        server.peers[0].send_call(CALL)
        subject.wait_for(CALL)
        for _ in range(50):
            server.peers[0].send_call(OTHER)
        # Its log line shows that everything before it has arrived.
        server.peers[0].send("update-call", "the end", CHANNEL)
        wait_until(lambda: "The data is not JSON" in caplog.text)
        hanging.set()
        wait_until(lambda: subject.received.count(OTHER) == 3)
        server.peers[0].send_call(CALL)
        wait_until(lambda: subject.received.count(CALL) == 2)

    assert subject.received == [GAP, CALL, GAP, OTHER, OTHER, OTHER, CALL]


def test_after_stop_no_queued_call_is_delivered(hanging: Event) -> None:
    with connected() as (server, subject):
        subject.wait_for_gap(1)
        subject.hook = lambda value: value == CALL and hanging.wait()
        server.peers[0].send_call(CALL)
        server.peers[0].send_call(OTHER)
        subject.wait_for(CALL)

        subject.listener.stop()
        hanging.set()
        wait_until(lambda: not any(thread.name == "listener-queue" for thread in threading.enumerate()))

        assert subject.received == [GAP, CALL]


# Start and stop


def test_a_listener_that_was_never_started_is_offline_and_ignores_stop_and_wake() -> None:
    with ScriptedPusher(Peer.accept) as server:
        subject = Listening(settings_for(server.port), sign)

        subject.listener.stop()
        subject.listener.wake()

        assert subject.listener.status.state == LinkState.OFFLINE
        assert (subject.statuses, server.peers) == ([], [])


def test_it_can_be_stopped_and_started_repeatedly_and_a_second_start_does_nothing() -> None:
    with connected() as (server, subject):
        for number in (1, 2, 3):
            subject.listener.start()
            subject.wait_for_gap(number)
            subject.wait_until(LinkState.LIVE)
            subject.listener.stop()
            assert subject.listener.status.state == LinkState.OFFLINE
            wait_until(lambda: all(peer.is_closed for peer in server.peers))
            subject.listener.start()
        subject.wait_until(LinkState.LIVE)

        assert len(server.peers) == 4
    assert subject.reasons == ["connecting", "subscribed", "stopped"] * 4


def test_each_status_is_published_once_with_the_time_since_when_the_state_holds() -> None:
    before = datetime.now(UTC)

    with connected(Peer.reset) as (server, subject):
        wait_until(lambda: len(subject.statuses) >= 2)
        connecting, failing = subject.statuses[:2]
        assert connecting == LinkStatus(LinkState.RECONNECTING, connecting.since, "connecting")
        assert (failing.state, failing.since) == (LinkState.RECONNECTING, connecting.since)
        assert before <= failing.since <= datetime.now(UTC)
        wait_until(lambda: len(server.peers) >= 4)

    assert all(before != after for before, after in pairwise(subject.reasons))


def test_it_recovers_after_a_time_in_which_no_thread_can_be_started() -> None:
    with connected() as (server, subject):
        subject.wait_for_gap(1)

        # More memory for each new thread than there is.
        usual = threading.stack_size(1 << 46)
        try:
            server.peers[0].hang_up()
            wait_until(lambda: "no thread to connect in" in subject.reasons)
        finally:
            threading.stack_size(usual)

        subject.wait_for_gap(2)


@pytest.mark.parametrize("moment", [LinkState.RECONNECTING, LinkState.LIVE, GAP])
def test_stop_may_be_called_by_a_callback(moment: LinkState | str) -> None:
    with connected() as (_, subject):
        subject.listener.stop()
        subject.statuses.clear()

        def stop_at_the_moment(value: object) -> None:
            if value == moment or (isinstance(value, LinkStatus) and value.state == moment):
                subject.listener.stop()

        subject.hook = stop_at_the_moment
        subject.listener.start()
        wait_until(lambda: subject.reasons[-1:] == ["stopped"])

        assert subject.listener.status.state == LinkState.OFFLINE
