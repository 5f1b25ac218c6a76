"""The WebSocket endpoint of the channel: handshake, Pusher protocol (versions 5 to 7) and socket faults."""

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

# SO_LINGER with a timeout of 0: closing the socket sends a reset.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
# Frames. A subscriber with a larger send queue is disconnected.
MAX_BACKLOG = 1000
# Seconds that the peer may take to answer a close frame.
CLOSE_TIMEOUT = 1.0
# Bytes. Larger than any message of the Pusher protocol.
MAX_MESSAGE_SIZE = 100 * 1024


class FaultySocket:
    """The TCP socket under a WebSocket. Thread-safe for sending; can be muted and reset."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._sending = Lock()
        self._unmuted = Event()
        self._unmuted.set()

    def recv(self, size: int) -> bytes:
        """Return received bytes, empty at end of file. Blocks while muted."""
        received = self._socket.recv(size)
        self.wait_while_muted()
        return received

    def send(self, message: bytes) -> int:
        """Send the whole message. Blocks while muted. Raises OSError if the connection is closed."""
        self.wait_while_muted()
        with self._sending:
            self._socket.sendall(message)
        return len(message)

    def close(self) -> None:
        """Do nothing: the HTTP server owns and closes the connection."""

    def mute(self) -> None:
        """Keep the connection, but neither read nor send."""
        self._unmuted.clear()

    def unmute(self) -> None:
        """End `mute`."""
        self._unmuted.set()

    def wait_while_muted(self) -> None:
        """Block until the socket is not muted."""
        self._unmuted.wait()

    def stop_reading(self) -> None:
        """Unblock a reading thread with an end of file. The peer does not notice."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def stop(self) -> None:
        """Unblock threads that read or send."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Reset the TCP connection. No thread may be reading or sending."""
        reset_tcp(self._socket)


def reset_tcp(connection: socket.socket) -> None:
    """Reset the TCP connection, even while file objects made from the socket are open."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        os.close(connection.detach())


@dataclass(frozen=True, slots=True)
class _Close:
    code: int
    reason: str


class Connection:
    """One Pusher connection. Reads in the thread that calls `serve`; writes in a thread of its own."""

    def __init__(self, websocket: Server, tcp: FaultySocket, hub: Hub, options: Options) -> None:
        self._websocket = websocket
        self._tcp = tcp
        self._hub = hub
        self._options = options
        self._outbox: Queue[str | _Close | None] = Queue(MAX_BACKLOG)
        self._writer = Thread(target=self._write, name="sandbox-writer", daemon=True)
        self._is_reset = False
        self.socket_id = f"{random.randrange(1, 10**6)}.{random.randrange(1, 10**6)}"

    def send(self, text: str) -> None:
        """Queue a frame. Resets the connection if the queue is full."""
        self._queue(text)

    def close(self, code: int, reason: str) -> None:
        """Close the connection with a code, after the queued frames."""
        self._queue(_Close(code, reason))

    def reset(self) -> None:
        """Reset the TCP connection without a close frame."""
        self._is_reset = True
        self._tcp.unmute()
        self._tcp.stop_reading()

    def mute(self) -> None:
        """Simulate a half-open connection: keep it, but neither read nor send."""
        self._tcp.mute()

    def unmute(self) -> None:
        """End `mute`."""
        self._tcp.unmute()

    def serve(self, app_key: str, version: str | None) -> None:
        """Handle the connection until either side closes it."""
        self._writer.start()
        self._hub.add(self)
        try:
            if self._accept(app_key, version):
                self._serve_messages()
            else:
                self._websocket.receive()
        except ConnectionClosed:
            pass
        finally:
            self._hub.remove(self)
            self._finish()

    def _accept(self, app_key: str, version: str | None) -> bool:
        rejection = _rejection(app_key, version, self._options.pusher_key)
        if rejection is None:
            return True
        self.send(error_frame(rejection.code, rejection.reason))
        self.close(rejection.code, rejection.reason)
        return False

    def _serve_messages(self) -> None:
        hello = {"socket_id": self.socket_id, "activity_timeout": round(self._options.activity_timeout)}
        self.send(frame("pusher:connection_established", json.dumps(hello)))
        while (text := self._next()) is not None:
            self._handle(text)
        self.close(channel.NO_PONG, "Pong reply not received in time")

    def _next(self) -> str | bytes | None:
        """Return the next message, or None if the peer did not answer a ping."""
        message: str | bytes | None = self._websocket.receive(self._options.activity_timeout)
        if message is None:
            self.send(frame("pusher:ping", {}))
            message = self._websocket.receive(self._options.pong_timeout)
        self._tcp.wait_while_muted()
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
            rejection = {"type": "AuthError", "error": "The connection is unauthorized.", "status": 401}
            self.send(frame("pusher:subscription_error", rejection, name))
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
                    # Unblocks `receive`, which would wait for the peer's close frame.
                    self._websocket.event.set()
                    return
                self._websocket.send(item)
        except (ConnectionClosed, LocalProtocolError, OSError):
            self._tcp.stop_reading()

    def _finish(self) -> None:
        """Flush the queue and finish the closing handshake, within CLOSE_TIMEOUT each."""
        self._tcp.unmute()
        self._queue(None)
        self._writer.join(CLOSE_TIMEOUT)
        self._websocket.thread.join(0 if self._is_reset else CLOSE_TIMEOUT)
        self._tcp.stop_reading()
        if self._writer.is_alive():
            self._tcp.stop()
            self._writer.join()
        self._websocket.thread.join()
        if self._is_reset:
            self._tcp.reset()


def _rejection(app_key: str, version: str | None, pusher_key: str) -> _Close | None:
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


class _NoResponse(Response):
    """Sends nothing: the connection of the request has become a WebSocket and is closed."""

    def __call__(self, *_: object) -> list[bytes]:
        raise ConnectionAbortedError


class ChannelEndpoint:
    """The endpoint of Pusher clients: `/app/<key>`."""

    def __init__(self, upstream: Upstream, options: Options) -> None:
        self._upstream = upstream
        self._options = options

    def register(self, app: Flask) -> None:
        """Add the route to the app."""
        app.add_url_rule("/app/<app_key>", view_func=self.connect, websocket=True)

    def connect(self, app_key: str) -> Response:
        """Upgrade the request to a WebSocket and handle the connection until it is closed."""
        if self._upstream.faults.are_sockets_refused:
            self._upstream.counters.count(Counted.CONNECTIONS_REFUSED)
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "Service Unavailable")
        tcp = FaultySocket(request.environ["werkzeug.socket"])
        try:
            websocket = WebSocket.accept(_websocket_environ(tcp), max_message_size=MAX_MESSAGE_SIZE)
        except (HandshakeError, RemoteProtocolError) as error:
            raise ApiError(HTTPStatus.BAD_REQUEST, "Not a WebSocket handshake") from error
        connection = Connection(websocket, tcp, self._upstream.hub, self._options)
        connection.serve(app_key, request.args.get("protocol"))
        return _NoResponse()


def _websocket_environ(tcp: FaultySocket) -> dict[str, object]:
    """Return the WSGI environment with `tcp` as its socket.

    Compression is disabled: its state is not thread-safe.
    """
    environ = {**request.environ, "werkzeug.socket": tcp}
    environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
    return environ
