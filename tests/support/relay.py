"""A TCP relay in front of a server, whose line can die in silence or be cut."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Self
from urllib.parse import urlsplit

CHUNK = 65_536
Edit = Callable[[bytes], bytes]


class Relay:
    """Passes bytes both ways between clients and one server; `edit` sees what the server says first."""

    def __init__(self, server: str, edit: Edit = bytes) -> None:
        parts = urlsplit(server)
        self._edit = edit
        self._server = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._flowing = Event()
        self._flowing.set()
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[Thread] = []
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @classmethod
    @contextmanager
    def to(cls, server: str, edit: Edit = bytes) -> Iterator[Self]:
        """A relay to the server at this address."""
        relay = cls(server, edit)
        relay._start(relay._accept)
        try:
            yield relay
        finally:
            relay._stop()

    def fall_silent(self) -> None:
        """The line is dead, and neither side is told: connections stay, nothing passes any more."""
        self._flowing.clear()

    def recover(self) -> None:
        """Let pass what came meanwhile, and everything after it."""
        self._flowing.set()

    def cut(self) -> None:
        """End every connection there is; new ones are made as before."""
        with self._lock:
            for connection in self._open:
                _shut_down(connection)

    def _start(self, run: object, *args: object) -> None:
        thread = Thread(target=run, args=args, name="relay", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _stop(self) -> None:
        _shut_down(self._listener)
        self._flowing.set()
        self.cut()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        self._flowing.wait()
        with client, contextlib.suppress(OSError), socket.create_connection(self._server) as server:
            with self._lock:
                self._open |= {client, server}
            back = Thread(
                target=self._pass, args=(server, client, self._edit), name="relay-back", daemon=True
            )
            back.start()
            self._pass(client, server)
            back.join()
            with self._lock:
                self._open -= {client, server}

    def _pass(self, source: socket.socket, target: socket.socket, edit: Edit = bytes) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                self._flowing.wait()
                target.sendall(edit(data))
        _shut_down(target)
        _shut_down(source)


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
