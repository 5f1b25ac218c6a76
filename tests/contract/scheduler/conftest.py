"""The thread at work on the sandbox's list, with a short interval."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from aircall.api.client import ApiClient
from aircall.calls.feed import Feed
from aircall.calls.replica import Mirror
from aircall.calls.store import CallLog
from aircall.storage.database import open_database
from aircall.sync.full_sync import Synchronisation
from aircall.sync.scheduler import Background
from tests.contract.background.watch import Readings, Watching, threads
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
def synchronisation(
    sandbox: Sandbox, rest: RestClient, tmp_path: Path, readings: Readings
) -> Iterator[Synchronisation]:
    """Reads the sandbox's list."""
    api, log = ApiClient(sandbox.url), CallLog(open_database(f"sqlite:///{tmp_path / 'calls.db'}"))
    yield Synchronisation(Mirror(log, Feed()), partial(readings.timed, api, rest.access_token))
    api.close()
    log.close()


@pytest.fixture
def background(synchronisation: Synchronisation, watching: Watching) -> Iterator[Background]:
    """At work, with a short interval."""
    before = threads()
    background = Background(synchronisation, watching, SHORT)
    background.start()
    yield background
    background.stop()
    wait_until(lambda: threads() <= before, what="the end of the thread")
