"""A database of one's own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from aircall.call_log import CallLog
from aircall.database import open_database
from aircall.feed import Feed
from aircall.mirror import Mirror
from aircall.store import EmbeddedStore
from tests.support.clock import StillClock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    """A file that holds nothing yet."""
    engine = open_database(f"sqlite:///{tmp_path / 'test.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def log(database: Engine) -> CallLog:
    """A log that knows no call yet."""
    return CallLog(database)


@pytest.fixture
def clock() -> StillClock:
    """A clock that stands still."""
    return StillClock()


@pytest.fixture
def store(database: Engine, clock: StillClock) -> EmbeddedStore:
    """A store that keeps nothing yet."""
    return EmbeddedStore(database, clock)


@pytest.fixture
def mirror(log: CallLog) -> Mirror:
    """A mirror that knows no call yet."""
    return Mirror(log, Feed())
