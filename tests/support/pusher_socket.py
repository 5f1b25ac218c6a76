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

    def next(self, within: float = TIMEOUT) -> dict[str, Any]:
        """Return the next message. Raises AssertionError for anything else that comes, such as a closing.

        Raises WebSocketTimeoutException where nothing comes within so many seconds.
        """
        self._connection.settimeout(within)
        code, frame = self._connection.recv_data_frame()
        assert code == websocket.ABNF.OPCODE_TEXT, f"no message came but {frame}"
        return dict(json.loads(frame.data))

    def close_code(self) -> int:
        """Return the code the other side closes with, messages before it left out."""
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

    def subscribe(self, client: RestClient) -> None:
        """Subscribe as this person, on a connection that was not greeted yet."""
        fields = {"socket_id": self.socket_id(), "channel_name": CHANNEL}
        auth = client.post("/pusher/auth", fields).json()["auth"]
        self.send("pusher:subscribe", {"channel": CHANNEL, "auth": auth})
        assert self.next()["event"] == "pusher_internal:subscription_succeeded"

    def next_call(self) -> dict[str, Any]:
        """The call in the next message, which must be an `update-call`."""
        message = self.next()
        assert message["event"] == "update-call"
        return dict(json.loads(message["data"]))


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
