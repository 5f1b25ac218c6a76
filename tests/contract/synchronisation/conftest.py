"""A mirror that knows nothing yet, and the sandbox's list."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from aircall.call_log import CallLog
from aircall.client import ApiClient
from aircall.database import open_database
from aircall.feed import Feed
from aircall.mirror import Mirror
from tests.contract.synchronisation.lists import Fetch
from tests.support.rest_client import RestClient
from tests.support.sandbox import Sandbox


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    """A mirror that knows no call yet."""
    log = CallLog(open_database(f"sqlite:///{tmp_path / 'calls.db'}"))
    yield Mirror(log, Feed())
    log.close()


@pytest.fixture
def fetch(sandbox: Sandbox, rest: RestClient) -> Iterator[Fetch]:
    """Reads a page from the sandbox."""
    api = ApiClient(sandbox.url)
    yield partial(api.get_calls, rest.access_token)
    api.close()
