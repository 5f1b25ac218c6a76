"""The store with a million calls, in SQLite and in PostgreSQL, relative to 1,000 calls or to its first page.

Half of the calls have one of eight lines, each of the others a line of its own. They are written straight
into the store. Figures are processor time, with that of PostgreSQL's processes: other load changes it little.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import NamedTuple, cast
from urllib.parse import urlencode
from uuid import UUID

import msgspec
import psycopg
from flask import Flask

from aircall.calls.feed import ChangeFeed
from aircall.calls.filters import CallFilter
from aircall.calls.replica import CallReplica
from aircall.calls.store import CallStore
from aircall.models import Call, CallPage, Note
from aircall.status import SyncStatus
from aircall.storage.database import open_database
from aircall.sync.full_sync import FullSync
from aircall.sync.supervisor import SyncService
from aircall.web.services import EXTENSION, stop
from app import create_app
from bench.figures import Figure
from config import Config
from tests.support.dashboard import settings
from tests.support.memory import memory
from tests.support.person import Person
from tests.support.postgres import Postgres, running_postgres
from tests.support.sandbox import Sandbox

SMALL, BIG, SEED = 1_000, 1_000_000, 7
# Rows per page: few, to measure the queries.
REQUESTS, ROWS = 15, 10
LIMIT, MEMORY_LIMIT_MB = 2.0, 60.0
# The pages differ only in how many digits their numbers have.
BYTES_LIMIT = 1.05
CLOCK_TICK = 1000 / os.sysconf("SC_CLK_TCK")
END = datetime(2026, 11, 23, 12, tzinfo=UTC)
LINES = [f"+3318939463{number}" for number in range(8)]
CALLERS = 60_000
WORDS = ("invoice", "delivery", "refund", "contract", "meeting", "urgent", "address", "order")

Query = dict[str, str]
CpuTime = Callable[[], float]


class StillSync:
    """The sync of a dashboard whose calls are up to date."""

    status: SyncStatus | None = None

    def ensure_fresh(self, timeout: float) -> None:
        """Return at once."""

    def retry_now(self) -> None:
        """Do nothing."""

    def request_sync(self) -> None:
        """Do nothing."""


class Listed(NamedTuple):
    """A dashboard, a person at it, and its store."""

    person: Person
    store: CallStore

    def change(self) -> None:
        """Archive the newest call, or move it back."""
        (call,) = self.store.page(CallFilter(view="all"), 0, 1)
        self.store.apply([msgspec.structs.replace(call, is_archived=not call.is_archived)])

    def get(self, query: Query) -> int:
        """Request a page of the list; return its size in bytes."""
        answer = self.person.client.get(f"/calls?{urlencode(query | {'per_page': str(ROWS)})}")
        if answer.status_code != HTTPStatus.OK:
            raise RuntimeError(answer.status)
        return len(answer.data)


def run(count: int = BIG) -> list[Figure]:
    """Measure both databases with so many calls."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox.start())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callboard-bench-")))
        postgres = stack.enter_context(running_postgres())
        postgres.execute("CREATE DATABASE small")
        sqlite_url = f"sqlite:///{folder / 'big.db'}"
        command = [sys.executable, "-m", "bench.store", sqlite_url, str(count)]
        growth = float(subprocess.check_output(command, text=True))  # noqa: S603  # no user input
        figures = [Figure(f"memory of a full sync of {count:,} calls", growth, 1.0, "MB", MEMORY_LIMIT_MB)]
        both = (
            ("SQLite", f"sqlite:///{folder / 'small.db'}", sqlite_url, _own_time),
            ("PostgreSQL", f"{postgres.url.rpartition('/')[0]}/small", postgres.url, _time_with(postgres)),
        )
        for name, small_url, big_url, cpu_time in both:
            with _listed(sandbox, small_url, SMALL) as small, _listed(sandbox, big_url, count) as big:
                figures += _first_pages(f"{count:,} calls, {name}", small, big, cpu_time)
                figures += _far_pages(f"{count:,} calls, {name}", big, cpu_time)
        return figures


def _first_pages(where: str, small: Listed, big: Listed, cpu_time: CpuTime) -> list[Figure]:
    figures = []
    for name, query in _queries().items():
        first, first_small = (_milliseconds(one, query, cpu_time) for one in (big, small))
        if "q" in query:
            figures.append(Figure(f"{name}, never asked before, {where}", first, first_small, "ms", LIMIT))
        for state, prepare in (("", _do_nothing), (", after a change", Listed.change)):
            value, reference = _alternately([(big, query), (small, query)], cpu_time, prepare)
            figures.append(Figure(f"{name}{state}, {where}", value, reference, "ms", LIMIT))
    size, small_size = (one.get({"view": "all"}) for one in (big, small))
    return [*figures, Figure(f"bytes of the list, {where}", size, small_size, "B", BYTES_LIMIT)]


