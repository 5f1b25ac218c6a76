"""The served dashboard on a sandbox, for tests that need its real sockets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.dashboard import log_in, serving
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


@pytest.fixture
def address(sandbox: Sandbox, tmp_path: Path) -> Iterator[str]:
    """Where the dashboard is served."""
    with serving(sandbox, tmp_path / "data") as address:
        yield address


@pytest.fixture
def cookie(address: str, sandbox: Sandbox) -> str:
    """The session cookie of somebody signed in, once live updates are on their way."""
    value = log_in(address)
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")
    return value
