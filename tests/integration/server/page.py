"""A page's end of a connection to a Socket.IO server of this process: frames by wsproto."""

import base64
import json
import os
import socket
from typing import Any

import gevent.socket
import pytest
import socketio
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Event, Message, Ping, Pong, TextMessage

from aircall.server.engine import install
from aircall.server.rooms import RoomManager

# Seconds.
PATIENCE = 20.0


def make_server(
    *, ping_interval: float = 60.0, ping_timeout: float = 60.0, send_timeout: float = PATIENCE
) -> Any:
    """A Socket.IO server on the event loop, without a web server."""
    server = socketio.Server(
        async_mode="gevent",
        client_manager=RoomManager(),
        async_handlers=False,
        transports=["websocket"],
        ping_interval=ping_interval,
        ping_timeout=ping_timeout,
    )
    install(server, lambda _environ: "alice", 10_000, send_timeout)
    return server


def handshake(taken: Any) -> dict[str, Any]:
    """The WSGI request of a handshake on this socket."""
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/socket.io/",
        "QUERY_STRING": "EIO=4&transport=websocket",
        "HTTP_UPGRADE": "websocket",
        "HTTP_CONNECTION": "Upgrade",
        "HTTP_SEC_WEBSOCKET_KEY": base64.b64encode(os.urandom(16)).decode(),
        "wsgi.url_scheme": "http",
        "gunicorn.socket": taken,
    }


class Page:
    """A page that has been let in. Waiting for it lets the server's event loop run."""

    def __init__(self, server: Any) -> None:
        ours, theirs = socket.socketpair()
        self.end = gevent.socket.socket(fileno=ours.detach())
        self.end.settimeout(PATIENCE)
        self.answers_pings = True
        self.close_code: int | None = None
        self.pong_count = 0
        self._frames = Connection(ConnectionType.CLIENT)
        self._text = ""
        with pytest.raises(StopIteration):
            server.handle_request(handshake(theirs), lambda *_: None)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.end.recv(1)
        assert head.startswith(b"HTTP/1.1 101 ")
        self.send("40")
        self.sid = str(json.loads(self.next_of("40")[2:])["sid"])

    def send(self, text: str) -> None:
        self.end.sendall(self._frames.send(TextMessage(text)))

    def ping(self) -> None:
        self.end.sendall(self._frames.send(Ping(b"x" * 100)))

    def say_goodbye(self) -> None:
        self.end.sendall(self._frames.send(CloseConnection(1000)))

    def next(self) -> str:
        """The next packet; empty at the end of the connection."""
        while (text := self._next_text()) is None:
            data = self.end.recv(1 << 16)
            if not data:
                return ""
            self._frames.receive_data(data)
        if text == "2" and self.answers_pings:
            self.send("3")
        return text

    def next_of(self, start: str) -> str:
        """The next packet that starts so."""
        while not (text := self.next()).startswith(start):
            assert text, f"hung up before {start}"
        return text

    def payloads(self, count: int) -> list[Any]:
        """The payloads of the next events."""
        return [json.loads(self.next_of("42")[2:])[1] for _ in range(count)]

    def read_to_end(self) -> None:
        """Return once the server has hung up."""
        while self.next():
            pass

    def _next_text(self) -> str | None:
        for event in self._frames.events():
            if (text := self._noted(event)) is not None:
                return text
        return None

    def _noted(self, event: Event) -> str | None:
        if isinstance(event, CloseConnection):
            self.close_code = event.code
        elif isinstance(event, Pong):
            self.pong_count += 1
        elif isinstance(event, Message):
            self._text += str(event.data)
            if event.message_finished:
                text, self._text = self._text, ""
                return text
        return None
