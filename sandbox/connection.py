"""The TCP socket under one WebSocket, which can go mute or be reset. Knows no protocol above TCP.

One WebSocket connection that speaks the Pusher protocol, version 5 to 7. Knows no call and no HTTP.

How an HTTP request becomes a connection to the channel. Knows nothing of what is said on it.
"""

import contextlib
import json
import os
import random
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from queue import Full, Queue
from threading import Event, Lock, Thread

from flask import Flask, Response, request
from simple_websocket import ConnectionClosed, Server
from simple_websocket import ConnectionError as HandshakeError
from simple_websocket import Server as WebSocket
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from sandbox import channel
from sandbox.api import ApiError
from sandbox.channel import Hub, error_frame, frame
from sandbox.options import Options
from sandbox.upstream import Counted, Upstream

# On, with no time to linger: closing then resets the connection.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Wire:
    """Sends each message whole, whichever thread sends it, and stops reading and sending while it is mute."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._sending = Lock()
        self._speaking = Event()
        self._speaking.set()

    def recv(self, size: int) -> bytes:
        """What came from the other side; empty at the end. Holds it back while mute."""
        received = self._socket.recv(size)
        self.wait_until_speaking()
        return received

    def send(self, message: bytes) -> int:
        """Send all of it. Raises OSError where the connection is gone."""
        self.wait_until_speaking()
        with self._sending:
            self._socket.sendall(message)
        return len(message)

    def close(self) -> None:
        """Leave the closing to the HTTP server, whose connection this is."""

    def mute(self) -> None:
        """Read, answer and send nothing from now on, and keep the connection."""
        self._speaking.clear()

    def speak(self) -> None:
        """End being mute."""
        self._speaking.set()

    def wait_until_speaking(self) -> None:
        """Return at once, but not while mute."""
        self._speaking.wait()

    def stop_reading(self) -> None:
        """Wake whoever reads with an end of data; the other side notices nothing."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def stop(self) -> None:
        """Wake whoever reads or sends."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """End the connection with a TCP reset. Nobody may be reading or sending any more."""
        reset_tcp(self._socket)


def reset_tcp(connection: socket.socket) -> None:
    """End the connection with a TCP reset, at once, whoever else holds files made from it."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        os.close(connection.detach())


# A subscriber that leaves more than this unread is cut off.
LONGEST_BACKLOG = 1000
# How long the other side may take to answer a close frame, in seconds.
CLOSING_TIME = 1.0


@dataclass(frozen=True, slots=True)
class _Close:
    code: int
    reason: str


