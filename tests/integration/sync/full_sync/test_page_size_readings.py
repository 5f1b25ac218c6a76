"""How many rows a full sync requests."""

from functools import partial

import pytest

from aircall.api.client import ApiClient
from aircall.calls.replica import CallReplica
from aircall.errors import MalformedResponseError, NoResponseError
from aircall.models import CallPage
from aircall.sync.full_sync import FullSync
from tests.integration.sync.full_sync.lists import Fetch, PlainList, known, truth
from tests.support.rest_client import signed_in
from tests.support.sandbox import Sandbox


class Limits:
    """An API that notes how many rows it is asked for."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self.asked: list[int] = []

    def __call__(self, offset: int, limit: int) -> CallPage:
        """The page."""
        self.asked.append(limit)
        return self._fetch(offset, limit)


def test_the_apis_own_limit_is_obeyed_once_rows_have_followed_it(replica: CallReplica) -> None:
    with Sandbox.start("--max-limit", "7") as sandbox, signed_in(sandbox.url) as rest:
        api = ApiClient(sandbox.url)
        limits = Limits(partial(api.get_calls, rest.access_token))
        FullSync(replica, limits, parallel=1).run()
        api.close()

    assert set(limits.asked[2:]) == {7}


def test_a_limit_shows_by_what_follows_where_the_api_tells_no_next_page(replica: CallReplica) -> None:
    api = PlainList(*range(20))
    limits = Limits(lambda offset, limit: api(offset, min(limit, 5)))

    FullSync(replica, limits, page_size=10, parallel=1).run()

    assert set(limits.asked[2:]) == {5}


def test_an_api_that_always_says_there_is_more_is_asked_for_large_pages_all_the_same(
    replica: CallReplica,
) -> None:
    api = PlainList(*range(1501))
    api.has_next_page = True
    full_sync = FullSync(replica, api)

    for _ in range(3):
        api.read_count = 0
        full_sync.run()

    assert api.read_count < 10
    assert len(known(replica)) == 1501


def test_an_api_that_sent_little_for_once_is_asked_for_large_pages_again(replica: CallReplica) -> None:
    api = PlainList(*range(200))
    most = 3
    limits = Limits(lambda offset, limit: api(offset, min(limit, most)))
    full_sync = FullSync(replica, limits, page_size=100, parallel=1)
    full_sync.run()
    most = 1000

    limits.asked.clear()
    full_sync.run()

    assert limits.asked[0] == 100
    assert max(limits.asked) > 50


def test_the_short_end_of_a_list_is_no_limit(replica: CallReplica) -> None:
    limits = Limits(PlainList(*range(23)))
    full_sync = FullSync(replica, limits, page_size=10, parallel=1)

    full_sync.run()
    limits.asked.clear()
    full_sync.run()

    assert set(limits.asked) == {10}


def test_the_first_page_is_small_and_further_ones_are_large(replica: CallReplica) -> None:
    limits = Limits(PlainList(*range(3000)))

    FullSync(replica, limits, parallel=1).run()

    assert limits.asked == [500, 2000, 2000, 2000]


@pytest.mark.parametrize("error", [NoResponseError("Too late."), MalformedResponseError("Too large.")])
@pytest.mark.parametrize("parallel", [1, 4])
def test_after_pages_that_are_too_large_for_the_api_smaller_ones_are_requested(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox, error: Exception, parallel: int
) -> None:
    def failing(offset: int, limit: int) -> CallPage:
        if limit > 60:
            raise error
        return fetch(offset, limit)

    full_sync = FullSync(replica, Limits(failing), page_size=240, parallel=parallel)
    for _ in range(2):
        with pytest.raises(type(error)):
            full_sync.run()

    full_sync.run()

    assert known(replica) == truth(sandbox)
    assert replica.store.synced_at is not None
