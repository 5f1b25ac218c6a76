"""A Pusher connection with nothing in between, frame by frame."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import websocket

from tests.support.rest_client import RestClient
from tests.support.sandbox import Sandbox

APP_KEY = "d44e3d910d38a928e0be"
CHANNEL = "private-aircall"
# Longer than anything of a healthy sandbox takes, in seconds.
TIMEOUT = 10.0


class PusherSocket:
    """What a Pusher client sends and gets."""

    def __init__(self, connection: websocket.WebSocket) -> None:
        self._connection = connection

    def next(self) -> dict[str, Any]:
        """The next message. Raises AssertionError where something else comes, such as a closing."""
        code, frame = self._connection.recv_data_frame()
        assert code == websocket.ABNF.OPCODE_TEXT, f"no message came but {frame}"
        message: dict[str, Any] = json.loads(frame.data)
        return message

    def next_within(self, seconds: float) -> dict[str, Any]:
        """The next message. Raises WebSocketTimeoutException where none comes in this time."""
        self._connection.settimeout(seconds)
        try:
            return self.next()
        finally:
            self._connection.settimeout(TIMEOUT)

    def close_code(self) -> int:
        """The code the other side closes with, messages before it left out."""
        while True:
            code, frame = self._connection.recv_data_frame()
            if code == websocket.ABNF.OPCODE_CLOSE:
                return int.from_bytes(frame.data[:2])

    def send(self, event: str, data: object = None) -> None:
        self.send_raw(json.dumps({"event": event, "data": data}))

    def send_raw(self, text: str) -> None:
        self._connection.send(text)

    def socket_id(self) -> str:
        """The id out of the greeting, which must be what comes next."""
        greeting = self.next()
        assert greeting["event"] == "pusher:connection_established"
        return str(json.loads(greeting["data"])["socket_id"])

    def subscribe(self, client: RestClient, channel: str = CHANNEL) -> None:
        """Subscribe as this person, on a connection that was not greeted yet."""
        fields = {"socket_id": self.socket_id(), "channel_name": channel}
        auth = client.post("/pusher/auth", fields).json()["auth"]
        self.send("pusher:subscribe", {"channel": channel, "auth": auth})
        assert self.next()["event"] == "pusher_internal:subscription_succeeded"

    def next_call(self) -> dict[str, Any]:
        """The call in the next message, which must be an `update-call`."""
        message = self.next()
        assert message["event"] == "update-call"
        call: dict[str, Any] = json.loads(message["data"])
        return call


@contextmanager
def connected(
    sandbox: Sandbox, app_key: str = APP_KEY, query: str = "protocol=7&client=test&version=1"
) -> Iterator[PusherSocket]:
    url = f"ws://{sandbox.host}:{sandbox.port}/app/{app_key}?{query}"
    connection = websocket.create_connection(url, timeout=TIMEOUT)
    try:
        yield PusherSocket(connection)
    finally:
        connection.shutdown()  # type: ignore[no-untyped-call]
