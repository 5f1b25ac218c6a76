"""An HTTP proxy, as companies have one: passes requests and tunnels on, and remembers who asked for what."""

import base64
import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingTCPServer
from threading import Thread
from typing import Self
from urllib.parse import urlsplit

CHUNK = 65_536
REFUSAL = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"


class ForwardProxy:
    """Wants a name and a password. `lines` are the method and the target of what it passed on."""

    def __init__(self, username: str, password: str) -> None:
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._wanted = f"proxy-authorization: basic {credentials}".lower()
        self.lines: list[str] = []
        self.address = ""

    @classmethod
    @contextmanager
    def start(cls, username: str, password: str) -> Iterator[Self]:
        """A proxy on this machine; `address` is its host and port."""
        proxy = cls(username, password)
        with ThreadingTCPServer(("127.0.0.1", 0), proxy._serve) as listener:  # type: ignore[arg-type]  # a function does
            listener.daemon_threads = True
            proxy.address = f"127.0.0.1:{listener.server_address[1]}"
            Thread(target=listener.serve_forever, args=(0.01,), name="proxy", daemon=True).start()
            try:
                yield proxy
            finally:
                listener.shutdown()

    def _serve(self, client: socket.socket, *_peer: object) -> None:
        with contextlib.suppress(OSError, ValueError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(1) or b"\r\n\r\n"
            method, target, _ = head.decode("latin-1").split(maxsplit=2)
            if self._wanted not in head.decode("latin-1").lower():
                client.sendall(REFUSAL)
                return
            self.lines.append(f"{method} {target}")
            parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
            with socket.create_connection((parts.hostname or "", parts.port or 80)) as server:
                if method == "CONNECT":
                    client.sendall(TUNNEL)
                else:
                    server.sendall(head)
                Thread(target=_pass, args=(server, client), daemon=True).start()
                _pass(client, server)


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