class Connection:
    """Reads in the thread that calls `serve` and writes in its own, so that no sender ever waits for it."""

    def __init__(self, websocket: Server, wire: Wire, hub: Hub, options: Options) -> None:
        self._websocket = websocket
        self._wire = wire
        self._hub = hub
        self._options = options
        self._outbox: Queue[str | _Close | None] = Queue(LONGEST_BACKLOG)
        self._writer = Thread(target=self._write, name="sandbox-writer", daemon=True)
        self._is_reset = False
        self.socket_id = f"{random.randrange(1, 10**6)}.{random.randrange(1, 10**6)}"

    def send(self, text: str) -> None:
        """Queue a frame; cut the connection off where the queue is full."""
        self._queue(text)

    def close(self, code: int, reason: str) -> None:
        """Close the connection with a code, after what is queued already."""
        self._queue(_Close(code, reason))

    def reset(self) -> None:
        """End the connection with a TCP reset, without a word."""
        self._is_reset = True
        self._wire.speak()
        self._wire.stop_reading()

    def mute(self) -> None:
        """Go half-open: the connection stays, and nothing is read or answered."""
        self._wire.mute()

    def speak(self) -> None:
        """End being mute."""
        self._wire.speak()

    def serve(self, app_key: str, version: str | None) -> None:
        """Talk until either side ends it."""
        self._writer.start()
        self._hub.add(self)
        try:
            if self._is_welcome(app_key, version):
                self._converse()
            else:
                self._websocket.receive()
        except ConnectionClosed:
            pass
        finally:
            self._hub.remove(self)
            self._finish()

    def _is_welcome(self, app_key: str, version: str | None) -> bool:
        refusal = _refusal(app_key, version, self._options.pusher_key)
        if refusal is None:
            return True
        self.send(error_frame(refusal.code, refusal.reason))
        self.close(refusal.code, refusal.reason)
        return False

    def _converse(self) -> None:
        hello = {"socket_id": self.socket_id, "activity_timeout": round(self._options.activity_timeout)}
        self.send(frame("pusher:connection_established", json.dumps(hello)))
        while (text := self._next()) is not None:
            self._handle(text)
        self.close(channel.NO_PONG, "Pong reply not received in time")

    def _next(self) -> str | bytes | None:
        """The next message, or None where the other side did not even answer a ping."""
        message: str | bytes | None = self._websocket.receive(self._options.activity_timeout)
        if message is None:
            self.send(frame("pusher:ping", {}))
            message = self._websocket.receive(self._options.pong_timeout)
        self._wire.wait_until_speaking()
        return message

    def _handle(self, text: str | bytes) -> None:
        message = _parsed(text)
        event, data = message.get("event"), message.get("data")
        if event == "pusher:ping":
            self.send(frame("pusher:pong", {}))
        elif event == "pusher:subscribe" and isinstance(data, Mapping):
            self._subscribe(data)
        elif event == "pusher:unsubscribe" and isinstance(data, Mapping):
            self._hub.unsubscribe(str(data.get("channel")), self)
        elif isinstance(event, str) and event.startswith("client-"):
            self.send(error_frame(channel.CLIENT_EVENTS_OFF, "The app does not have client events enabled"))
        elif event != "pusher:pong":
            self.send(error_frame(None, "The message is not one of the Pusher protocol"))

    def _subscribe(self, data: Mapping[str, object]) -> None:
        name = str(data.get("channel"))
        expected = channel.signature(
            self._options.pusher_key, self._options.pusher_secret, self.socket_id, name
        )
        if name.startswith(channel.SIGNED_PREFIXES) and not channel.is_signed(data.get("auth"), expected):
            refusal = {"type": "AuthError", "error": "The connection is unauthorized.", "status": 401}
            self.send(frame("pusher:subscription_error", refusal, name))
        else:
            self._hub.subscribe(name, self)

    def _queue(self, item: str | _Close | None) -> None:
        try:
            self._outbox.put_nowait(item)
        except Full:
            self.reset()

    def _write(self) -> None:
        try:
            while (item := self._outbox.get()) is not None:
                if isinstance(item, _Close):
                    self._websocket.close(item.code, item.reason)
                    # Wakes `receive`, which would wait for the other side to answer.
                    self._websocket.event.set()
                    return
                self._websocket.send(item)
        except (ConnectionClosed, LocalProtocolError, OSError):
            self._wire.stop_reading()

    def _finish(self) -> None:
        """Let what is queued and the closing handshake go through, but not for long."""
        self._wire.speak()
        self._queue(None)
        self._writer.join(CLOSING_TIME)
        self._websocket.thread.join(0 if self._is_reset else CLOSING_TIME)
        self._wire.stop_reading()
        if self._writer.is_alive():
            self._wire.stop()
            self._writer.join()
        self._websocket.thread.join()
        if self._is_reset:
            self._wire.reset()


def _refusal(app_key: str, version: str | None, pusher_key: str) -> _Close | None:
    if app_key != pusher_key:
        return _Close(channel.UNKNOWN_APP, f"App key {app_key} not in this cluster. Did you forget it?")
    if not version:
        return _Close(channel.NO_VERSION, "No protocol version supplied")
    if not (version.isascii() and version.isdigit()):
        return _Close(channel.INVALID_VERSION, "Invalid version string format")
    if int(version) not in channel.PROTOCOLS:
        return _Close(channel.UNSUPPORTED_VERSION, "Unsupported protocol version")
    return None


def _parsed(text: str | bytes) -> Mapping[str, object]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, Mapping) else {}


# A message longer than this is none of the Pusher protocol, in bytes.
LONGEST_MESSAGE = 100 * 1024


class _NoAnswer(Response):
    """For a request whose connection became a WebSocket: there is nothing more to send on it."""

    def __call__(self, *_: object) -> list[bytes]:
        raise ConnectionAbortedError


class ChannelEndpoint:
    """`/app/<key>`, where Pusher clients connect."""

    def __init__(self, upstream: Upstream, options: Options) -> None:
        self._upstream = upstream
        self._options = options

    def register(self, app: Flask) -> None:
        """Give the app the route, which takes WebSocket requests only."""
        app.add_url_rule("/app/<app_key>", view_func=self.connect, websocket=True)

    def connect(self, app_key: str) -> Response:
        """Shake hands and talk until either side ends it."""
        if self._upstream.faults.are_sockets_refused:
            self._upstream.counters.count(Counted.CONNECTIONS_REFUSED)
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "Service Unavailable")
        wire = Wire(request.environ["werkzeug.socket"])
        try:
            websocket = WebSocket.accept(_plain(wire), max_message_size=LONGEST_MESSAGE)
        except (HandshakeError, RemoteProtocolError) as error:
            raise ApiError(HTTPStatus.BAD_REQUEST, "Not a WebSocket handshake") from error
        connection = Connection(websocket, wire, self._upstream.hub, self._options)
        connection.serve(app_key, request.args.get("protocol"))
        return _NoAnswer()


def _plain(wire: Wire) -> dict[str, object]:
    """The request with our wire for a socket and no compression, whose state two threads would share."""
    environ = {**request.environ, "werkzeug.socket": wire}
    environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
    return environ
