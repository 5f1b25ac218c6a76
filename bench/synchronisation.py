"""How long the dashboard takes to read a list of 100,000 calls, beside a bare download of the same pages.

Once over a line such as leads to a real API, and once as fast as the sandbox goes, which no API does over the
internet. The bare download asks for the same pages, as many at a time, and does nothing with what it gets.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import requests

from aircall.api.client import ApiClient
from aircall.calls.feed import ChangeFeed
from aircall.calls.replica import CallReplica
from aircall.calls.store import CallStore
from aircall.models import CallPage
from aircall.storage.database import open_database
from aircall.sync.full_sync import PARALLEL_READS, FullSync
from bench.figures import Figure
from bench.line import line_to
from tests.support.dashboard import COOKIE, log_in, serving
from tests.support.rest_client import signed_in
from tests.support.sandbox import Sandbox

CALLS = 100_000
# A good line of an office, and a round trip across a continent.
MEGABITS, MILLISECONDS = 50, 40
LINE = f"API behind {MEGABITS} Mbit/s and {MILLISECONDS} ms"
LIMIT = 1.3
TIMEOUT = 60.0
# Between two looks at whether the list is read, in seconds. Looking takes the dashboard's time, too.
PAUSE = 0.1

Span = tuple[int, int]


def run() -> list[Figure]:
    """The figures."""
    with Sandbox.start("--calls", str(CALLS)) as sandbox, signed_in(sandbox.url) as rest:
        with line_to(sandbox.url, megabits=MEGABITS, milliseconds=MILLISECONDS) as url:
            distant = _figures(sandbox, url, rest.access_token, LINE, LIMIT)
        return distant + _figures(sandbox, sandbox.url, rest.access_token, "no line", None)


def _figures(sandbox: Sandbox, url: str, token: str, where: str, limit: float | None) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        first, again, spans = _in_process(url, token, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        served, slowest_answer, idle_answer = _served(sandbox, url, Path(folder))
    bare = _seconds(partial(_download, url, token, spans))
    return [
        Figure(f"first reading, {where}", first, bare, "s", limit),
        Figure(f"reading again, {where}", again, bare, "s", limit),
        Figure(f"first reading as served, {where}", served, bare, "s", limit),
        Figure(f"slowest /healthz meanwhile, {where}", slowest_answer, idle_answer, "s"),
    ]


def _in_process(url: str, token: str, folder: Path) -> tuple[float, float, list[Span]]:
    """The seconds of a first reading and of a second, and what the first one asked for."""
    spans: list[Span] = []
    with _full_sync(url, token, folder, spans) as full_sync:
        first = _seconds(full_sync.run)
        asked = list(spans)
        return first, _seconds(full_sync.run), asked


@contextmanager
def _full_sync(url: str, token: str, folder: Path, spans: list[Span]) -> Iterator[FullSync]:
    api, log = ApiClient(url), CallStore(open_database(f"sqlite:///{folder / 'calls.db'}"))

    def fetch_page(offset: int, limit: int) -> CallPage:
        spans.append((offset, limit))
        return api.get_calls(token, offset, limit)

    yield FullSync(CallReplica(log, ChangeFeed()), fetch_page)
    api.close()
    log.close()


def _served(sandbox: Sandbox, url: str, folder: Path) -> tuple[float, float, float]:
    """The seconds from the login to the whole list, the slowest answer meanwhile and a usual one after it."""
    with serving(sandbox, folder, {"AIRCALL_API_URL": url}) as address, requests.Session() as session:
        session.trust_env = False
        ask = partial(session.get, f"{address}/healthz", timeout=TIMEOUT)
        # A process that begins is no part of what is measured.
        ask().raise_for_status()
        began = time.monotonic()
        session.cookies.set(COOKIE, log_in(address))
        answers = [_seconds(ask)]
        while not _is_read(session, address):
            time.sleep(PAUSE)
            answers.append(_seconds(ask))
        took = time.monotonic() - began
        return took, max(answers), sorted(_seconds(ask) for _ in range(21))[10]


def _is_read(session: requests.Session, address: str) -> bool:
    state = session.get(f"{address}/readyz", timeout=TIMEOUT).json()
    return state["upstream"]["synced_at"] is not None


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
