"""Logins on the sandbox, and Alice, who is signed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aircall.api.client import ApiClient
from aircall.auth.login import Login
from aircall.auth.logins import Logins
from tests.integration.auth.rooms import Clock, Rooms, rooms
from tests.support.sandbox import Sandbox


@pytest.fixture
def here(sandbox: Sandbox, tmp_path: Path) -> Iterator[Rooms]:
    """Logins, of which there is none yet."""
    with rooms(sandbox.url, tmp_path) as here:
        yield here


@pytest.fixture
def logins(here: Rooms) -> Logins:
    """What is tested."""
    return here.logins


@pytest.fixture
def clock(here: Rooms) -> Clock:
    """The clock that the logins go by."""
    return here.clock


@pytest.fixture
def api(here: Rooms) -> ApiClient:
    """The client that the logins work with."""
    return here.api


@pytest.fixture
def alice(logins: Logins) -> Login:
    """Alice, who has just signed in."""
    return logins.create("alice", "any")
