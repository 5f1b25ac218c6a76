"""Costs and benefits of several processes with Redis, relative to one process without, over HTTP.

All dashboards run at the same time and are requested alternately, so that other load affects all of them.
"""

import http
import http.client
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from bench.figures import Figure
from tests.support.dashboard import COOKIE, log_in, serving
from tests.support.redis_server import running_redis
from tests.support.sandbox import Sandbox
from tests.support.socket_client import SocketClient, connected
from tests.support.waiting import wait_until

PAGE = "/calls?per_page=25"
REQUESTS, CHANGES = 60, 30
# Parallel clients, seconds per round, rounds.
CLIENTS, ROUND_SECONDS, ROUNDS = 6, 3.0, 3
# Maximum ratios. A page reads its session and its login from Redis, each in a fraction of a millisecond.
PAGE_LIMIT, EVENT_LIMIT = 1.5, 3.0


class Reader:
    """A logged-in client that requests the same page again and again, on its own connection."""

    def __init__(self, address: str, cookie: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
        self._headers = {"Cookie": f"{COOKIE}={cookie}"}

    def get(self) -> float:
        """Request the page. Return the response time in milliseconds."""
        began = time.perf_counter()
        self._connection.request("GET", PAGE, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{PAGE}: unexpected status {answer.status}")
        return (time.perf_counter() - began) * 1000

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def run() -> list[Figure]:
    """Measure a page with Redis, an event to another process, and the throughput of two processes."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox.start())
        redis = stack.enter_context(running_redis()).url
        alone = _serve(stack, sandbox, {})
        several = _serve(stack, sandbox, {"REDIS_URL": redis, "WORKERS": "2"})
        with_redis = {"REDIS_URL": f"{redis}/1", "DATA_DIR": stack.enter_context(_directory())}
        first, second = (_serve(stack, sandbox, with_redis) for _ in range(2))
        cookies = {address: log_in(address) for address in (alone, several, first)}
        wait_until(lambda: sandbox.counters().subscriptions_now == 3, 30, "three listeners")
        return [
            _compare("a page, with Redis", (first, cookies[first]), (alone, cookies[alone]), PAGE_LIMIT),
            _event_times(sandbox, cookies[first], first, second),
            _throughput((several, cookies[several]), (alone, cookies[alone])),
        ]


def _directory() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="callboard-bench-")


def _serve(stack: ExitStack, sandbox: Sandbox, more: dict[str, str]) -> str:
    data_dir = Path(more.get("DATA_DIR") or stack.enter_context(_directory()))
    return stack.enter_context(
        serving(sandbox, data_dir, {"SECRET_KEY": "a key for benchmarks, and no other"} | more)
    )


def _compare(name: str, one: tuple[str, str], other: tuple[str, str], limit: float) -> Figure:
    readers = [Reader(*one), Reader(*other)]
    times = [[reader.get() for reader in readers] for _ in range(REQUESTS)]
    for reader in readers:
        reader.close()
    value, reference = (statistics.median(column) for column in zip(*times, strict=True))
    return Figure(name, value, reference, "ms", limit)


def _event_times(sandbox: Sandbox, cookie: str, *addresses: str) -> Figure:
    """Measure from a change to its event, in the process of the listener and in the other one."""
    with ExitStack() as stack:
        pages = [stack.enter_context(connected(address, cookie)) for address in addresses]
        for page in pages:
            page.next("caught-up")
        calls = sandbox.calls()
        times = [_delivery_times(sandbox, str(calls[number]["id"]), pages) for number in range(CHANGES)]
    near, far = (statistics.median(column) for column in zip(*map(sorted, times), strict=True))
    return Figure("a change, to a page of another process", far, near, "ms", EVENT_LIMIT)


def _delivery_times(sandbox: Sandbox, call_id: str, pages: list[SocketClient]) -> list[float]:
    times = [0.0] * len(pages)

    def note(number: int) -> None:
        pages[number].next("update-call")
        times[number] = (time.perf_counter() - began) * 1000

    waiting = [threading.Thread(target=note, args=(number,)) for number in range(len(pages))]
    began = time.perf_counter()
    for thread in waiting:
        thread.start()
    sandbox.archive(call_id)
    for thread in waiting:
        thread.join()
    return times


def _throughput(several: tuple[str, str], alone: tuple[str, str]) -> Figure:
    """Measure the time for each page of many at once. An upper bound, as the clients use the same cores."""
    rates = [[_rate(*one) for one in (several, alone)] for _ in range(ROUNDS)]
    value, reference = (1000 / statistics.median(column) for column in zip(*rates, strict=True))
    return Figure(f"a page of {CLIENTS} readers at once, by two processes", value, reference, "ms")


def _rate(address: str, cookie: str) -> float:
    ends, counts = time.monotonic() + ROUND_SECONDS, [0] * CLIENTS

    def ask(number: int) -> None:
        reader = Reader(address, cookie)
        while time.monotonic() < ends:
            reader.get()
            counts[number] += 1
        reader.close()

    _in_parallel(ask)
    return sum(counts) / ROUND_SECONDS


def _in_parallel(ask: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
