"""Ports for programs that cannot be told to let the system choose."""

import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that nobody on this machine listens on now."""
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        return int(one.getsockname()[1])
