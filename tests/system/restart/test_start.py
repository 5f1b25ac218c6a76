"""How the dashboard and the sandbox come up together."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from threading import Thread

import pytest

from scripts.run import wait_until_served

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.fixture
def starting() -> Iterator[subprocess.Popen[str]]:
    """A program that goes on until it is told to end."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True)
    yield process
    process.communicate("\n")


def answer_the_second(server: socket.socket) -> None:
    """Say nothing to who comes first until they have hung up, as a machine that is busy does."""
    first, _ = server.accept()
    with first:
        while first.recv(1024):
            pass
    second, _ = server.accept()
    with second:
        second.recv(1024)
        second.sendall(ANSWER)


def test_a_busy_machine_may_take_its_time_for_the_first_answer(starting: subprocess.Popen[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        busy = Thread(target=answer_the_second, args=[server], daemon=True)
        busy.start()

        wait_until_served(starting, f"http://127.0.0.1:{server.getsockname()[1]}/healthz")

        busy.join(5)
        assert not busy.is_alive()
