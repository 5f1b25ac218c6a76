"""An HTTP server over raw sockets whose responses are behaviours of `behaviours.py`.

Each request gets the next behaviour; the last one applies to all that follow.
"""

import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedIOBase
from threading import Event, Lock, Thread
from typing import Self

LOOPBACK = "127.0.0.1"
# Seconds. Upper bound for every wait here, so that a broken test ends.
LONGEST_WAIT = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request; header names in lower case. Connections are numbered from 1."""

    connection: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Peer:
    """A client's connection. Raises OSError when it has ended."""

    def __init__(self, sock: socket.socket, stopping: Event) -> None:
        self._sock = sock
        self._stopping = stopping

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def drip(self, data: bytes, pause: float) -> None:
        """Send it byte by byte, `pause` seconds apart."""
        for byte in data:
            self.send(bytes([byte]))
            self.wait(pause)

    def wait(self, seconds: float = LONGEST_WAIT) -> None:
        """Wait, or raise when the server is stopped."""
        if self._stopping.wait(seconds):
            raise ConnectionAbortedError

    def hang_up(self) -> None:
        raise ConnectionAbortedError

    def reset(self) -> None:
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionAbortedError


Behaviour = Callable[[Peer], None]


class HostileServer:
    """A server that runs inside its `with` block. `accepted` and `ended` count connections."""

    def __init__(self, behaviour: Behaviour, *others: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.accepted = 0
        self.ended = 0
        self._next = iter((behaviour, *others))
        self._current = behaviour
        self._tls = tls
        self._lock = Lock()
        self._stopping = Event()
        self._threads: list[Thread] = []
        self._open: list[socket.socket] = []
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{LOOPBACK}:{self.port}"

    @property
    def lines(self) -> list[str]:
        """Method and target of each request."""
        return [f"{request.method} {request.target}" for request in self.received]

    @property
    def connections(self) -> list[int]:
        """The connection number of each request."""
        return [request.connection for request in self.received]

    def __enter__(self) -> Self:
        self._start(Thread(target=self._accept, daemon=True))
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        _shut_down(self._listener)
        for sock in self._open:
            _shut_down(sock)
        # The first thread, which accepts, adds others until it ends.
        for thread in self._threads:
            thread.join(LONGEST_WAIT)
        self._listener.close()

    def _start(self, thread: Thread) -> None:
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.accepted += 1
                self._start(Thread(target=self._serve, args=(sock, self.accepted), daemon=True))

    def _serve(self, raw: socket.socket, number: int) -> None:
        raw.settimeout(LONGEST_WAIT)
        with raw, suppress(OSError):
            sock = self._tls.wrap_socket(raw, server_side=True) if self._tls else raw
            self._open.append(sock)
            with sock, sock.makefile("rb") as stream:
                while request := _read(stream, number):
                    self._behaviour(request)(Peer(sock, self._stopping))
        with self._lock:
            self.ended += 1

    def _behaviour(self, request: Received) -> Behaviour:
        with self._lock:
            self.received.append(request)
            self._current = next(self._next, self._current)
            return self._current


def _read(stream: BufferedIOBase, number: int) -> Received | None:
    line = stream.readline().decode("latin-1")
    if not line.endswith(" HTTP/1.1\r\n"):
        return None
    method, target, _ = line.split(" ")
    headers = {}
    while header := stream.readline().decode("latin-1").strip():
        name, _, value = header.partition(": ")
        headers[name.lower()] = value
    body = stream.read(int(headers.get("content-length", "0")))
    return Received(connection=number, method=method, target=target, headers=headers, body=body)


def _shut_down(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
