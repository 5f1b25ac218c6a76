"""A server of the Pusher protocol that misbehaves as told, on a port of its own. Knows no listener, no call.

What it does with a connection is a function of the test, its manner: the first connection meets the first
manner, and all that come after the last one meet the last.
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

CHANNEL = "private-aircall"
# With no time to linger, closing resets the connection.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Peer:
    """The server's end of one connection. A client that is gone raises ConnectionError."""

    def __init__(self, tcp_socket: socket.socket, number: int) -> None:
        self.socket_id = f"{number}.{number}"
        self.opened_at = time.monotonic()
        self.received: list[dict[str, Any]] = []
        self.does_answer_pings = True
        self._socket = tcp_socket
        self._connection = WSConnection(ConnectionType.SERVER)
        self._sending = Lock()
        self._incoming = self._events()
        self._over = ThreadEvent()

    @property
    def is_over(self) -> bool:
        """Whether this end has let the connection go."""
        return self._over.is_set()

    def greet(self, data: object = None) -> None:
        """Make the WebSocket's handshake and send `connection_established`, with this data where given."""
        self._read_until(Request)
        self._send(AcceptConnection())
        hello = json.dumps({"socket_id": self.socket_id, "activity_timeout": 30})
        self.send("pusher:connection_established", hello if data is None else data)

    def admit(self) -> str:
        """Greet, wait for the subscription and confirm it. Returns the signature it came with."""
        self.greet()
        signature = self.subscription()
        self.confirm()
        return signature

    def subscription(self) -> str:
        """Wait for the client to subscribe. Returns the signature it sent."""
        message = next(message for message in self.messages() if message["event"] == "pusher:subscribe")
        return str(message["data"]["auth"])

    def confirm(self) -> None:
        """Tell the client that it is subscribed."""
        self.send("pusher_internal:subscription_succeeded", "{}", CHANNEL)

    def stay(self) -> None:
        """Answer Pusher's pings until the client goes."""
        for message in self.messages():
            if message["event"] == "pusher:ping":
                self.send("pusher:pong", {})

    def send(self, event: object, data: object, channel: str | None = None) -> None:
        """Send a message of the protocol, with the data as it is."""
        message = {"event": event, "data": data}
        self.send_text(json.dumps(message if channel is None else {**message, "channel": channel}))

    def send_text(self, text: str) -> None:
        """Send any text as one WebSocket message."""
        self._send(TextMessage(text))

    def send_together(self, *events: tuple[str, object]) -> None:
        """Send several events of the channel in one piece, so that they arrive at once."""
        frames = [{"event": event, "data": data, "channel": CHANNEL} for event, data in events]
        with self._sending:
            self._socket.sendall(b"".join(self._connection.send(TextMessage(json.dumps(f))) for f in frames))

    def send_bytes(self, raw: bytes) -> None:
        """Send bytes that need not be WebSocket at all."""
        self._socket.sendall(raw)

    def first_bytes(self) -> bytes:
        """What the client sent first, before anything was said to it."""
        return self._socket.recv(65536)

    def close(self, code: int) -> None:
        """Close the WebSocket with this code; the client has to answer."""
        self._send(CloseConnection(code=code))

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.hang_up()

    def hang_up(self) -> None:
        """End the TCP connection without a word. Wakes whoever reads or is frozen."""
        self._over.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)
        self._socket.close()

    def freeze(self) -> None:
        """Keep the connection, and neither read nor answer until the server's end."""
        self._over.wait()

    def wait_until_gone(self) -> None:
        """Read whatever comes, answer nothing of Pusher's, until the client goes."""
        for _message in self.messages():
            pass

    def messages(self) -> Iterator[dict[str, Any]]:
        """What the client says, until it goes."""
        for event in self._incoming:
            if isinstance(event, Message):
                message = json.loads(event.data)
                self.received.append(message)
                yield message

    def _read_until(self, kind: type[Event]) -> None:
        if not any(isinstance(event, kind) for event in self._incoming):
            raise ConnectionError("The client left before its time.")

    def _events(self) -> Iterator[Event]:
        while received := self._socket.recv(65536):
            self._connection.receive_data(received)
            for event in self._connection.events():
                if isinstance(event, Ping) and self.does_answer_pings:
                    self._send(event.response())
                if isinstance(event, CloseConnection):
                    return
                yield event

    def _send(self, event: Event) -> None:
        with self._sending:
            self._socket.sendall(self._connection.send(event))


Manner = Callable[[Peer], None]


def polite(peer: Peer) -> None:
    """Admit the client and stay."""
    peer.admit()
    peer.stay()


class RudePusher:
    """The server. `peers` are its connections, in the order they came."""

    def __init__(self, *manners: Manner) -> None:
        self._manners = manners
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
                manner = self._manners[min(len(self.peers), len(self._manners) - 1)]
                self.peers.append(peer)
                thread = Thread(target=self._serve, args=(manner, peer), daemon=True)
                self._threads.append(thread)
                thread.start()

    @staticmethod
    def _serve(manner: Manner, peer: Peer) -> None:
        with suppress(OSError, LocalProtocolError, StopIteration):
            manner(peer)
        peer.hang_up()
