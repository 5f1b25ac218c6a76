"""What the listener does with any Pusher server, and with the sandbox; tests/soketi runs it with soketi."""

import time
from contextlib import AbstractContextManager
from itertools import cycle
from typing import Any, Protocol

import pytest

from aircall.errors import error_for
from aircall.models import Call
from aircall.pusher.connection import PusherSettings
from aircall.status import LinkState
from tests.integration.pusher.listening import GAP, QUICK, Listening, listening
from tests.support.rest_client import signed_in
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


class PusherServer(Protocol):
    """A real server, what it can be made to do, and the signatures for it.

    `authorize` raises AircallError while it is refused; `change_call` publishes the call that it returns;
    `recover` ends the silence; `subscription_count` is that of the channel.
    """

    host: str
    port: int
    key: str

    def authorize(self, socket_id: str, channel: str) -> str: ...
    def refuse_authorization(self, times: int) -> None: ...
    def change_call(self) -> Call: ...
    def send(self, event: str, data: str) -> None: ...
    def drop_links(self) -> None: ...
    def fall_silent(self) -> None: ...
    def recover(self) -> None: ...
    def subscription_count(self) -> int: ...

    def listened_to(self, **timings: Any) -> AbstractContextManager[Listening]:
        """Start a listener to this server, with timings that differ from QUICK."""
        settings = PusherSettings(
            key=self.key, cluster="eu", host=self.host, port=self.port, **QUICK | timings
        )
        return listening(settings, self.authorize)


class ListenerContract:
    """Tests for subclasses that have a fixture `server`."""

    def test_a_changed_call_arrives_after_the_first_gap(self, server: PusherServer) -> None:
        with server.listened_to() as subject:
            subject.wait_for_gap(1)

            call = server.change_call()
            subject.wait_for(call)

            assert subject.received == [GAP, call]
            subject.wait_until(LinkState.LIVE)

    def test_a_dropped_link_comes_back_with_a_gap_and_delivers_again(self, server: PusherServer) -> None:
        with server.listened_to() as subject:
            subject.wait_for_gap(1)

            server.drop_links()
            subject.wait_for_gap(2)
            call = server.change_call()
            subject.wait_for(call)

            assert subject.received == [GAP, GAP, call]

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

    def test_foreign_events_leave_the_link_alone(self, server: PusherServer) -> None:
        with server.listened_to() as subject:
            subject.wait_for_gap(1)

            for data in ("<!doctype html>", "null", '{"id": "../1"}'):
                server.send("update-call", data)
            server.send("delete-call", "{}")
            call = server.change_call()
            subject.wait_for(call)

            assert subject.received == [GAP, call]

    def test_stop_is_quick_and_ends_the_subscription_until_the_next_start(self, server: PusherServer) -> None:
        with server.listened_to() as subject:
            subject.wait_for_gap(1)
            wait_until(lambda: server.subscription_count() == 1)
            began = time.monotonic()

            subject.listener.stop()

            assert time.monotonic() - began < 5
            assert subject.listener.status.state == LinkState.OFFLINE
            wait_until(lambda: server.subscription_count() == 0)

            subject.listener.start()
            subject.wait_for_gap(2)
            subject.wait_for(server.change_call())

            wait_until(lambda: server.subscription_count() == 1)


class SandboxServer(PusherServer):
    """The sandbox. Each signature is made with a new login."""

    key = "d44e3d910d38a928e0be"

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.host, self.port = sandbox.host, sandbox.port
        self._call_ids = cycle(call["id"] for call in sandbox.calls())

    def authorize(self, socket_id: str, channel: str) -> str:
        with signed_in(self.sandbox.url) as alice:
            answer = alice.post("/pusher/auth", {"socket_id": socket_id, "channel_name": channel})
        if not answer.ok:
            raise error_for(answer.status_code, [])
        return str(answer.json()["auth"])

    def refuse_authorization(self, times: int) -> None:
        self.sandbox.refuse_channel_auth(status=403, times=times)

    def change_call(self) -> Call:
        return Call.from_json(self.sandbox.archive(next(self._call_ids)))

    def send(self, event: str, data: str) -> None:
        self.sandbox.send_event(event, data)

    def drop_links(self) -> None:
        self.sandbox.drop_sockets()

    def fall_silent(self) -> None:
        self.sandbox.mute_sockets()

    def recover(self) -> None:
        self.sandbox.clear_faults()

    def subscription_count(self) -> int:
        return self.sandbox.counters().subscriptions_now


class TestSandbox(ListenerContract):
    @pytest.fixture
    def server(self, sandbox: Sandbox) -> SandboxServer:
        return SandboxServer(sandbox)

    def test_after_the_token_expired_the_next_connection_is_signed_with_a_new_one(
        self, server: SandboxServer
    ) -> None:
        with server.listened_to() as subject:
            subject.wait_for_gap(1)

            server.sandbox.expire_access_tokens()
            server.drop_links()
            subject.wait_for_gap(2)

            counters = server.sandbox.counters()
            assert (counters.channel_auths, counters.subscriptions_total) == (2, 2)
