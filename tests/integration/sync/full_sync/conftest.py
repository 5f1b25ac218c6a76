"""A mirror that knows nothing yet, and the sandbox's list."""

from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import Engine

from aircall.api.client import ApiClient
from aircall.calls.feed import ChangeFeed
from aircall.calls.replica import CallReplica
from aircall.calls.store import CallStore
from tests.integration.sync.full_sync.lists import Fetch
from tests.support.rest_client import RestClient
from tests.support.sandbox import Sandbox


@pytest.fixture
def replica(database: Engine) -> CallReplica:
    """A mirror that knows no call yet."""
    return CallReplica(CallStore(database), ChangeFeed())


@pytest.fixture
def fetch(sandbox: Sandbox, rest: RestClient) -> Iterator[Fetch]:
    """Reads a page from the sandbox."""
    api = ApiClient(sandbox.url)
    yield partial(api.get_calls, rest.access_token)
    api.close()
