"""The sandbox's list of calls."""

from collections.abc import Iterator
from functools import partial

import pytest

from aircall.api.client import ApiClient
from tests.integration.sync.lists import Fetch
from tests.support.rest_client import RestClient
from tests.support.sandbox import Sandbox


@pytest.fixture
def fetch(sandbox: Sandbox, rest: RestClient) -> Iterator[Fetch]:
    """Requests a page from the sandbox."""
    api = ApiClient(sandbox.url)
    yield partial(api.get_calls, rest.access_token)
    api.close()
