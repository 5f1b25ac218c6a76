"""How the dashboard and the sandbox come up together."""

import socket
import sys
from threading import Thread

from scripts.run import wait_until_served
from tests.support.processes import running

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
PROGRAM = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"]


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


def test_a_busy_machine_may_take_its_time_for_the_first_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, running(PROGRAM, "ready") as started:
        busy = Thread(target=answer_the_second, args=[server], daemon=True)
        busy.start()

        wait_until_served(started.process, f"http://127.0.0.1:{server.getsockname()[1]}/healthz")

        busy.join(5)
        assert not busy.is_alive()
