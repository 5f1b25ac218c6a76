"""A TCP proxy that can pass on the bytes of its server one by one."""

import socket
from contextlib import suppress
from threading import Event, Thread
from typing import Self

from tests.integration.api.hostile_http import LOOPBACK, VERIFY_TIMEOUT


class DrippingProxy:
    """A proxy for one connection at a time. While `slow` is set it sends bytes `pause` seconds apart."""

    def __init__(self, target_port: int, pause: float) -> None:
        self.slow = Event()
        self._target = (LOOPBACK, target_port)
        self._pause = pause
        self._stopping = Event()
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"https://{LOOPBACK}:{self.port}"
        self._thread = Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(VERIFY_TIMEOUT)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with client, socket.create_connection(self._target, VERIFY_TIMEOUT) as server:
                    forward = Thread(target=self._forward, args=(client, server), daemon=True)
                    forward.start()
                    self._return(server, client)
                    _end(client, server)
                    forward.join(VERIFY_TIMEOUT)

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
        _end(client, server)

    def _return(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                self._pass_on(data, client)

    def _pass_on(self, data: bytes, client: socket.socket) -> None:
        for i in range(len(data)):
            if not self.slow.is_set():
                client.sendall(data[i:])
                return
            client.sendall(data[i : i + 1])
            if self._stopping.wait(self._pause):
                raise ConnectionAbortedError


def _end(*sockets: socket.socket) -> None:
    for sock in sockets:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
