"""What 10,000 open pages take of 4 processes, Redis and PostgreSQL, relative to the model of bench.capacity.

Takes some minutes: `python -m bench scaling`. The model is made of the figures of single processes in the
history; what only a Redis and a PostgreSQL of several processes show is measured here for it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
import requests

from bench import capacity
from bench.figures import Figure
from bench.history import read_history
from bench.sizing import latest_figures
from bench.socket_servers import SocketServer, allow_many_files, compiled, dashboard_server
from bench.usage import memory, processor_seconds
from tests.support.dashboard import COOKIE, TIMEOUT
from tests.support.one_of_several import shared_settings
from tests.support.postgres import running_postgres
from tests.support.redis_server import running_redis
from tests.support.sandbox import Sandbox

PROCESSES, PAGES = 4, 10_000
CHANGES, READS = 20, 100
# Seconds: in which nothing happens; between two changes.
IDLE, BETWEEN_CHANGES = 20.0, 1.0
# How far the model may be off.
LIMIT = 1.5


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor time in seconds: of the dashboard's processes, the Redis and the PostgreSQL."""

    dashboard: float
    redis: float
    postgres: float

    def minus(self, other: "Usage", times: float = 1.0) -> "Usage":
        """Return what is left without another usage, that so many times."""
        return Usage(
            self.dashboard - other.dashboard * times,
            self.redis - other.redis * times,
            self.postgres - other.postgres * times,
        )

    def per(self, count: float) -> "Usage":
        """Return the share of one of `count`."""
        return Usage(self.dashboard / count, self.redis / count, self.postgres / count)


class Cluster:
    """The dashboard's processes and the two servers that they share."""

    def __init__(self, server: SocketServer, redis: int, postgres: int) -> None:
        self.server = server
        self._redis = redis
        self._postgres = postgres
        self.idle = Usage(0, 0, 0)

    def used(self, work: Callable[[], object]) -> Usage:
        """Return the processor time of some work, without what is used when nothing happens."""
        began, before = time.monotonic(), self._usage()
        work()
        return self._usage().minus(before).minus(self.idle, time.monotonic() - began)

    def note_idle(self, seconds: float) -> None:
        """Measure what is used in a second in which nothing happens."""
        self.idle = self.used(lambda: time.sleep(seconds)).per(seconds)

    def memory_mb(self) -> float:
        """Return the memory of the dashboard's processes."""
        return memory(self.server.process_ids) / 1e6

    def _usage(self) -> Usage:
        # A connection of PostgreSQL is a process; those that have ended do not count.
        return Usage(
            self.server.processor_seconds(),
            processor_seconds([self._redis]),
            processor_seconds([self._postgres, *_children(self._postgres)]),
        )


def run() -> list[Figure]:
    """Measure memory, idle pages, changes and pages asked for, and compare them with the model."""
    costs = capacity.costs(latest_figures(read_history()))
    with _cluster() as (cluster, sandbox):
        cluster.server.pages.open(PAGES)
        cluster.server.rest()
        size = cluster.memory_mb()
        cluster.note_idle(IDLE)
        times: list[float] = []
        change = cluster.used(lambda: times.extend(_changes(cluster, sandbox))).per(CHANGES)
        read = cluster.used(lambda: _reads(cluster)).per(READS)
    expected = capacity.need(costs, capacity.Load(pages=PAGES, processes=PROCESSES))
    where, share = f"{PAGES:,} pages at {PROCESSES} processes", cluster.idle.dashboard * 100
    return [
        Figure(f"{where}: memory", size, expected.memory_mb, "MB", LIMIT),
        Figure(f"{where}: heartbeats", share, expected.idle * 100, "% of a core", LIMIT),
        Figure(f"{where}: a change", change.dashboard, expected.change, "s", LIMIT),
        Figure(f"{where}: a change, to the last page", max(times), expected.change, "s", is_judged=False),
        _shared("Redis, nothing happens", cluster.idle.redis / PROCESSES, cluster.idle.dashboard),
        _shared("Redis, a change", change.redis, change.dashboard),
        _shared("Redis, a page of the list", read.redis, read.dashboard),
        _shared("PostgreSQL, a change", change.postgres, change.dashboard),
        _shared("PostgreSQL, a page of the list", read.postgres, read.dashboard),
    ]


@contextmanager
def _cluster() -> Iterator[tuple[Cluster, Sandbox]]:
    allow_many_files()
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox.start())
        redis, postgres = stack.enter_context(running_redis()), stack.enter_context(running_postgres())
        programs = stack.enter_context(compiled())
        more = shared_settings(redis, postgres) | {"WORKERS": str(PROCESSES)}
        server = stack.enter_context(dashboard_server(sandbox, programs, more))
        with psycopg.connect(postgres.url) as connection:
            directory = connection.execute("SHOW data_directory").fetchone()
        postmaster = (Path((directory or [""])[0]) / "postmaster.pid").read_text().split()[0]
        yield Cluster(server, redis.execute("INFO", "server")["process_id"], int(postmaster)), sandbox


def _changes(cluster: Cluster, sandbox: Sandbox) -> list[float]:
    """Return how long changes of colleagues take to the last page."""
    times = []
    for call in sandbox.calls()[:CHANGES]:
        began = time.monotonic()
        times.append(cluster.server.deliver(partial(sandbox.archive, call["id"])).last)
        time.sleep(max(0, began + BETWEEN_CHANGES - time.monotonic()))
    cluster.server.rest()
    return times


def _reads(cluster: Cluster) -> None:
    headers = {"Cookie": f"{COOKIE}={cluster.server.cookie}"}
    for _ in range(READS):
        requests.get(f"{cluster.server.address}/calls", headers=headers, timeout=TIMEOUT).raise_for_status()


def _shared(name: str, seconds: float, dashboard: float) -> Figure:
    """Return what a server that all share takes, beside the dashboard's processes."""
    return Figure(name, seconds * 1000, dashboard * 1000, "ms", is_judged=False)


def _children(process: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
