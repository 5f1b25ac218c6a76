"""The TCP socket under one WebSocket, which can go mute or be reset. Knows no protocol above TCP."""

import contextlib
import os
import socket
import struct
from threading import Event, Lock

# On, with no time to linger: closing then resets the connection.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Wire:
    """Sends each message whole, whichever thread sends it, and stops reading and sending while it is mute."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._sending = Lock()
        self._speaking = Event()
        self._speaking.set()

    def recv(self, size: int) -> bytes:
        """What came from the other side; empty at the end. Holds it back while mute."""
        received = self._socket.recv(size)
        self.wait_until_speaking()
        return received

    def send(self, message: bytes) -> int:
        """Send all of it. Raises OSError where the connection is gone."""
        self.wait_until_speaking()
        with self._sending:
            self._socket.sendall(message)
        return len(message)

    def close(self) -> None:
        """Leave the closing to the HTTP server, whose connection this is."""

    def mute(self) -> None:
        """Read, answer and send nothing from now on, and keep the connection."""
        self._speaking.clear()

    def speak(self) -> None:
        """End being mute."""
        self._speaking.set()

    def wait_until_speaking(self) -> None:
        """Return at once, but not while mute."""
        self._speaking.wait()

    def stop_reading(self) -> None:
        """Wake whoever reads with an end of data; the other side notices nothing."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def stop(self) -> None:
        """Wake whoever reads or sends."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """End the connection with a TCP reset. Nobody may be reading or sending any more."""
        reset(self._socket)


def reset(connection: socket.socket) -> None:
    """End the connection with a TCP reset, at once, whoever else holds files made from it."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        os.close(connection.detach())
