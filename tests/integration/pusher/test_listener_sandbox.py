"""The listener keeps its contract with the sandbox, faults and expiring tokens included."""

from itertools import cycle

import pytest
import requests

from aircall.errors import error_for
from aircall.models import Call
from aircall.status import LinkState
from tests.integration.pusher.test_listener_contract import ListenerContract, PusherServer
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


class SandboxServer(PusherServer):
    """The sandbox, with somebody who signs in anew for each signature."""

    key = "d44e3d910d38a928e0be"

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.host, self.port = sandbox.host, sandbox.port
        self._call_ids = cycle(call["id"] for call in sandbox.calls())

    def authorize(self, socket_id: str, channel: str) -> str:
        fields = {"socket_id": socket_id, "channel_name": channel}
        login = {"username": "alice", "password": "any"}
        with requests.Session() as session:
            token = session.post(f"{self.sandbox.url}/auth/login", json=login).json()["access_token"]
            session.headers["Authorization"] = f"Bearer {token}"
            answer = session.post(f"{self.sandbox.url}/pusher/auth", data=fields)
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

    def test_after_the_token_expired_the_next_connection_is_signed_with_a_valid_one(
        self, server: SandboxServer
    ) -> None:
        with server.listened_to() as subject:
            subject.wait_for_gap(1)

            server.sandbox.expire_access_tokens()
            server.drop_links()
            subject.wait_for_gap(2)

            counters = server.sandbox.counters()
            assert (counters.channel_auths, counters.subscriptions_total) == (2, 2)

    @pytest.mark.parametrize("code", [4001, 4100, 4200])
    def test_after_a_pusher_error_it_subscribes_again(self, server: SandboxServer, code: int) -> None:
        with server.listened_to() as subject:
            subject.wait_for_gap(1)

            server.sandbox.pusher_error(code)
            subject.wait_for_gap(2)

            assert f"the server reported error {code}" in subject.reasons

    def test_refused_connections_back_off_and_heal(self, server: SandboxServer) -> None:
        server.sandbox.refuse_sockets()
        with server.listened_to() as subject:
            wait_until(lambda: "the connection failed (503)" in subject.reasons)
            server.sandbox.refuse_sockets(on=False)
            subject.wait_until(LinkState.LIVE)
