"""What a change costs the server when 1,000 lists are open, relative to Node sending the same event.

The pages do what the page's scripts do: they take the row and the counts from the event, and ask for what it
does not bring.
"""

import re
import statistics
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from html import unescape
from itertools import cycle
from typing import Any
from urllib.parse import urljoin

import requests

from bench.figures import Figure
from bench.socket_servers import (
    SocketServer,
    allow_many_files,
    compiled,
    dashboard_server,
    node_server,
)
from tests.support.dashboard import COOKIE, TIMEOUT
from tests.support.sandbox import Sandbox

PAGES, CHANGES, EVENTS = 1_000, 3, 15
# A page says which rows it shows, so that it is pushed such.
LIST = {"rows": {"language": "en", "zone": "UTC"}}
# Connections of the browsers at once.
BROWSERS = 16
# Seconds: a ping interval.
HEARTBEATS = 4.0
# Seconds of processor time.
BUDGET = 0.3
ADDRESSES = re.compile(r'data-(rows|counts)-url="([^"]+)"')


class Lists:
    """The open lists: what they ask the server for when they get an event."""

    def __init__(self, server: SocketServer) -> None:
        self._list = f"{server.address}/calls"
        self._headers = {"Cookie": f"{COOKIE}={server.cookie}"}
        # The first page of the inbox.
        self._addresses = dict(ADDRESSES.findall(unescape(self._get(self._list).decode())))

    def follow(self, payload: Mapping[str, Any]) -> int:
        """Request what all pages need after an event. Return the number of requests."""
        wanted = []
        if "html" not in payload:
            wanted.append(self._address("rows", payload["call"]["id"]))
        if "counts" not in payload:
            # Its ids are those of changed calls that the list does not show.
            wanted.append(self._address("counts", ""))
        with ThreadPoolExecutor(BROWSERS) as browsers:
            return len(list(browsers.map(self._get, wanted * PAGES)))

    def _address(self, kind: str, ids: str) -> str:
        address = urljoin(self._list, self._addresses[kind])
        return f"{address}{'&' if '?' in address else '?'}ids={ids}"

    def _get(self, address: str) -> bytes:
        # Browsers have let the connection go by the time of an event.
        answer = requests.get(address, headers=self._headers, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.content


def run() -> list[Figure]:
    """Measure the processor time of a change, all that the pages ask for included."""
    allow_many_files()
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox.start())
        programs = stack.enter_context(compiled())
        ours = stack.enter_context(dashboard_server(sandbox, programs, auth=LIST))
        node = stack.enter_context(node_server(programs))
        lists = Lists(ours)
        for server in (ours, node):
            server.pages.open(PAGES)
            server.rest()
        ours.emit()
        node.payload = ours.pages.sample()
        calls = cycle(call["id"] for call in sandbox.calls() if not call["is_archived"])
        costs = [(_change(sandbox, next(calls), ours, lists), _event(node)) for _ in range(CHANGES)]
        events = [(ours.emit().last * 1000, node.emit().last * 1000) for _ in range(EVENTS)]
    value, reference = (statistics.median(column) for column in zip(*costs, strict=True))
    times = [statistics.median(column) for column in zip(*events, strict=True)]
    return [
        Figure(f"event with its row to the last of {PAGES:,} lists", times[0], times[1], "ms"),
        Figure(f"processor time of a change with {PAGES:,} open lists", value, reference, "s", budget=BUDGET),
    ]


def _change(sandbox: Sandbox, call_id: str, ours: SocketServer, lists: Lists) -> float:
    with _processor_time(ours) as took:
        ours.deliver(lambda: sandbox.archive(call_id))
        lists.follow(ours.pages.sample())
        ours.rest()
    return took[0]


def _event(node: SocketServer) -> float:
    with _processor_time(node) as took:
        node.emit()
        node.rest()
    return took[0]


@contextmanager
def _processor_time(server: SocketServer) -> Iterator[list[float]]:
    """Yield a list that will hold the processor time of the block, without that of heartbeats meanwhile."""
    heartbeats = server.processor_share(HEARTBEATS)
    began, before, took = time.monotonic(), server.processor_seconds(), [0.0]
    yield took
    took[0] = server.processor_seconds() - before - heartbeats * (time.monotonic() - began)
