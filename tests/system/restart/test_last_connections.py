"""Every client that has connected is answered, also in the moment in which a process stops to listen."""

import signal
import socket
from collections import Counter
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
from tests.support.processes import Started
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.support.workers import workers_of

ASKERS, RELOAD_ASKERS, MOST_QUESTIONS, TIMEOUT = 12, 4, 20_000, 30.0
QUESTION = b"POST /logout HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@contextmanager
def serving(
    sandbox: Sandbox, directory: Path, shared: dict[str, str], workers: int
) -> Iterator[tuple[Started, tuple[str, int]]]:
    """A dashboard of so many processes, and where it listens."""
    more = shared | {"WORKERS": str(workers)}
    with dashboard(sandbox, directory / "data", more, stopping_time=15) as started:
        address = urlsplit(started.ready[1])
        place = (str(address.hostname), int(address.port or 0))
        wait_until(lambda: ask(place) == "answered", 60, "a worker")
        yield started, place


@pytest.mark.timeout(150)
@pytest.mark.parametrize("workers", [1, 2])
def test_every_connection_is_answered_while_processes_are_replaced_and_at_the_end(
    sandbox: Sandbox, redis: RedisServer, postgres: Postgres, tmp_path: Path, workers: int
) -> None:
    with serving(sandbox, tmp_path, shared_settings(redis, postgres), workers) as (started, place):
        replace_workers(started, place, workers)
        outcomes: list[str] = []
        with ThreadPoolExecutor(ASKERS) as pool:
            for _ in range(ASKERS):
                pool.submit(ask_until_refused, place, outcomes)
            wait_until(lambda: len(outcomes) > 10 * ASKERS, what="traffic")
            started.process.send_signal(signal.SIGTERM)

        assert started.process.wait(30) == 0
    tally = Counter(outcomes)
    assert tally["refused"] == ASKERS
    assert tally["lost"] == 0


def replace_workers(started: Started, place: tuple[str, int], workers: int) -> None:
    """Have every worker replaced while clients ask, all of whom have to be answered."""
    outcomes: list[str] = []
    ended = Event()
    with ThreadPoolExecutor(RELOAD_ASKERS) as pool:
        for _ in range(RELOAD_ASKERS):
            pool.submit(ask_until, ended, place, outcomes)
        before = set(workers_of(started.process.pid))
        try:
            started.process.send_signal(signal.SIGHUP)
            wait_until(lambda: before.isdisjoint(workers_of(started.process.pid)), 60, "others")
            answered_count = len(outcomes)
            wait_until(lambda: len(outcomes) > answered_count + 3 * RELOAD_ASKERS, 60, "traffic")
        finally:
            ended.set()

    assert len(workers_of(started.process.pid)) == workers
    assert set(outcomes) == {"answered"}


def ask_until(ended: Event, place: tuple[str, int], outcomes: list[str]) -> None:
    """Ask again and again, each time on a connection of its own."""
    while not ended.is_set() and len(outcomes) < MOST_QUESTIONS:
        outcomes.append(ask(place))


def ask_until_refused(place: tuple[str, int], outcomes: list[str]) -> None:
    """Ask again and again, each time on a connection of its own, until no server is left."""
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
