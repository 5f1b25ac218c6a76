"""The listener keeps its contract with soketi as with the sandbox. The official SDK signs and sends."""

from collections.abc import Iterator
from pathlib import Path

import pusher
import pytest
from msgspec.structs import replace

from aircall.models import Call
from tests.integration.pusher.listening import CALL
from tests.integration.pusher.test_listener_contract import ListenerContract, PusherServer
from tests.soketi.soketi import APP, LOOPBACK, Soketi

CHANNEL = "private-aircall"


class SoketiServer(PusherServer):
    host = LOOPBACK
    key = APP["key"]

    def __init__(self, soketi: Soketi) -> None:
        self.port = soketi.port
        self._soketi = soketi
        self._sdk = pusher.Pusher(
            app_id=APP["id"], key=APP["key"], secret=APP["secret"], host=LOOPBACK, port=soketi.port, ssl=False
        )
        self._is_archived = False
        self._refusals = 0

    def authorize(self, socket_id: str, channel: str) -> str:
        signature: str = self._sdk.authenticate(channel, socket_id)["auth"]
        if self._refusals:
            self._refusals -= 1
            return signature[:-1] + "x"
        return signature

    def refuse_authorization(self, times: int) -> None:
        self._refusals = times

    def change_call(self) -> Call:
        self._is_archived = not self._is_archived
        call = replace(CALL, is_archived=self._is_archived)
        self._sdk.trigger(CHANNEL, "update-call", call.to_json())
        return call

    def send(self, event: str, data: str) -> None:
        self._sdk.trigger(CHANNEL, event, data)

    def drop_links(self) -> None:
        self._soketi.crash_and_return()

    def fall_silent(self) -> None:
        self._soketi.freeze()

    def recover(self) -> None:
        self._soketi.thaw()

    def subscription_count(self) -> int:
        return int(self._sdk.channel_info(CHANNEL, ["subscription_count"])["subscription_count"])


class TestSoketi(ListenerContract):
    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[SoketiServer]:
        with Soketi(tmp_path) as soketi:
            yield SoketiServer(soketi)
