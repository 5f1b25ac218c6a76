"""Whoever has connected is answered, also in the moment in which the server stops to listen."""

import os
import signal
import socket
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.dashboard import READY, settings
from tests.support.one_of_several import shared_settings
from tests.support.postgres import Postgres
from tests.support.processes import running
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

ASKERS, MOST_QUESTIONS, TIMEOUT = 12, 20_000, 20.0
QUESTION = b"POST /logout HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("workers", [1, 2])
def test_nobody_who_has_connected_goes_without_an_answer(
    sandbox: Sandbox, redis: RedisServer, postgres: Postgres, tmp_path: Path, workers: int
) -> None:
    shared = shared_settings(redis, postgres) | {"WORKERS": str(workers)}
    environment = dict(os.environ) | settings(sandbox, tmp_path / "data") | shared
    with running([sys.executable, "app.py"], READY, environment=environment, stopping_time=15) as started:
        address = urlsplit(started.ready[1])
        place = (str(address.hostname), int(address.port or 0))
        wait_until(lambda: ask(place) == "answered", 30, "a worker")
        outcomes: list[str] = []
        with ThreadPoolExecutor(ASKERS) as pool:
            for _ in range(ASKERS):
                pool.submit(ask_until_refused, place, outcomes)
            wait_until(lambda: len(outcomes) > 10 * ASKERS, what="traffic")
            started.process.send_signal(signal.SIGTERM)

        assert started.process.wait(15) == 0
    tally = Counter(outcomes)
    assert tally["refused"] == ASKERS
    assert tally["lost"] == 0


def ask_until_refused(place: tuple[str, int], outcomes: list[str]) -> None:
    """Ask again and again, each time on a connection of its own, until there is nobody to connect to."""
    for _ in range(MOST_QUESTIONS):
        outcomes.append(ask(place))
        if outcomes[-1] == "refused":
            return


def ask(place: tuple[str, int]) -> str:
    """What comes of a form that is sent there."""
    try:
        line = socket.create_connection(place, TIMEOUT)
    except OSError:
        return "refused"
    with line:
        try:
            line.sendall(QUESTION)
            return "answered" if line.recv(100).startswith(b"HTTP/1.1 ") else "lost"
        except OSError:
            return "lost"
