"""A call store, a replica and a record store of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from aircall.calls.feed import ChangeFeed
from aircall.calls.replica import CallReplica
from aircall.calls.store import CallStore
from aircall.storage.records import RecordStore
from tests.integration.storage.stores import EmbeddedStores, RedisStores, Stores
from tests.support.clock import StillClock


@pytest.fixture
def call_store(database: Engine) -> CallStore:
    """A call store without calls."""
    return CallStore(database)


@pytest.fixture
def clock() -> StillClock:
    """A clock that stands still."""
    return StillClock()


@pytest.fixture(params=["embedded", "redis"])
def stores(request: pytest.FixtureRequest, tmp_path: Path, clock: StillClock) -> Stores:
    """An empty place for record stores, in SQLite or in Redis."""
    if request.param == "embedded":
        return EmbeddedStores(tmp_path, clock)
    return RedisStores(request.getfixturevalue("redis"), clock)


@pytest.fixture
def store(stores: Stores) -> Iterator[RecordStore]:
    """A record store of either kind, empty."""
    store = stores.open()
    yield store
    store.close()


@pytest.fixture
def replica(call_store: CallStore) -> CallReplica:
    """A replica without calls."""
    return CallReplica(call_store, ChangeFeed())
