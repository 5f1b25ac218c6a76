"""Fixes for simple-websocket 1.1 and python-engineio 4.15 under gevent.

- Frames are sent whole (docs/decisions/0004-send-under-gevent.md).
- Messages are limited in size and kind; simple-websocket accepts any.
- Compression is off: for messages this small it costs more memory and time than it saves.
- A malformed handshake is refused; simple-websocket raises.
- Malformed packets are not logged as errors of the server.
"""

import contextlib
import logging
import re
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI  # type: ignore[import-untyped]  # it publishes no types

SOCKET_KEY = "gunicorn.socket"
PATH = "/socket.io/"
# Seconds. A page that takes no data for this long is disconnected.
SEND_TIMEOUT = 15.0
# Bytes.
LARGEST_FRAME = 10_000
# Characters of `Sec-WebSocket-Key`: 16 bytes in base64.
KEY_LENGTH = 24
# Engine.IO packets that a page may send: close, pong, and connect, disconnect, event and ack messages.
PACKET = re.compile(r"1|3|4[0-3]")


class SendAllSocket:
    """A socket whose `send` sends everything, one sender at a time, each for at most `timeout` seconds."""

    def __init__(self, plain_socket: Any, timeout: float) -> None:
        self._socket = plain_socket
        self._timeout = timeout
        self._lock = threading.Lock()

    def send(self, data: bytes) -> int:
        """Send all data and return its length.

        Raises TimeoutError if it takes too long, and shuts the connection down, which ends its reader too.
        """
        with self._lock:
            self._socket.settimeout(self._timeout)
            try:
                self._socket.sendall(data)
                self._socket.settimeout(None)
            except TimeoutError:
                self._socket.shutdown(socket.SHUT_RDWR)
                raise
        return len(data)

    def recv(self, size: int) -> bytes:
        """Receive up to `size` bytes, after other greenlets had a turn: the peer may send without pause."""
        time.sleep(0)
        return bytes(self._socket.recv(size))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class WebSocketMiddleware:
    """WSGI middleware that fixes WebSocket requests and adds `headers` to the answers of Engine.IO."""

    def __init__(
        self, app: WSGIApplication, headers: Mapping[str, str], send_timeout: float = SEND_TIMEOUT
    ) -> None:
        self._app = app
        self._headers = headers
        self._send_timeout = send_timeout

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            if not _is_handshake(environ):
                # Without this Engine.IO answers 400; with it simple-websocket would raise.
                del environ["HTTP_UPGRADE"]
            if SOCKET_KEY in environ:
                environ[SOCKET_KEY] = SendAllSocket(environ[SOCKET_KEY], self._send_timeout)
        if environ.get("PATH_INFO", "").startswith(PATH):
            return self._app(environ, _with_headers(start_response, self._headers))
        return self._app(environ, start_response)


class _LimitedWebSocket(SimpleWebSocketWSGI):  # type: ignore[misc]  # as imported, without types
    """A WebSocket that closes when a message is too long or not a packet that a page sends."""

    def __init__(self, handler: Any, _server: Any) -> None:
        super().__init__(handler, _server, max_message_size=LARGEST_FRAME)

    def wait(self) -> str | None:
        message = super().wait()
        return message if isinstance(message, str) and PACKET.match(message) else None

    def close(self) -> None:
        """Send a close frame without waiting for the answer; a peer that has vanished never sends one."""
        try:
            super().close()
        finally:
            with contextlib.suppress(OSError):
                self.ws.sock.shutdown(socket.SHUT_RD)


def bound_frames(engine: Any) -> None:
    """Make this Engine.IO server close connections that send too long or unexpected messages."""
    engine._async = engine._async | {"websocket": _LimitedWebSocket}


def packet_log(name: str) -> logging.Logger:
    """Return a logger for this library that drops its complaints about packets that a page sent."""
    log = logging.getLogger(f"{name}.packets")
    log.addFilter(_is_server_error)
    return log


def _is_server_error(record: logging.LogRecord) -> bool:
    return record.exc_info is None and record.levelno >= logging.ERROR


def _is_handshake(environ: WSGIEnvironment) -> bool:
    has_key = len(environ.get("HTTP_SEC_WEBSOCKET_KEY", "")) == KEY_LENGTH
    is_known = environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"
    return environ.get("REQUEST_METHOD") == "GET" and has_key and is_known


def _with_headers(start_response: StartResponse, extra: Mapping[str, str]) -> StartResponse:
    # Engine.IO answers without passing through Flask, which adds the security headers elsewhere.
    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        given = {name.lower() for name, _ in headers}
        missing = [(name, value) for name, value in extra.items() if name.lower() not in given]
        return start_response(status, headers + missing, *more)

    return start
