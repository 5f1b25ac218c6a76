"""Corrects what the WebSocket libraries do with the server's sockets. Knows nothing of pages or calls.

simple-websocket 1.1 sends with `send`, which under gevent may take only part of a frame from a browser that
reads slowly: the stream is corrupt from there on. It accepts compression, which costs each connection more
memory and time than the few bytes are worth, and messages of any size, and fails at a bad handshake. And
python-engineio 4.15 takes malformed packets for errors of its own.
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

# python-engineio publishes no types.
from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI  # type: ignore[import-untyped]

SOCKET_KEY = "gunicorn.socket"
PATH = "/socket.io/"
# As long as Engine.IO waits for a browser's next sign of life (seconds).
SEND_TIMEOUT = 15.0
LARGEST_FRAME = 10_000
# Of a handshake's key: sixteen bytes in base64.
KEY_LENGTH = 24
# What a page may send: that it goes, that it is there, and messages that are text.
PACKET = re.compile(r"1|3|4[0-3]")


class WholeFrameSocket:
    """A socket whose `send` sends everything, one sender at a time."""

    def __init__(self, plain_socket: Any) -> None:
        self._socket = plain_socket
        self._lock = threading.Lock()

    def send(self, data: bytes) -> int:
        """Send all of it; the count is what `socket.send` would answer at its best.

        A browser that takes nothing for SEND_TIMEOUT is hung up on, which ends its reader here too.
        """
        with self._lock:
            self._socket.settimeout(SEND_TIMEOUT)
            try:
                self._socket.sendall(data)
                self._socket.settimeout(None)
            except TimeoutError:
                self._socket.shutdown(socket.SHUT_RDWR)
                raise
        return len(data)

    def recv(self, size: int) -> bytes:
        """What has come, after a turn for everybody else: somebody may send without pause."""
        time.sleep(0)
        return bytes(self._socket.recv(size))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class WholeFrames:
    """WSGI middleware that gives WebSocket requests such a socket and no compression, and answers headers."""

    def __init__(self, app: WSGIApplication, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            if not _is_handshake(environ):
                # Engine.IO refuses it then, where simple-websocket would fail.
                del environ["HTTP_UPGRADE"]
            if SOCKET_KEY in environ:
                environ[SOCKET_KEY] = WholeFrameSocket(environ[SOCKET_KEY])
        if environ.get("PATH_INFO", "").startswith(PATH):
            return self._app(environ, _with_headers(start_response, self._headers))
        return self._app(environ, start_response)


class _BoundedWebSocket(SimpleWebSocketWSGI):  # type: ignore[misc]  # as imported, without types
    """A WebSocket that ends where a message is too long, or no packet that a page of ours would send."""

    def __init__(self, handler: Any, _server: Any) -> None:
        super().__init__(handler, _server, max_message_size=LARGEST_FRAME)

    def wait(self) -> str | None:
        message = super().wait()
        return message if isinstance(message, str) and PACKET.match(message) else None

    def close(self) -> None:
        """Say so, and wait for no answer: a browser that has vanished would keep its connection for hours."""
        try:
            super().close()
        finally:
            with contextlib.suppress(OSError):
                self.ws.sock.shutdown(socket.SHUT_RD)


def bound_frames(engine: Any) -> None:
    """Have this Engine.IO server take bounded messages only."""
    engine._async = engine._async | {"websocket": _BoundedWebSocket}


def packet_log(name: str) -> logging.Logger:
    """A log for a library of this name, without what it takes for errors: that a page sent something odd."""
    log = logging.getLogger(f"{name}.packets")
    log.addFilter(_is_our_concern)
    return log


def _is_our_concern(record: logging.LogRecord) -> bool:
    return record.exc_info is None and record.levelno >= logging.ERROR


def _is_handshake(environ: WSGIEnvironment) -> bool:
    has_key = len(environ.get("HTTP_SEC_WEBSOCKET_KEY", "")) == KEY_LENGTH
    is_known = environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"
    return environ.get("REQUEST_METHOD") == "GET" and has_key and is_known


def _with_headers(start_response: StartResponse, extra: Mapping[str, str]) -> StartResponse:
    """Engine.IO answers past Flask, where all others get their security headers."""

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        given = {name.lower() for name, _ in headers}
        missing = [(name, value) for name, value in extra.items() if name.lower() not in given]
        return start_response(status, headers + missing, *more)

    return start
