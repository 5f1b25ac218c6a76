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
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import requests
from bs4 import BeautifulSoup

from bench.figures import Figure
from bench.socket_servers import allow_many_files
from tests.support.dashboard import COOKIE, log_in, serving, session_of, sign_in
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

CALLS = 100_000
# Seconds: of a flood, at rest, and for all calls to be read.
FLOOD_TIME, REST_TIME, READING_TIME = 15.0, 5.0, 240.0
# Seconds that an answer may take, whatever others do; and a page whose API hangs.
BUDGET, HANGING_BUDGET = 1000.0, 8000.0
TIMEOUT = 60.0
PEOPLE = 50
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
# As many of the calls as may be changed at once: those of a day.
FEW = f"view=inbox&from={YESTERDAY}&to={YESTERDAY}"


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
    """The floods on one dashboard behind a proxy, and what others wait meanwhile."""

    def __init__(self, address: str, sandbox: Sandbox) -> None:
        self._address, self._sandbox = address, sandbox
        self._people = [self._signed_in(f"person {number}") for number in range(PEOPLE)]
        self._cookie, *self._cookies = [session_of(person, address) for person in self._people]
        self._settle()
        self._rest = self._waits(lambda: time.sleep(REST_TIME))

    def figures(self, kind: str) -> list[Figure]:
        """Return what others wait during this flood."""
        self._settle()
        with ExitStack() as stack:
            begin: Callable[[ExitStack], Callable[[], object] | None] = getattr(
                self, f"_{kind.replace(' ', '_')}"
            )
            during = begin(stack) or (lambda: time.sleep(FLOOD_TIME))
            healthz, page = self._waits(during)
        pages = [percentile(each, 0.95) for each in (page, self._rest[1])]
        budget = HANGING_BUDGET if kind == "hanging api" else BUDGET
        print(f"{kind}: {len(page)} pages, the slowest took {page[-1]:.0f} ms", flush=True)
        return [
            Figure(f"{kind}: /healthz, longest", healthz[-1], self._rest[0][-1], "ms", budget=BUDGET),
            Figure(f"{kind}: a page, p95", pages[0], pages[1], "ms", budget=budget),
        ]

    def _waits(self, during: Callable[[], object]) -> tuple[list[float], list[float]]:
        healthz, page = Watcher(self._address, "/healthz"), Watcher(self._address, "/calls", self._cookie)
        found: list[list[float]] = []
        return healthz.watch(lambda: found.append(page.watch(during))), found[0]

    def _settle(self) -> None:
        def is_at_rest() -> bool:
            time.sleep(1)
            return requests.get(f"{self._address}/healthz", timeout=TIMEOUT).elapsed.total_seconds() < 0.1

        wait_until(is_at_rest, READING_TIME, what="rest")

    def _signed_in(self, name: str) -> requests.Session:
        person = requests.Session()
        person.trust_env = False
        # Each at an address of their own.
        person.headers["X-Forwarded-For"] = f"2001:db8:{len(name)}:{name[-2:].strip()}::1"
        sign_in(person, self._address, name)
        return person

    def _begin(self, stack: ExitStack, kind: str, cookie: str, count: int) -> None:
        stack.enter_context(flood(kind, self._address, cookie, count))

    def _sockets(self, stack: ExitStack) -> None:
        self._begin(stack, "sockets", "", 10_000)

    def _half_bodies(self, stack: ExitStack) -> None:
        self._begin(stack, "half bodies", "", 10_000)

    def _slow_readers(self, stack: ExitStack) -> None:
        self._begin(stack, "slow readers", self._cookie, 200)

    def _exports(self, stack: ExitStack) -> None:
        for cookie in self._cookies[:4]:
            self._begin(stack, "exports", cookie, 2)

    def _archiving(self, _stack: ExitStack) -> None:
        for person in self._people[:10]:
            page = person.get(f"{self._address}/calls/archive?archived=true&{FEW}", timeout=TIMEOUT)
            (form,) = BeautifulSoup(page.text, "html.parser").select("main form[action='/calls/archive']")
            fields = [(str(each["name"]), str(each.get("value", ""))) for each in form.select("[name]")]
            person.post(f"{self._address}/calls/archive", data=fields, timeout=TIMEOUT).raise_for_status()

    def _logins(self, stack: ExitStack) -> Callable[[], object]:
        self._sandbox.reject_password("wrong")
        self._sandbox.be_slow(0.3, path="/auth/login")
        stack.callback(self._sandbox.clear_faults)

        def right() -> None:
            began = time.monotonic()
            with ThreadPoolExecutor(10) as pool:
                list(pool.map(self._signed_in, [f"right one {number}" for number in range(10)]))
            print(f"logins: 10 of 10 right ones after {time.monotonic() - began:.1f} s", flush=True)
            time.sleep(FLOOD_TIME)

        self._begin(stack, "logins", "", 50)
        return right

    def _hanging_api(self, stack: ExitStack) -> None:
        for cookie in self._cookies:
            self._begin(stack, "pages", cookie, 1)
        self._sandbox.be_slow(30)
        stack.callback(self._sandbox.clear_faults)


NAMES = ("sockets", "half bodies", "slow readers", "logins", "exports", "archiving", "hanging api")


def run() -> list[Figure]:
    """Measure what others wait during each flood."""
    allow_many_files()
    chosen = next((arg.removeprefix("--floods=") for arg in sys.argv if arg.startswith("--floods=")), "")
    names = chosen.split(",") if chosen else NAMES
    with ExitStack() as stack:
        data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callboard-bench-")))
        sandbox = stack.enter_context(Sandbox.start("--calls", str(CALLS)))
        address = stack.enter_context(serving(sandbox, data_dir, {"TRUSTED_PROXIES": "1"}))
        nothing, cookies = f"{address}/calls.csv?q=nothing", {COOKIE: log_in(address)}
        wait_until(
            lambda: requests.get(nothing, cookies=cookies, timeout=TIMEOUT).ok, READING_TIME, what="the list"
        )
        floods = Floods(address, sandbox)
        return [figure for name in names for figure in floods.figures(name)]
