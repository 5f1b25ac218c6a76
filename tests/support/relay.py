"""A TCP relay in front of a server, whose line can die in silence or be cut."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingTCPServer
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
        self._flowing = Event()
        self._flowing.set()
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self.address = ""

    @classmethod
    @contextmanager
    def to(cls, server: str, edit: Edit = bytes) -> Iterator[Self]:
        """A relay to the server at this address."""
        relay = cls(server, edit)
        # Its end waits for the threads of its connections.
        with ThreadingTCPServer(("127.0.0.1", 0), relay._serve) as listener:  # type: ignore[arg-type]
            relay.address = f"http://127.0.0.1:{listener.server_address[1]}"
            Thread(target=listener.serve_forever, args=(0.01,), name="relay", daemon=True).start()
            try:
                yield relay
            finally:
                listener.shutdown()
                relay.recover()
                relay.cut()

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

    def _serve(self, client: socket.socket, *_: object) -> None:
        self._flowing.wait()
        with contextlib.suppress(OSError), socket.create_connection(self._server) as server:
            with self._lock:
                self._open |= {client, server}
            back = Thread(target=self._pass, args=(server, client, self._edit), daemon=True)
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