def _far_pages(where: str, big: Listed, cpu_time: CpuTime) -> list[Figure]:
    figures = []
    lists: list[tuple[str, Query, CallFilter]] = [
        ("the inbox", {}, CallFilter()),
        ("missed calls", {"view": "all", "type": "missed"}, CallFilter(view="all", call_type="missed")),
        ("a line", {"view": "all", "line": LINES[0]}, CallFilter(view="all", line=LINES[0])),
    ]
    for name, query, wanted in lists:
        pages = big.store.counts(wanted)[wanted.view] // ROWS
        for place, page in (("half-way down", pages // 2), ("the last page of", pages)):
            asked = [(big, query | {"page": str(page)}), (big, query)]
            value, reference = _alternately(asked, cpu_time, _do_nothing)
            figures.append(Figure(f"{place} {name}, {where}", value, reference, "ms", LIMIT))
    return figures


def _queries() -> dict[str, Query]:
    last = (END - timedelta(days=100)).date()
    return {
        "inbox": {},
        "missed inbound calls": {"type": "missed", "direction": "inbound"},
        "outbound voicemail": {"view": "all", "type": "voicemail", "direction": "outbound"},
        "a line": {"view": "all", "line": LINES[0]},
        "three weeks": {"from": (last - timedelta(days=20)).isoformat(), "to": last.isoformat()},
        "end of a number searched": {"view": "all", "q": "4321"},
        "number searched": {"view": "all", "q": _caller(1)},
        "common digits searched": {"view": "all", "q": "33"},
        "word searched": {"view": "all", "q": WORDS[0]},
        "words searched in missed calls": {"type": "missed", "q": f"{WORDS[1]} {WORDS[2]}"},
    }


def _alternately(
    asked: list[tuple[Listed, Query]], cpu_time: CpuTime, prepare: Callable[[Listed], None]
) -> tuple[float, float]:
    times: list[list[float]] = [[] for _ in asked]
    for _ in range(REQUESTS):
        for took, (one, query) in zip(times, asked, strict=True):
            prepare(one)
            took.append(_milliseconds(one, query, cpu_time))
    # Not the median: PostgreSQL's processor time comes in ticks of 10 ms.
    value, reference = (statistics.fmean(sorted(took)[: -REQUESTS // 5]) for took in times)
    return value, reference


def _milliseconds(one: Listed, query: Query, cpu_time: CpuTime) -> float:
    began = cpu_time()
    one.get(query)
    return cpu_time() - began


def _do_nothing(_: Listed) -> None:
    pass


def _own_time() -> float:
    return time.process_time() * 1000


def _time_with(postgres: Postgres) -> CpuTime:
    """Return a clock of the processor time, in milliseconds, of this process and PostgreSQL's processes."""
    with psycopg.connect(postgres.url) as connection:
        (backend,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (0,)
        server = int(_stat(backend)[1])

    def read() -> float:
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        ticks = sum(int(ticks) for child in children for ticks in _stat(int(child))[11:13])
        # Of those that have ended.
        ticks += sum(int(ticks) for ticks in _stat(server)[13:15])
        return _own_time() + ticks * CLOCK_TICK

    return read


def _stat(process_id: int) -> list[str]:
    """Return the fields of /proc/…/stat after the name; the first is the state."""
    return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()


@contextmanager
def _listed(sandbox: Sandbox, url: str, count: int) -> Iterator[Listed]:
    with tempfile.TemporaryDirectory(prefix="callboard-bench-") as data_dir:
        environment = settings(sandbox, Path(data_dir)) | {"DATABASE_URL": url}
        app: Flask = create_app(Config.from_environment(environment))
        services = app.extensions[EXTENSION]
        if services.replica.store.synced_at is None:
            _fill(services.replica.store, count)
        person = Person(app).sign_in("alice")
        # A page would wait for a sync that is due, and the sync would bring the sandbox's calls.
        app.extensions[EXTENSION] = replace(services, sync=cast(SyncService, StillSync()))
        yield Listed(person, services.replica.store)
        app.extensions[EXTENSION] = services
        stop(app)


def _fill(store: CallStore, count: int) -> float:
    """Read so many calls by a full sync; return by how many MB this process has grown at most."""
    rng, before, most = Random(SEED), memory(os.getpid()), 0  # noqa: S311  # no secrets

    def fetch(offset: int, limit: int) -> CallPage:
        nonlocal most
        most = max(most, memory(os.getpid()))
        end = min(count, offset + limit)
        made = tuple(_call(number, rng) for number in range(offset, end))
        return CallPage(calls=made, malformed_count=0, total_count=count, has_next_page=end < count)

    FullSync(CallReplica(store, ChangeFeed()), fetch).run()
    store.catch_up()
    return (max(most, memory(os.getpid())) - before) / 2**20


def _call(number: int, rng: Random) -> Call:
    is_inbound, kind = rng.random() < 0.7, rng.random()
    line = rng.choice(LINES) if number % 2 else f"+331{number:08}"
    caller = _caller(rng.randrange(CALLERS))
    text = " ".join(rng.choices(WORDS, k=4))
    return Call(
        id=str(UUID(int=rng.getrandbits(128), version=4)),
        direction="inbound" if is_inbound else "outbound",
        call_type="missed" if kind < 0.4 else "answered" if kind < 0.85 else "voicemail",
        caller=caller if is_inbound else line,
        callee=line if is_inbound else caller,
        via=line,
        duration=timedelta(seconds=rng.randrange(600)),
        is_archived=rng.random() < 0.4,
        created_at=END - timedelta(seconds=rng.random() * 365 * 86_400),
        notes=(Note(id=str(UUID(int=number)), content=text),) if rng.random() < 0.2 else (),
    )


def _caller(number: int) -> str:
    return f"+336{number * 1543 % 10**8:08}"


if __name__ == "__main__":
    _url, _count = sys.argv[1:]
    print(_fill(CallStore(open_database(_url)), int(_count)))
