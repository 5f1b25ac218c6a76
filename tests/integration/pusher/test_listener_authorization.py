"""Signing the subscription: anew for each connection, refused, failing, slow, or with nobody signed in."""

import time
from collections.abc import Iterator
from itertools import pairwise
from threading import Event

import pytest

from aircall.errors import (
    AircallError,
    ForbiddenError,
    MalformedResponseError,
    NoLoginError,
    NoResponseError,
    UnauthorizedError,
    UnreachableError,
)
from aircall.status import LinkState
from tests.integration.pusher.listening import connection_threads, listening, settings_for, sign
from tests.integration.pusher.rude_pusher import Peer, RudePusher, polite
from tests.support.waiting import wait_until


class Signer:
    """Fails with these errors first, one after the other, then signs. `asked` holds the socket ids it got."""

    def __init__(self, *errors: AircallError) -> None:
        self._errors = list(errors)
        self.asked: list[str] = []

    def __call__(self, socket_id: str, channel: str) -> str:
        self.asked.append(socket_id)
        if self._errors:
            raise self._errors.pop(0)
        return sign(socket_id, channel)


def test_every_connection_is_signed_anew_for_its_own_socket_id() -> None:
    signatures: list[str] = []

    def admit_once(peer: Peer) -> None:
        signatures.append(peer.admit())
        peer.close(4200)
        peer.wait_until_gone()

    with RudePusher(admit_once) as server, listening(settings_for(server.port)):
        wait_until(lambda: len(signatures) >= 3)

    assert signatures[:3] == [sign(f"{number}.{number}", "private-aircall") for number in (1, 2, 3)]


@pytest.mark.parametrize(
    "error",
    [
        UnauthorizedError("Unauthorized"),
        ForbiddenError("Forbidden"),
        MalformedResponseError("a page"),
        NoResponseError("too late"),
        UnreachableError("refused"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_refused_or_failed_signature_is_shown_and_asked_for_again_until_it_comes(
    error: AircallError,
) -> None:
    signer = Signer(error, error)

    with RudePusher(polite) as server, listening(settings_for(server.port), signer) as subject:
        subject.wait_for_gap(1)

    assert signer.asked == ["1.1", "2.2", "3.3"]
    assert f"not authorized ({type(error).__name__})" in subject.reasons


def test_refused_signatures_are_asked_for_ever_more_slowly() -> None:
    signer = Signer(*[UnauthorizedError("Unauthorized")] * 9)

    with RudePusher(polite) as server, listening(settings_for(server.port), signer):
        wait_until(lambda: len(server.peers) >= 5)

    waits = [after - before for before, after in pairwise(peer.opened_at for peer in server.peers)]
    for wait, least in zip(waits, [0.05, 0.1, 0.2, 0.32], strict=False):
        assert wait >= least


@pytest.fixture
def hanging() -> Iterator[Event]:
    """Whoever waits for it hangs until the test is over."""
    event = Event()
    yield event
    event.set()


def test_a_signature_that_never_comes_costs_one_connection_and_no_more(
    hanging: Event, caplog: pytest.LogCaptureFixture
) -> None:
    def sign_too_late_at_first(socket_id: str, channel: str) -> str:
        if socket_id == "1.1":
            hanging.wait()
        return sign(socket_id, channel)

    timings = {"subscribe_timeout": 0.3}
    with (
        RudePusher(polite) as server,
        listening(settings_for(server.port, **timings), sign_too_late_at_first) as subject,
    ):
        subject.wait_until(LinkState.LIVE)
        hanging.set()
        wait_until(lambda: server.peers[0].is_over and connection_threads() == 1)

        assert subject.listener.status.state == LinkState.LIVE
        assert "no subscription in time" in subject.reasons
        assert [message["event"] for message in server.peers[0].received] == ["pusher:ping"]
        assert "pysher" not in {record.name.partition(".")[0] for record in caplog.records}


def test_stop_does_not_wait_for_a_signature(hanging: Event) -> None:
    def never_sign(_socket_id: str, _channel: str) -> str:
        hanging.wait()
        raise UnauthorizedError("Unauthorized")

    with RudePusher(polite) as server, listening(settings_for(server.port), never_sign) as subject:
        wait_until(lambda: server.peers and server.peers[0].received)
        began = time.monotonic()

        subject.listener.stop()

        assert time.monotonic() - began < 0.5
        hanging.set()
    assert subject.reasons == ["connecting", "stopped"]


def test_stop_ends_even_the_longest_wait() -> None:
    signer = Signer(NoLoginError("nobody"))
    timings = {"no_login_retry": 60.0, "retry_min": 0.0}

    with RudePusher(polite) as server, listening(settings_for(server.port, **timings), signer) as subject:
        subject.wait_until(LinkState.OFFLINE)
        subject.listener.stop()

        assert subject.listener.status.reason == "stopped"


def test_with_nobody_signed_in_the_link_is_offline_and_asks_again_by_itself_but_seldom() -> None:
    signer = Signer(NoLoginError("nobody"), NoLoginError("nobody"))

    with (
        RudePusher(polite) as server,
        listening(settings_for(server.port, no_login_retry=0.2), signer) as subject,
    ):
        subject.wait_until(LinkState.LIVE)

    assert subject.statuses[1].state == LinkState.OFFLINE
    assert subject.statuses[1].reason == "nobody is signed in"
    for before, after in pairwise(peer.opened_at for peer in server.peers):
        assert after - before >= 0.2


def test_somebody_signing_in_ends_the_waiting_for_somebody() -> None:
    signer = Signer(NoLoginError("nobody"))

    with RudePusher(polite) as server, listening(settings_for(server.port), signer) as subject:
        subject.wait_until(LinkState.OFFLINE)
        subject.listener.wake()

        subject.wait_until(LinkState.LIVE)


def test_somebody_signing_in_cuts_a_long_pause_short() -> None:
    signer = Signer(*[UnauthorizedError("Unauthorized")] * 3)
    slow = {"retry_min": 0.3, "retry_max": 60.0}

    with RudePusher(polite) as server, listening(settings_for(server.port, **slow), signer) as subject:
        wait_until(lambda: len(server.peers) == 3 and server.peers[2].is_over)
        subject.listener.wake()
        # Without the wake it would take 1.2 s or more.
        subject.wait_until(LinkState.LIVE, deadline=0.8)


def test_many_people_signing_in_do_not_hammer_a_server_that_refuses() -> None:
    signer = Signer(*[UnauthorizedError("Unauthorized")] * 99)
    slow = {"retry_min": 0.2, "retry_max": 60.0}

    with RudePusher(polite) as server, listening(settings_for(server.port, **slow), signer) as subject:
        ends_at = time.monotonic() + 0.7

        def sign_in() -> bool:
            subject.listener.wake()
            return time.monotonic() > ends_at

        wait_until(sign_in)

    assert 2 <= len(server.peers) <= 4
