"""One dashboard for all tests that neither stop nor break it; each finds it and its sandbox as new."""

from collections.abc import Iterator

import pytest

from tests.support.dashboard import SharedDashboard, log_in, shared_dashboard
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedDashboard]:
    """The dashboard of these tests, with short times. Tests ask for `address` instead."""
    with shared_dashboard(tmp_path_factory.mktemp("shared") / "data", is_quick=True) as shared:
        yield shared


@pytest.fixture
def cookie(address: str, sandbox: Sandbox) -> str:
    """Alice's session cookie, once the live updates are on."""
    value = log_in(address)
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")
    return value
