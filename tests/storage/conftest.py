"""A database of one's own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from aircall.call_log import CallLog
from aircall.database import open_database


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
