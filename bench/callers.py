"""The call-back queue of 100,000 calls from 60,000 callers, relative to that of 100 calls.

Both are in SQLite, in this process. Figures are processor time: other load changes it little.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import cast
from uuid import UUID

from flask import Flask

from aircall.calls.feed import ChangeFeed
from aircall.calls.replica import CallReplica
from aircall.calls.store import CallStore
from aircall.models import Call, CallPage
from aircall.sync.full_sync import FullSync
from aircall.sync.supervisor import SyncService
from aircall.web.services import EXTENSION, stop
from app import create_app
from bench.figures import Figure
from bench.store import Listed, StillSync
from config import Config
from tests.support.dashboard import settings
from tests.support.person import Person
from tests.support.sandbox import Sandbox

SMALL, BIG, CALLERS, SEED = 100, 100_000, 60_000, 7
REQUESTS, LIMIT = 25, 2.0
PAGES = {
    "longest wait first": "/callers?per_page=10",
    "newest first": "/callers?per_page=10&sort=newest",
    "nobody's": "/callers?per_page=10&who=nobody",
}


def run() -> list[Figure]:
    """Measure the first page, as it is and after a change, and what a change costs."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox.start())
        small, big = (stack.enter_context(_listed(sandbox, count)) for count in (SMALL, BIG))
        where = f"{BIG:,} calls of {CALLERS:,} callers"
        figures = []
        for name, path in PAGES.items():
            for state, prepare in (("", _do_nothing), (", after a change", Listed.change)):
                value, reference = _alternately(big, small, prepare, partial(_get, path))
                figures.append(Figure(f"queue, {name}{state}, {where}", value, reference, "ms", LIMIT))
        value, reference = _alternately(big, small, _do_nothing, Listed.change)
        return [*figures, Figure(f"queue, a change, {where}", value, reference, "ms", LIMIT)]


@contextmanager
def _listed(sandbox: Sandbox, count: int) -> Iterator[Listed]:
    with tempfile.TemporaryDirectory(prefix="callboard-bench-") as data_dir:
        app: Flask = create_app(Config.from_environment(settings(sandbox, Path(data_dir))))
        services = app.extensions[EXTENSION]
        _fill(services.replica.store, count)
        person = Person(app).sign_in("alice")
        # A page would wait for a sync that is due, and the sync would bring the sandbox's calls.
        app.extensions[EXTENSION] = replace(services, sync=cast(SyncService, StillSync()))
        yield Listed(person, services.replica.store)
        app.extensions[EXTENSION] = services
        stop(app)


def _fill(store: CallStore, count: int) -> None:
    rng = Random(SEED)  # noqa: S311  # no secrets

    def fetch(offset: int, limit: int) -> CallPage:
        end = min(count, offset + limit)
        made = tuple(_call(number, rng) for number in range(offset, end))
        return CallPage(calls=made, malformed_count=0, total_count=count, has_next_page=end < count)

    FullSync(CallReplica(store, ChangeFeed()), fetch).run()
    store.catch_up()


def _call(number: int, rng: Random) -> Call:
    is_inbound, line = rng.random() < 0.8, f"+3318939{rng.randrange(20):04}"
    caller = f"+336{rng.randrange(CALLERS) * 1543 % 10**8:08}"
    return Call(
        id=str(UUID(int=rng.getrandbits(128), version=4)),
        direction="inbound" if is_inbound else "outbound",
        call_type=rng.choice(("missed", "missed", "answered", "voicemail")),
        caller=caller if is_inbound else line,
        callee=line if is_inbound else caller,
        via=line,
        duration=timedelta(seconds=rng.randrange(600)),
        is_archived=rng.random() < 0.2,
        created_at=datetime(2026, 11, 23, tzinfo=UTC) - timedelta(seconds=number * 60),
        notes=(),
    )


def _alternately(
    big: Listed, small: Listed, prepare: Callable[[Listed], None], work: Callable[[Listed], None]
) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(REQUESTS):
        for took, one in zip(times, (big, small), strict=True):
            prepare(one)
            began = time.process_time()
            work(one)
            took.append((time.process_time() - began) * 1000)
    return statistics.median(times[0]), statistics.median(times[1])


def _get(path: str, one: Listed) -> None:
    if one.person.client.get(path).status_code != HTTPStatus.OK:
        raise RuntimeError(path)


def _do_nothing(_: Listed) -> None:
    pass
