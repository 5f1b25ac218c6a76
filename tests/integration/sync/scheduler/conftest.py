"""The thread at work on the sandbox's list, with a short interval."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from aircall.api.client import ApiClient
from aircall.calls.feed import ChangeFeed
from aircall.calls.replica import CallReplica
from aircall.calls.store import CallStore
from aircall.storage.database import open_database
from aircall.sync.full_sync import FullSync
from aircall.sync.scheduler import SyncScheduler
from tests.integration.sync.scheduler.watch import Readings, Watching, threads
from tests.support.rest_client import RestClient
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

SHORT = 0.05


@pytest.fixture
def watching() -> Watching:
    """Nobody watches."""
    return Watching()


@pytest.fixture
def readings() -> Readings:
    """What the thread has read."""
    return Readings()


@pytest.fixture
def full_sync(sandbox: Sandbox, rest: RestClient, tmp_path: Path, readings: Readings) -> Iterator[FullSync]:
    """Reads the sandbox's list."""
    api, log = ApiClient(sandbox.url), CallStore(open_database(f"sqlite:///{tmp_path / 'calls.db'}"))
    yield FullSync(CallReplica(log, ChangeFeed()), partial(readings.timed, api, rest.access_token))
    api.close()
    log.close()


@pytest.fixture
def scheduler(full_sync: FullSync, watching: Watching) -> Iterator[SyncScheduler]:
    """At work, with a short interval."""
    before = threads()
    scheduler = SyncScheduler(full_sync, watching, SHORT)
    scheduler.start()
    yield scheduler
    scheduler.stop()
    wait_until(lambda: threads() <= before, what="the end of the thread")
