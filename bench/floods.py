"""How long others wait while strangers and heavy users flood a dashboard of 100,000 calls.

Each flood is a process of its own (flood_clients.py). A signed-in person meanwhile asks for /healthz and for
the list, again and again; the references are the same at rest, in the same run. `--floods=a,b` for some.
"""

import http.client
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests

from bench.figures import Figure
from bench.socket_servers import allow_many_files
from tests.support.dashboard import COOKIE, log_in, serving
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

CALLS = 100_000
# Seconds: of a flood, and for all calls to be read.
FLOOD_TIME, READING_TIME = 15.0, 240.0
# Seconds that an answer may take, whatever others do; and a page whose API hangs.
BUDGET, HANGING_BUDGET = 1000.0, 8000.0
TIMEOUT = 60.0
PEOPLE = 50


class Watcher:
    """Asks for one address again and again in a thread of its own, and notes how long each answer took."""

    def __init__(self, address: str, path: str, cookie: str = "") -> None:
        self._netloc, self._path, self._cookie = urlsplit(address).netloc, path, cookie
        self._stopping = threading.Event()
        self._took: list[float] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def watch(self, during: Callable[[], object]) -> list[float]:
        """Return the milliseconds of each answer while `during` runs, the longest last."""
        self._thread.start()
        during()
        self._stopping.set()
        self._thread.join(TIMEOUT)
        return sorted(self._took) or [TIMEOUT * 1000]

    def _run(self) -> None:
        headers = {"Cookie": f"{COOKIE}={self._cookie}"} if self._cookie else {}
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                connection = http.client.HTTPConnection(self._netloc, timeout=TIMEOUT)
                connection.request("GET", self._path, headers=headers)
                connection.getresponse().read()
                connection.close()
            except OSError:
                self._took.append(TIMEOUT * 1000)
            self._took.append((time.monotonic() - began) * 1000)
            self._stopping.wait(0.02)


@contextmanager
def flood(kind: str, address: str, cookie: str, count: int) -> Iterator[None]:
    """So many connections of this kind, until the end of the block."""
    command = [sys.executable, "-m", "bench.flood_clients", kind, address, cookie, str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603  # no user input
        try:
            yield
        finally:
            process.kill()


def percentile(took: list[float], share: float) -> float:
    """Return the value below which this share of the sorted values are."""
    return took[min(len(took) - 1, int(len(took) * share))]


class Floods:
    """The floods on one dashboard, and what others wait meanwhile."""

    def __init__(self, address: str, sandbox: Sandbox) -> None:
        self._address, self._sandbox = address, sandbox
        self._cookie = log_in(address, "watcher")
        self._rest = self._waits(lambda: time.sleep(5))

    def figures(self, kind: str) -> list[Figure]:
        """Return what others wait during this flood."""
        with ExitStack() as stack:
            begin: Callable[[ExitStack], None] = getattr(self, f"_{kind.replace(' ', '_')}")
            begin(stack)
            healthz, page = self._waits(lambda: time.sleep(FLOOD_TIME))
        pages = [percentile(each, 0.95) for each in (page, self._rest[1])]
        budget = HANGING_BUDGET if kind == "hanging api" else BUDGET
        return [
            Figure(f"{kind}: /healthz, longest", healthz[-1], self._rest[0][-1], "ms", budget=BUDGET),
            Figure(f"{kind}: a page, p95", pages[0], pages[1], "ms", budget=budget),
        ]

    def _waits(self, during: Callable[[], object]) -> tuple[list[float], list[float]]:
        healthz, page = Watcher(self._address, "/healthz"), Watcher(self._address, "/calls", self._cookie)
        found: list[list[float]] = []
        return healthz.watch(lambda: found.append(page.watch(during))), found[0]

    def _people(self, count: int) -> list[str]:
        return [log_in(self._address, f"person {number}") for number in range(count)]

    def _begin(self, stack: ExitStack, kind: str, cookie: str, count: int) -> None:
        stack.enter_context(flood(kind, self._address, cookie, count))

    def _sockets(self, stack: ExitStack) -> None:
        self._begin(stack, "sockets", "", 10_000)

    def _half_bodies(self, stack: ExitStack) -> None:
        self._begin(stack, "half bodies", "", 10_000)

    def _slow_readers(self, stack: ExitStack) -> None:
        self._begin(stack, "slow readers", self._cookie, 200)

    def _exports(self, stack: ExitStack) -> None:
        for cookie in self._people(4):
            self._begin(stack, "exports", cookie, 2)

    def _hanging_api(self, stack: ExitStack) -> None:
        for cookie in self._people(PEOPLE // 10):
            self._begin(stack, "pages", cookie, 10)
        self._sandbox.be_slow(30)
        stack.callback(self._sandbox.clear_faults)


NAMES = ("sockets", "half bodies", "slow readers", "exports", "hanging api")


def run() -> list[Figure]:
    """Measure what others wait during each flood."""
    allow_many_files()
    chosen = next((arg.removeprefix("--floods=") for arg in sys.argv if arg.startswith("--floods=")), "")
    names = chosen.split(",") if chosen else NAMES
    with ExitStack() as stack:
        data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callboard-bench-")))
        sandbox = stack.enter_context(Sandbox.start("--calls", str(CALLS)))
        address = stack.enter_context(serving(sandbox, data_dir))
        nothing, cookies = f"{address}/calls.csv?q=nothing", {COOKIE: log_in(address)}
        wait_until(
            lambda: requests.get(nothing, cookies=cookies, timeout=TIMEOUT).ok, READING_TIME, what="the list"
        )
        floods = Floods(address, sandbox)
        return [figure for name in names for figure in floods.figures(name)]
