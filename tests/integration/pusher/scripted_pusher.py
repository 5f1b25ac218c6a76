"""A Pusher server that handles each connection by a script of the test, so that it can misbehave.

The first connection runs the first script, and so on; further ones run the last.
"""

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event as ThreadEvent
from threading import Lock, Thread
from typing import Any, Self

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Message, Ping, Request, TextMessage
from wsproto.utilities import LocalProtocolError

from aircall.models import Call

CHANNEL = "private-aircall"
# With no time to linger, closing resets the connection.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Peer:
    """The server's end of one connection. A client that is gone raises ConnectionError."""

    def __init__(self, tcp_socket: socket.socket, number: int) -> None:
        self.socket_id = f"{number}.{number}"
        self.opened_at = time.monotonic()
        self.received: list[dict[str, Any]] = []
        self.answers_pings = True
        self._socket = tcp_socket
        self._connection = WSConnection(ConnectionType.SERVER)
        self._sending = Lock()
        self._incoming = self._events()
        self._closed = ThreadEvent()

    @property
    def is_closed(self) -> bool:
        return self._closed.is_set()

    def greet(self, data: object = None) -> None:
        """Complete the WebSocket handshake and send `connection_established`, with this data if given."""
        next(event for event in self._incoming if isinstance(event, Request))
        self._send(AcceptConnection())
        hello = json.dumps({"socket_id": self.socket_id, "activity_timeout": 30})
        self.send("pusher:connection_established", hello if data is None else data)

    def subscribe(self) -> str:
        """Greet the client, confirm its subscription, and return its signature."""
        self.greet()
        signature = self.subscription()
        self.confirm()
        return signature

    def accept(self) -> None:
        """Confirm the subscription, and stay."""
        self.subscribe()
        self.stay()

    def subscription(self) -> str:
        """Wait for the client's subscription, and return its signature."""
        message = next(message for message in self.messages() if message["event"] == "pusher:subscribe")
        return str(message["data"]["auth"])

    def confirm(self) -> None:
        self.send("pusher_internal:subscription_succeeded", "{}", CHANNEL)

    def stay(self) -> None:
        """Answer Pusher pings until the client leaves."""
        for message in self.messages():
            if message["event"] == "pusher:ping":
                self.send("pusher:pong", {})

    def send(self, event: object, data: object, channel: str | None = None) -> None:
        message = {"event": event, "data": data}
        self.send_text(json.dumps(message if channel is None else {**message, "channel": channel}))

    def send_call(self, call: Call) -> None:
        self.send("update-call", call.to_json(), CHANNEL)

    def send_text(self, text: str) -> None:
        self._send(TextMessage(text))

    def send_together(self, *events: tuple[str, object]) -> None:
        """Send several events of the channel in one TCP segment."""
        frames = [{"event": event, "data": data, "channel": CHANNEL} for event, data in events]
        with self._sending:
            self._socket.sendall(b"".join(self._connection.send(TextMessage(json.dumps(f))) for f in frames))

    def send_bytes(self, raw: bytes) -> None:
        self._socket.sendall(raw)

    def close(self, code: int) -> None:
        self._send(CloseConnection(code=code))

    def reset(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.hang_up()

    def hang_up(self) -> None:
        """Close the TCP connection without a close frame; ends `freeze` and reads."""
        self._closed.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)
        self._socket.close()

    def freeze(self) -> None:
        """Keep the connection open, and neither read nor answer."""
        self._closed.wait()

    def wait_until_gone(self) -> None:
        """Read, and answer no Pusher pings, until the client leaves."""
        for _message in self.messages():
            pass

    def messages(self) -> Iterator[dict[str, Any]]:
        for event in self._incoming:
            if isinstance(event, Message):
                message = json.loads(event.data)
                self.received.append(message)
                yield message

    def _events(self) -> Iterator[Event]:
        while received := self._socket.recv(65536):
            self._connection.receive_data(received)
            for event in self._connection.events():
                if isinstance(event, Ping) and self.answers_pings:
                    self._send(event.response())
                if isinstance(event, CloseConnection):
                    return
                yield event

    def _send(self, event: Event) -> None:
        with self._sending:
            self._socket.sendall(self._connection.send(event))


Script = Callable[[Peer], None]


class ScriptedPusher:
    """The server. `peers` are its connections, in the order they came."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = scripts
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.peers: list[Peer] = []
        self._threads = [Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._server.close()
        for peer in self.peers:
            peer.hang_up()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                tcp_socket, _ = self._server.accept()
                peer = Peer(tcp_socket, len(self.peers) + 1)
                script = self._scripts[min(len(self.peers), len(self._scripts) - 1)]
                self.peers.append(peer)
                thread = Thread(target=self._serve, args=(script, peer), daemon=True)
                self._threads.append(thread)
                thread.start()

    @staticmethod
    def _serve(script: Script, peer: Peer) -> None:
        with suppress(OSError, LocalProtocolError, StopIteration):
            script(peer)
        peer.hang_up()
