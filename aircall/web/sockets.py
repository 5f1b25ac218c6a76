"""Corrects what the WebSocket library does with the server's socket. Knows WSGI, nothing of Socket.IO.

simple-websocket 1.1 sends with `send`, which under gevent may take only part of a frame from a browser that
reads slowly: the stream is corrupt from there on. And it accepts compression, which costs each connection
more memory and time than the few bytes are worth.
"""

import socket
import threading
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

SOCKET_KEY = "gunicorn.socket"
# As long as Engine.IO waits for a browser's next sign of life (seconds).
SEND_TIMEOUT = 15.0


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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class WholeFrames:
    """WSGI middleware that gives WebSocket requests such a socket, and no compression."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            if SOCKET_KEY in environ:
                environ[SOCKET_KEY] = WholeFrameSocket(environ[SOCKET_KEY])
        return self._app(environ, start_response)
