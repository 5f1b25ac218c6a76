"""How long the dashboard takes to read a list of 100,000 calls, beside a bare download of the same pages.

Once as fast as the API goes, and once with a latency that a distant API really has. In both, the API takes
a core of its own; the bare download does nothing with what it gets.
"""

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import requests

from aircall.call_log import CallLog
from aircall.client import ApiClient
from aircall.database import open_database
from aircall.feed import Feed
from aircall.mirror import Mirror
from aircall.models import CallPage
from aircall.synchronisation import PARALLEL_READS, Synchronisation
from bench.figures import Figure
from tests.support.dashboard import COOKIE, log_in, serving
from tests.support.rest_client import signed_in
from tests.support.sandbox import Sandbox

CALLS = 100_000
# What a request to another continent takes before anything comes back, in seconds.
LATENCY = 0.1
LIMIT = 1.3
TIMEOUT = 60.0

Span = tuple[int, int]


def run() -> list[Figure]:
    """The figures."""
    with Sandbox.start("--calls", str(CALLS)) as sandbox, signed_in(sandbox.url) as rest:
        near = _figures(sandbox, rest.access_token, "near API")
        sandbox.be_slow(LATENCY, times=None, path="/calls")
        return near + _figures(sandbox, rest.access_token, "API 0.1 s away")


def _figures(sandbox: Sandbox, token: str, where: str) -> list[Figure]:
    spans: list[Span] = []
    with tempfile.TemporaryDirectory() as folder:
        first, again = _in_process(sandbox, token, Path(folder), spans)
    with tempfile.TemporaryDirectory() as folder:
        served, slowest_page, idle_page = _served(sandbox, Path(folder))
    bare = _seconds(partial(_download, sandbox.url, token, spans))
    return [
        Figure(f"first reading, {where}", first, bare, "s"),
        Figure(f"reading again, {where}", again, bare, "s"),
        Figure(f"first reading as served, {where}", served, bare, "s", LIMIT),
        Figure(f"slowest /healthz meanwhile, {where}", slowest_page, idle_page, "s"),
    ]


def _in_process(sandbox: Sandbox, token: str, folder: Path, spans: list[Span]) -> tuple[float, float]:
    """The seconds of a first reading and of a second; `spans` are what the first one asked for."""
    api, log = ApiClient(sandbox.url), CallLog(open_database(f"sqlite:///{folder / 'calls.db'}"))

    def fetch_page(offset: int, limit: int) -> CallPage:
        spans.append((offset, limit))
        return api.get_calls(token, offset, limit)

    synchronisation = Synchronisation(Mirror(log, Feed()), fetch_page)
    first = _seconds(synchronisation.run)
    count = len(spans)
    again = _seconds(synchronisation.run)
    del spans[count:]
    api.close()
    log.close()
    return first, again


def _served(sandbox: Sandbox, folder: Path) -> tuple[float, float, float]:
    """The seconds from the login to the whole list, the slowest answer meanwhile and one after it."""
    with serving(sandbox, folder) as address, requests.Session() as session:
        session.trust_env = False
        began = time.monotonic()
        session.cookies.set(COOKIE, log_in(address))
        answers: list[float] = []
        while not sandbox.counters().list_reads or not _is_read(session, address):
            answers.append(_seconds(partial(session.get, f"{address}/healthz", timeout=TIMEOUT)))
        took = time.monotonic() - began
        idle = min(_seconds(partial(session.get, f"{address}/healthz", timeout=TIMEOUT)) for _ in range(20))
        return took, max(answers, default=idle), idle


def _is_read(session: requests.Session, address: str) -> bool:
    time.sleep(0.05)
    return "data-reading" not in session.get(f"{address}/calls", timeout=TIMEOUT).text


def _download(url: str, token: str, spans: list[Span]) -> None:
    with requests.Session() as session, ThreadPoolExecutor(PARALLEL_READS) as pool:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {token}"

        def get(span: Span) -> None:
            query = {"offset": span[0], "limit": span[1]}
            session.get(f"{url}/calls", params=query, timeout=TIMEOUT).raise_for_status()

        list(pool.map(get, spans))


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
