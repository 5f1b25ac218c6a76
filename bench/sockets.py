"""Sockets of open pages, relative to Node's Socket.IO and to a floor in C, all measured alternately.

All get events by the same trigger, an HTTP request, with the dashboard's payload. From it on the dashboard's
change feed, rooms and encoding count; what comes before, from the change at the API on, is measured apart.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from bench.figures import Figure
from bench.socket_servers import (
    Delivery,
    SocketServer,
    allow_many_files,
    compiled,
    dashboard_server,
    floor_server,
    node_server,
)
from tests.support.sandbox import Sandbox

FEW, MANY, IDLE = 1_000, 3_000, 5_000
WARM_UP = 20
CONNECTS, EVENTS, BURSTS, CHANGES = 3, 15, 5, 10
BURST = 30
MOST_DROPPED = 0.01
# Seconds, four ping intervals.
HEARTBEATS = 16.0
# Maximum ratios to Node; kB for each socket; percent of a core.
EVENT_LIMIT, BURST_LIMIT, CONNECT_LIMIT = 0.6, 1.0, 2.0
MEMORY_BUDGET, HEARTBEAT_BUDGET = 40.0, 5.0


def run() -> list[Figure]:
    """Measure connecting, memory, events to 1,000 and to 3,000 pages, and the heartbeats of 5,000."""
    with Sandbox.start() as sandbox, _servers(sandbox) as servers:
        ours, node, _ = (server.memory() / 1e6 for server in servers)
        figures = [Figure("memory of a process without open pages", ours, node, "MB"), *_connects(servers)]
        with _open(servers, FEW):
            figures += _events(servers, FEW) + _bursts(servers) + _changes(sandbox, servers, FEW)
        with _open(servers, MANY):
            figures += _events(servers, MANY) + _changes(sandbox, servers, MANY)
        with _open(servers, IDLE):
            return [*figures, _heartbeats(servers)]


@contextmanager
def _servers(sandbox: Sandbox) -> Iterator[list[SocketServer]]:
    """The dashboard, Node and the floor, all of which send the dashboard's payload."""
    allow_many_files()
    with ExitStack() as stack:
        programs = stack.enter_context(compiled())
        ours = stack.enter_context(dashboard_server(sandbox, programs))
        others = [stack.enter_context(server(programs)) for server in (node_server, floor_server)]
        with _open([ours, *others], WARM_UP):
            ours.emit()
            for other in others:
                other.payload = ours.pages.sample()
        yield [ours, *others]


@contextmanager
def _open(servers: Sequence[SocketServer], count: int) -> Iterator[None]:
    for server in servers:
        server.pages.open(count)
        server.rest()
    yield
    for server in servers:
        # A machine that does something else at the same time may be late for a ping.
        if (dropped := server.pages.dropped()) > count * MOST_DROPPED:
            raise RuntimeError(f"{server.name} dropped {dropped} of {count} sockets")
        server.pages.close()
        server.rest()


def _connects(servers: Sequence[SocketServer]) -> list[Figure]:
    times: list[list[float]] = [[] for _ in servers]
    sizes: list[list[float]] = [[] for _ in servers]
    for _ in range(CONNECTS):
        for server, took, size in zip(servers, times, sizes, strict=True):
            before = server.memory()
            took.append(server.pages.open(MANY))
            server.rest()
            size.append((server.memory() - before) / MANY / 1000)
            server.pages.close()
            server.rest()
    ours, node, floor = map(statistics.median, times)
    # The memory of the first sockets is kept for the later ones.
    our_size, node_size, _ = (size[0] for size in sizes)
    return [
        Figure("3,000 sockets connect", ours, node, "s", CONNECT_LIMIT),
        Figure("3,000 sockets connect, Node to the floor in C", node, floor, "s", is_judged=False),
        Figure("memory of a socket", our_size, node_size, "kB", budget=MEMORY_BUDGET),
    ]


def _events(servers: Sequence[SocketServer], pages: int) -> list[Figure]:
    seen = _alternately(EVENTS, [server.emit for server in servers])
    _tell(f"event to {pages:,} sockets", servers, seen)
    ours, node, floor = map(_last, seen)
    used, node_used, _ = map(_processor, seen)
    name = f"event to the last of {pages:,} sockets"
    return [
        Figure(name, ours, node, "ms", EVENT_LIMIT),
        Figure(f"{name}, Node to the floor in C", node, floor, "ms", is_judged=False),
        Figure(f"processor time of an event to {pages:,} sockets", used, node_used, "ms"),
    ]


def _bursts(servers: Sequence[SocketServer]) -> list[Figure]:
    seen = _alternately(BURSTS, [partial(server.emit, BURST) for server in servers])
    _tell(f"burst of {BURST} events to {FEW:,} sockets", servers, seen)
    ours, node, _ = (_last(deliveries) / BURST for deliveries in seen)
    return [Figure(f"an event of {BURST} at once to {FEW:,} sockets", ours, node, "ms", BURST_LIMIT)]


def _changes(sandbox: Sandbox, servers: Sequence[SocketServer], pages: int) -> list[Figure]:
    """Measure a colleague's change: from the API by its channel, the call store and the change feed to pages.

    Node's events have none of that before them.
    """
    ours, node = servers[:2]
    calls = (call["id"] for call in sandbox.calls())
    seen = _alternately(CHANGES, [lambda: ours.deliver(lambda: sandbox.archive(next(calls))), node.emit])
    _tell(f"colleague's change to {pages:,} sockets", servers, seen)
    name = f"a colleague's change to {pages:,} sockets"
    return [
        Figure(f"{name}, until the last has it", _last(seen[0]), _last(seen[1]), "ms"),
        Figure(f"processor time of {name}", _processor(seen[0]), _processor(seen[1]), "ms"),
    ]


def _heartbeats(servers: Sequence[SocketServer]) -> Figure:
    before = [server.processor_seconds() for server in servers]
    time.sleep(HEARTBEATS)
    ours, node, _ = (
        (server.processor_seconds() - used_before) / HEARTBEATS * 100
        for server, used_before in zip(servers, before, strict=True)
    )
    return Figure(f"heartbeats of {IDLE:,} idle sockets", ours, node, "% of a core", budget=HEARTBEAT_BUDGET)


def _alternately(rounds: int, triggers: Sequence[Callable[[], Delivery]]) -> list[list[Delivery]]:
    seen = [[trigger() for trigger in triggers] for _ in range(rounds)]
    return [list(deliveries) for deliveries in zip(*seen, strict=True)]


def _last(deliveries: Sequence[Delivery]) -> float:
    """Return the milliseconds until the last page, in the median."""
    return statistics.median(delivery.last for delivery in deliveries) * 1000


def _processor(deliveries: Sequence[Delivery]) -> float:
    """Return the milliseconds of processor time until the last page, in the median."""
    return statistics.median(delivery.processor for delivery in deliveries) * 1000


def _tell(what: str, servers: Sequence[SocketServer], seen: Sequence[Sequence[Delivery]]) -> None:
    print(f"{what}:")
    for server, deliveries in zip(servers, seen, strict=False):
        times = (
            f"{name} {statistics.median(getattr(one, name) for one in deliveries) * 1000:.1f} ms"
            for name in ("first", "median", "p99", "last")
        )
        size = statistics.median(one.bytes_per_event for one in deliveries)
        print(f"  {server.name}: {', '.join(times)}, {size:.0f} bytes an event", flush=True)
