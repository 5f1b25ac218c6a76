"""Every call is read once, whatever the pages and the totals of the API are like."""

from functools import partial

import pytest

from aircall.api.client import ApiClient
from aircall.calls.replica import CallReplica
from aircall.errors import MalformedResponseError
from aircall.models import CallPage
from aircall.sync.full_sync import FullSync
from tests.integration.sync.full_sync.lists import Fetch, PlainList, known, truth
from tests.support.rest_client import signed_in
from tests.support.sandbox import Sandbox

RECORDED = 94


@pytest.mark.parametrize(
    ("limit", "parallel"),
    [(3, 1), (3, 4), (31, 4), (46, 4), (47, 4), (48, 4), (47, 1), (93, 4), (94, 4), (95, 4), (500, 4)],
)
def test_every_call_is_read_whatever_the_size_of_a_page(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox, limit: int, parallel: int
) -> None:
    FullSync(replica, fetch, page_size=limit, parallel=parallel).run()

    assert known(replica) == truth(sandbox)
    assert sandbox.counters().rows_sent == RECORDED
    assert sandbox.counters().list_reads <= -(-RECORDED // limit) + parallel


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_list_of_any_length_is_read(replica: CallReplica, count: int) -> None:
    with (
        Sandbox.start("--calls", str(count)) as sandbox,
        signed_in(sandbox.url) as rest,
    ):
        api = ApiClient(sandbox.url)
        FullSync(replica, partial(api.get_calls, rest.access_token), page_size=2).run()
        api.close()

        assert known(replica) == truth(sandbox)
        assert replica.store.synced_at is not None


def test_an_api_that_sends_smaller_pages_than_asked_for_is_read_whole(replica: CallReplica) -> None:
    with Sandbox.start("--max-limit", "7") as sandbox, signed_in(sandbox.url) as rest:
        api = ApiClient(sandbox.url)
        FullSync(replica, partial(api.get_calls, rest.access_token), page_size=50, parallel=3).run()
        api.close()

        assert known(replica) == truth(sandbox)
        assert sandbox.counters().list_reads <= -(-RECORDED // 7) + 2 * 3


def test_pages_that_get_smaller_on_the_way_leave_no_gap(replica: CallReplica) -> None:
    api = PlainList(*range(20))

    def shrinking(offset: int, limit: int) -> CallPage:
        return api(offset, min(limit, 5 if offset == 0 else 2))

    FullSync(replica, shrinking, page_size=10).run()

    assert len(known(replica)) == 20


@pytest.mark.parametrize("total", [0, -1, 1, 10**9, None, 1.5, "94"])
@pytest.mark.parametrize("limit", [40, 500])
def test_a_wrong_total_costs_no_call_and_keeps_none_that_is_gone(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox, total: object, limit: int
) -> None:
    full_sync = FullSync(replica, fetch, page_size=limit)
    sandbox.wrong_total(total)
    full_sync.run()
    assert known(replica) == truth(sandbox)
    sandbox.remove_call(next(iter(truth(sandbox))))

    for _ in range(3):
        full_sync.run()

    assert known(replica) == truth(sandbox)


@pytest.mark.parametrize("total", [None, 0, 3, 100])
def test_an_api_that_tells_no_next_page_is_read_to_the_end_though_it_has_a_limit_of_its_own(
    replica: CallReplica, total: int | None
) -> None:
    api = PlainList(*range(7), total=total)

    FullSync(replica, lambda offset, limit: api(offset, min(limit, 2)), page_size=5).run()

    assert len(known(replica)) == 7


def test_an_api_whose_list_never_ends_is_given_up(replica: CallReplica) -> None:
    api = PlainList(*range(50))

    with pytest.raises(MalformedResponseError):
        FullSync(replica, lambda _, limit: api(0, limit)).run()

    assert len(known(replica)) == 50
    assert api.read_count < 1000
    assert replica.store.synced_at is None
