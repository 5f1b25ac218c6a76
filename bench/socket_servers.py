"""Socket servers to compare, each with a load client: the dashboard, Node's Socket.IO, and a floor in C.

The C programs of bench/wire are compiled by the system's compiler. All have the dashboard's ping times.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aircall.web.live.hub import SocketTimings
from bench.usage import memory, processor_seconds
from tests.support.dashboard import COOKIE, READY, log_in, settings
from tests.support.processes import running
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.support.workers import workers_of

WIRE = Path(__file__).parent / "wire"
COMPILER = ("cc", "-O2", "-std=gnu11", "-Wall", "-Wextra", "-o")
EVENT = "update-call"
# As the dashboard and Node write JSON, so that all send the same bytes.
COMPACT: dict[str, Any] = {"separators": (",", ":"), "ensure_ascii": False}
# Pages that connect at once.
WINDOW = 200
# Seconds: for one event to reach everybody; until a server counts as at rest; the processor's share at rest.
DELIVERY_TIME, REST_TIME, REST_SHARE = 60.0, 60.0, 0.5
# Seconds in which a server does what it left for after the last event.
SETTLING_TIME = 0.01


@dataclass(frozen=True, slots=True)
class Delivery:
    """When events reached the pages, in seconds since the trigger, and how many bytes each took.

    `processor` is the processor time in seconds that the server used for them.
    """

    first: float
    median: float
    p99: float
    last: float
    bytes_per_event: float
    processor: float = 0.0


class LoadClient:
    """Sockets of many pages in one process (bench/wire/client.c)."""

    def __init__(self, program: Path, address: str, cookie: str, auth: Mapping[str, object]) -> None:
        parts = urlsplit(address)
        where = (str(parts.hostname), str(parts.port), EVENT)
        self._process = subprocess.Popen(  # noqa: S603  # no user input
            [str(program), *where, f"{COOKIE}={cookie}", address, json.dumps(auth)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def open(self, count: int) -> float:
        """Connect this many pages. Return the seconds that it took. Raises RuntimeError if they cannot."""
        answer = self._ask(f"open {count} {WINDOW}")
        if answer["opened"] < count:
            raise RuntimeError(f"only {answer['opened']} sockets are open, {answer['refused']} were refused")
        return float(answer["seconds"])

    def expect(self, count: int) -> None:
        """Begin to wait for this many events at each page."""
        self._ask(f"expect {count} {DELIVERY_TIME}")

    def delivery(self, began: float) -> Delivery:
        """Return when all pages have what was expected, `began` the trigger. Raises RuntimeError if late."""
        seen = self._answer()
        if seen["complete"] < seen["pages"] or not seen["pages"]:
            raise RuntimeError(f"events reached only {seen['complete']} of {seen['pages']} pages")
        first, median, p99, last = (seen[name] - began for name in ("first", "p50", "p99", "last"))
        return Delivery(first, median, p99, last, seen["bytes"] / seen["events"])

    def sample(self) -> Any:
        """Return the payload of the last event."""
        return self._ask("sample")[1]

    def dropped(self) -> int:
        """Return how many sockets the server has closed."""
        return int(self._ask("status")["dropped"])

    def close(self) -> None:
        """Disconnect all pages."""
        self._ask("close")

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, command: str) -> Any:
        assert self._process.stdin is not None  # noqa: S101  # for the type checker: it is a pipe
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101  # as above
        return json.loads(self._process.stdout.readline())


@dataclass(slots=True)
class SocketServer:
    """A running server with its load client; `payload` is what it is told to send, if not its own.

    `cookie` is that of a session of the dashboard.
    """

    name: str
    address: str
    process_ids: list[int]
    pages: LoadClient
    path: str
    cookie: str = "none"
    payload: Any = None
    _connection: HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self._connection = HTTPConnection(urlsplit(self.address).netloc, timeout=DELIVERY_TIME)

    def emit(self, count: int = 1) -> Delivery:
        """Trigger events to all pages by one HTTP request, and return when they came."""
        body = b"" if self.payload is None else json.dumps(self.payload, **COMPACT).encode()
        self._connection.connect()
        path = f"{self.path}?count={count}"
        delivery = self.deliver(lambda: self._connection.request("POST", path, body), count)
        self._connection.getresponse().read()
        self._connection.close()
        return delivery

    def deliver(self, trigger: Callable[[], object], count: int = 1) -> Delivery:
        """Trigger this many events to all pages, and return when they came."""
        before = self.processor_seconds()
        self.pages.expect(count)
        began = time.monotonic()
        trigger()
        delivery = self.pages.delivery(began)
        time.sleep(SETTLING_TIME)
        return replace(delivery, processor=self.processor_seconds() - before)

    def rest(self) -> None:
        """Wait until the server has finished what it was told. Raises AssertionError if it does not."""

        def is_at_rest() -> bool:
            return self.processor_share(0.2) < REST_SHARE

        wait_until(is_at_rest, REST_TIME, f"{self.name} at rest")

    def processor_share(self, seconds: float) -> float:
        """Return the share of a core that the server uses for so long."""
        began, before = time.monotonic(), self.processor_seconds()
        time.sleep(seconds)
        return (self.processor_seconds() - before) / (time.monotonic() - began)

    def processor_seconds(self) -> float:
        """Return the processor time that the server has used so far."""
        return processor_seconds(self.process_ids)

    def memory(self) -> float:
        """Return the memory of the server in bytes."""
        return memory(self.process_ids)


@contextmanager
def compiled() -> Iterator[Path]:
    """A folder with the C programs. Raises CalledProcessError if they do not compile."""
    with tempfile.TemporaryDirectory(prefix="callboard-bench-") as name:
        for source in WIRE.glob("*.c"):
            subprocess.run([*COMPILER, f"{name}/{source.stem}", str(source)], check=True)  # noqa: S603  # no user input
        yield Path(name)


def allow_many_files() -> None:
    """Raise the limit of open files, for this process and those that it will start."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextmanager
