"""Duration of a full sync of 100,000 calls, relative to a bare download of the same pages.

Measured once over a simulated internet connection, and once without. The bare download requests the same
pages with the same parallelism and discards them.
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
from aircall.sync.full_sync import PARALLEL_PAGES, FullSync
from bench.figures import Figure
from bench.line import line_to
from tests.support.dashboard import COOKIE, log_in, serving
from tests.support.rest_client import signed_in
from tests.support.sandbox import Sandbox

CALLS = 100_000
# A good office connection, and a round trip across a continent.
MEGABITS, MILLISECONDS = 50, 40
LINE = f"API behind {MEGABITS} Mbit/s and {MILLISECONDS} ms"
LIMIT = 1.3
# Without a line, the API sends as fast as it can.
DIRECT_LIMIT = 1.4
TIMEOUT = 60.0
# Seconds between two polls for the end of the sync. Each poll takes time of the dashboard.
POLL_INTERVAL = 0.1

PageRange = tuple[int, int]


def run() -> list[Figure]:
    """Measure both connections."""
    with Sandbox.start("--calls", str(CALLS)) as sandbox, signed_in(sandbox.url) as rest:
        with line_to(sandbox.url, megabits=MEGABITS, milliseconds=MILLISECONDS) as url:
            distant = _figures(sandbox, url, rest.access_token, LINE, LIMIT)
        return distant + _figures(sandbox, sandbox.url, rest.access_token, "no line", DIRECT_LIMIT)


def _figures(sandbox: Sandbox, url: str, token: str, where: str, limit: float) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        first, indexes, again, ranges = _in_process(url, token, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        served, slowest_answer, idle_answer = _served(sandbox, url, Path(folder))
    bare = _seconds(partial(_download, url, token, ranges))
    return [
        Figure(f"first full sync, {where}", first, bare, "s", limit),
        Figure(f"indexes after it, {where}", indexes, bare, "s"),
        Figure(f"second full sync, {where}", again, bare, "s", limit),
        Figure(f"first full sync as served, {where}", served, bare, "s", limit),
        Figure(f"slowest /healthz meanwhile, {where}", slowest_answer, idle_answer, "s"),
    ]


def _in_process(url: str, token: str, folder: Path) -> tuple[float, float, float, list[PageRange]]:
    """Return the seconds of the first full sync, of its indexes and of a second one; the first's page ranges.

    The list shows before its indexes are created.
    """
    ranges: list[PageRange] = []
    with _full_sync(url, token, folder, ranges) as (full_sync, store):
        first = _seconds(full_sync.run)
        asked = list(ranges)
        return first, _seconds(store.catch_up), _seconds(full_sync.run), asked


@contextmanager
def _full_sync(
    url: str, token: str, folder: Path, ranges: list[PageRange]
) -> Iterator[tuple[FullSync, CallStore]]:
    api, store = ApiClient(url), CallStore(open_database(f"sqlite:///{folder / 'calls.db'}"))

    def fetch_page(offset: int, limit: int) -> CallPage:
        ranges.append((offset, limit))
        return api.get_calls(token, offset, limit)

    yield FullSync(CallReplica(store, ChangeFeed()), fetch_page), store
    api.close()
    store.close()


def _served(sandbox: Sandbox, url: str, folder: Path) -> tuple[float, float, float]:
    """Return the seconds of the first sync, and of /healthz: the slowest meanwhile and the median after."""
    with serving(sandbox, folder, {"AIRCALL_API_URL": url}) as address, requests.Session() as session:
        session.trust_env = False
        ask = partial(session.get, f"{address}/healthz", timeout=TIMEOUT)
        # The start of the process is not measured.
        ask().raise_for_status()
        began = time.monotonic()
        session.cookies.set(COOKIE, log_in(address))
        answers = [_seconds(ask)]
        while not _is_synced(session, address):
            time.sleep(POLL_INTERVAL)
            answers.append(_seconds(ask))
        took = time.monotonic() - began
        return took, max(answers), sorted(_seconds(ask) for _ in range(21))[10]


def _is_synced(session: requests.Session, address: str) -> bool:
    state = session.get(f"{address}/readyz", timeout=TIMEOUT).json()
    return state["upstream"]["synced_at"] is not None


def _download(url: str, token: str, ranges: list[PageRange]) -> None:
    with requests.Session() as session, ThreadPoolExecutor(PARALLEL_PAGES) as pool:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {token}"

        def get(page_range: PageRange) -> None:
            query = {"offset": page_range[0], "limit": page_range[1]}
            session.get(f"{url}/calls", params=query, timeout=TIMEOUT).raise_for_status()

        list(pool.map(get, ranges))


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
