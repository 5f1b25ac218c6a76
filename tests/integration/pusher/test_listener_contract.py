"""What the listener does with any server of the Pusher protocol, written once. Knows no particular server."""

import time
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any

import pytest

from aircall.models import Call
from aircall.pusher.connection import PusherSettings
from aircall.status import LinkState
from tests.integration.pusher.listening import GAP, QUICK, Listening, listening
from tests.support.waiting import wait_until


class PusherServer(ABC):
    """A real server, what it can be made to do, and who signs for it."""

    host: str
    port: int
    key: str

    @abstractmethod
    def authorize(self, socket_id: str, channel: str) -> str:
        """The signature, or an AircallError while it is refused."""

    @abstractmethod
    def refuse_authorization(self, times: int) -> None:
        """Refuse the next subscriptions."""

    @abstractmethod
    def change_call(self) -> Call:
        """Change some call, tell the channel, and return the call as it is then."""

    @abstractmethod
    def send(self, event: str, data: str) -> None:
        """Tell the channel anything."""

    @abstractmethod
    def drop_links(self) -> None:
        """End all connections; new ones are welcome."""

    @abstractmethod
    def fall_silent(self) -> None:
        """Keep the connections there are, and answer nothing on them."""

    @abstractmethod
    def recover(self) -> None:
        """End a silence."""

    @abstractmethod
    def subscription_count(self) -> int:
        """How many connections are subscribed to the channel now."""

    def listened_to(self, **timings: Any) -> AbstractContextManager[Listening]:
        """A listener to this server, started, with timings that differ from the quick ones."""
        settings = PusherSettings(
            key=self.key, cluster="eu", host=self.host, port=self.port, **QUICK | timings
        )
        return listening(settings, self.authorize)


class ListenerContract:
    """To be inherited where there is a fixture `server`."""

    def test_a_changed_call_arrives_after_the_first_gap(self, server: PusherServer) -> None:
        with server.listened_to() as subject:
            subject.wait_for_gap(1)

            call = server.change_call()
            subject.wait_for(call)

            assert subject.heard == [GAP, call]
            assert subject.listener.status.state == LinkState.LIVE

    def test_a_dropped_link_comes_back_with_a_gap_and_delivers_again(self, server: PusherServer) -> None:
        with server.listened_to() as subject:
            subject.wait_for_gap(1)

            server.drop_links()
            subject.wait_for_gap(2)
            call = server.change_call()
            subject.wait_for(call)

            assert subject.heard == [GAP, GAP, call]

    def test_a_refused_authorization_is_shown_and_heals(self, server: PusherServer) -> None:
        server.refuse_authorization(times=3)
        with server.listened_to() as subject:
            subject.wait_for_gap(1)
            subject.wait_for(server.change_call())

        reasons = {"not authorized (ForbiddenError)", "the server refused the subscription"}
        refused = [status.state for status in subject.statuses if status.reason in reasons]
        assert refused == [LinkState.RECONNECTING]

    def test_a_silent_link_is_noticed_and_replaced(self, server: PusherServer) -> None:
        with server.listened_to(ping_interval=0.5, pong_timeout=0.3, connect_timeout=0.5) as subject:
            subject.wait_for_gap(1)

            server.fall_silent()
            subject.wait_until(LinkState.RECONNECTING)
            server.recover()
            subject.wait_for_gap(2)
            subject.wait_for(server.change_call())

    @pytest.mark.parametrize(
        ("event", "data"),
        [
            ("update-call", "<!doctype html>"),
            ("update-call", "null"),
            ("update-call", '{"id": "1"}'),
            ("delete-call", "{}"),
        ],
    )
    def test_foreign_events_leave_the_link_alone(self, server: PusherServer, event: str, data: str) -> None:
        with server.listened_to() as subject:
            subject.wait_for_gap(1)

            server.send(event, data)
            call = server.change_call()
            subject.wait_for(call)

            assert subject.heard == [GAP, call]

    def test_stop_is_quick_and_ends_the_subscription(self, server: PusherServer) -> None:
        with server.listened_to() as subject:
            subject.wait_for_gap(1)
            wait_until(lambda: server.subscription_count() == 1)
            began = time.monotonic()

            subject.listener.stop()

            assert time.monotonic() - began < 0.5
            assert subject.listener.status.state == LinkState.OFFLINE
            wait_until(lambda: server.subscription_count() == 0)

    def test_it_starts_again_with_one_subscription(self, server: PusherServer) -> None:
        with server.listened_to() as subject:
            subject.wait_for_gap(1)
            subject.listener.stop()
            subject.listener.start()
            subject.wait_for_gap(2)
            subject.wait_for(server.change_call())

            wait_until(lambda: server.subscription_count() == 1)
