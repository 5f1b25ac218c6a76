"""A log, a mirror and a store of one's own for each test."""

import pytest
from sqlalchemy import Engine

from aircall.call_log import CallLog
from aircall.feed import Feed
from aircall.mirror import Mirror
from aircall.noting import Noting
from aircall.store import EmbeddedStore
from tests.storage.notes_api import NotesApi
from tests.support.clock import StillClock


@pytest.fixture
def log(database: Engine) -> CallLog:
    """A log that knows no call yet."""
    return CallLog(database)


@pytest.fixture
def clock() -> StillClock:
    """A clock that stands still."""
    return StillClock()


@pytest.fixture
def store(sqlite: Engine, clock: StillClock) -> EmbeddedStore:
    """A store that keeps nothing yet."""
    return EmbeddedStore(sqlite, clock)


@pytest.fixture
def mirror(log: CallLog) -> Mirror:
    """A mirror that knows no call yet."""
    return Mirror(log, Feed())


@pytest.fixture
def noting(store: EmbeddedStore) -> Noting:
    """Notes that are looked for shortly."""
    return Noting(store, look_pause=0.02, patience=0.1)


@pytest.fixture
def api() -> NotesApi:
    """A call without notes."""
    return NotesApi()