def dashboard_server(
    sandbox: Sandbox,
    programs: Path,
    more: Mapping[str, str] | None = None,
    *,
    auth: Mapping[str, object] | None = None,
) -> Iterator[SocketServer]:
    """The dashboard with one login, after its first full sync; `auth` is what its pages say of themselves."""
    with ExitStack() as stack:
        data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callboard-bench-")))
        environment = dict(os.environ) | settings(sandbox, data_dir) | dict(more or {})
        # All pages have one login.
        environment["PAGES_PER_LOGIN"] = "10000"
        command = [sys.executable, "-m", "bench.triggered_app"]
        started = stack.enter_context(running(command, READY, environment=environment))
        address = started.ready[1]
        cookie = log_in(address)
        wait_until(lambda: sandbox.counters().subscriptions_now >= 1, 60, "a subscription")
        pages = LoadClient(programs / "client", address, cookie, auth or {})
        stack.callback(pages.stop)
        server = SocketServer("ours", address, workers_of(started.process.pid), pages, "/bench/emit", cookie)
        try:
            yield server
        except RuntimeError:
            print(started.output())
            raise


@contextmanager
def node_server(programs: Path) -> Iterator[SocketServer]:
    """Node's Socket.IO."""
    command = ["node", str(WIRE / "server.mjs"), *_ping_times()]
    with _reference("Node", command, r"Node at (http://\S+)", programs) as server:
        yield server


@contextmanager
def floor_server(programs: Path) -> Iterator[SocketServer]:
    """The floor in C."""
    command = [str(programs / "floor"), *_ping_times()]
    with _reference("C", command, r"Floor at (http://\S+)", programs) as server:
        yield server


@contextmanager
def _reference(name: str, command: list[str], ready: str, programs: Path) -> Iterator[SocketServer]:
    with running(command, ready) as started, ExitStack() as stack:
        pages = LoadClient(programs / "client", started.ready[1], "none", {})
        stack.callback(pages.stop)
        yield SocketServer(name, started.ready[1], [started.process.pid], pages, "/emit")


def _ping_times() -> list[str]:
    timings = SocketTimings()
    return [f"{seconds * 1000:.0f}" for seconds in (timings.ping_interval, timings.ping_timeout)]
