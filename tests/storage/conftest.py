"""A log, a mirror and a store of one's own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from aircall.calls.feed import Feed
from aircall.calls.replica import Mirror
from aircall.calls.store import CallLog
from aircall.changes.notes import Noting
from aircall.storage.records import Store
from tests.storage.notes_api import NotesApi
from tests.storage.stores import EmbeddedStores, RedisStores, Stores
from tests.support.clock import StillClock


@pytest.fixture
def log(database: Engine) -> CallLog:
    """A log that knows no call yet."""
    return CallLog(database)


@pytest.fixture
def clock() -> StillClock:
    """A clock that stands still."""
    return StillClock()


@pytest.fixture(params=["embedded", "redis"])
def stores(request: pytest.FixtureRequest, tmp_path: Path, clock: StillClock) -> Stores:
    """Where stores of either kind keep what they keep, which is nothing yet."""
    if request.param == "embedded":
        return EmbeddedStores(tmp_path, clock)
    return RedisStores(request.getfixturevalue("redis"), clock)


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    """A store of either kind that keeps nothing yet."""
    store = stores.open()
    yield store
    store.close()


@pytest.fixture
def mirror(log: CallLog) -> Mirror:
    """A mirror that knows no call yet."""
    return Mirror(log, Feed())


@pytest.fixture
def noting(store: Store) -> Noting:
    """Notes that are looked for shortly."""
    return Noting(store, look_pause=0.02, patience=0.1)


@pytest.fixture
def api() -> NotesApi:
    """A call without notes."""
    return NotesApi()
