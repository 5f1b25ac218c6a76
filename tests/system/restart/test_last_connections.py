"""Clients that have connected are answered, also while a process stops to listen."""

import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest

from tests.support.dashboard import dashboard
from tests.support.one_of_several import shared_settings
from tests.support.postgres import Postgres
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.support.workers import workers_of

ASKERS, RELOAD_ASKERS, MOST_QUESTIONS, TIMEOUT = 12, 4, 20_000, 30.0
QUESTION = b"POST /logout HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.mark.timeout(150)
@pytest.mark.parametrize("workers", [1, 2])
def test_connections_are_answered_while_processes_are_replaced_and_at_the_end(
    sandbox: Sandbox, redis: RedisServer, postgres: Postgres, tmp_path: Path, workers: int
) -> None:
    more = shared_settings(redis, postgres) | {"WORKERS": str(workers)}
    with dashboard(sandbox, tmp_path / "data", more, stopping_time=15) as started:
        address, master = urlsplit(started.ready[1]), started.process.pid
        place = (str(address.hostname), int(address.port or 0))
        wait_until(lambda: ask(place) == "answered", 60, "a worker")

        with asked_without_pause(place, RELOAD_ASKERS) as outcomes:
            before = set(workers_of(master))
            started.process.send_signal(signal.SIGHUP)
            wait_until(lambda: before.isdisjoint(workers_of(master)), 60, "others")
            answered_count = len(outcomes)
            wait_until(lambda: len(outcomes) > answered_count + 3 * RELOAD_ASKERS, 60, "traffic")
        assert len(workers_of(master)) == workers
        assert set(outcomes) == {"answered"}

        with asked_without_pause(place, ASKERS) as outcomes:
            wait_until(lambda: len(outcomes) > 10 * ASKERS, what="traffic")
            started.process.send_signal(signal.SIGTERM)
            assert started.process.wait(30) == 0
            wait_until(lambda: outcomes.count("refused") == ASKERS, 60, "the end of all askers")
        # The kernel may complete one between the last accept and the close. Undrained, each asker loses one.
        assert outcomes.count("lost") <= ASKERS // 4


@contextmanager
def asked_without_pause(place: tuple[str, int], askers: int) -> Iterator[list[str]]:
    """What comes of questions that so many ask meanwhile, each on a connection of its own, until refused."""
    outcomes: list[str] = []
    ended = Event()

    def ask_on() -> None:
        while not ended.is_set() and len(outcomes) < MOST_QUESTIONS:
            outcome = ask(place)
            outcomes.append(outcome)
            if outcome == "refused":
                return

    with ThreadPoolExecutor(askers) as pool:
        for _ in range(askers):
            pool.submit(ask_on)
        try:
            yield outcomes
        finally:
            ended.set()


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
