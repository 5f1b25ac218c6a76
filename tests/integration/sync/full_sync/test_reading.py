"""A reading as it goes: in parallel, one at a time, told about, and cut short by errors."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from aircall.calls.feed import ChangeKind
from aircall.calls.replica import CallReplica
from aircall.errors import NoResponseError
from aircall.models import CallPage
from aircall.status import SyncProgress
from aircall.sync.full_sync import FullSync
from tests.integration.sync.full_sync.lists import Busyness, Fetch, known, truth
from tests.support.made_calls import made_call
from tests.support.sandbox import Sandbox

RECORDED = 94


def test_an_error_in_the_middle_keeps_what_was_read_and_drops_nothing(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox
) -> None:
    replica.apply(made_call())

    def breaking(offset: int, limit: int) -> CallPage:
        if offset >= 40:
            raise NoResponseError("No answer.")
        return fetch(offset, limit)

    with pytest.raises(NoResponseError):
        FullSync(replica, breaking, page_size=20, parallel=2).run()

    assert known(replica).keys() == {made_call().id, *list(truth(sandbox))[:40]}
    assert replica.store.synced_at is None


def test_pages_are_read_in_parallel_and_no_more_at_a_time_than_agreed(
    replica: CallReplica, fetch: Fetch
) -> None:
    api = Busyness(fetch, crowd=3)

    FullSync(replica, api, page_size=5, parallel=3).run()

    assert api.most == 3
    assert len(known(replica)) == RECORDED


def test_one_reading_follows_another_however_many_ask_at_once(replica: CallReplica, fetch: Fetch) -> None:
    api = Busyness(fetch, crowd=1)
    full_sync = FullSync(replica, api, page_size=50, parallel=1)

    with ThreadPoolExecutor(4) as pool:
        for reading in [pool.submit(full_sync.run) for _ in range(4)]:
            reading.result()

    assert api.most == 1
    assert api.offsets == [0, 50] * 4


@pytest.mark.parametrize(("total", "expected"), [(RECORDED, RECORDED), (-1, None)])
def test_the_progress_of_a_reading_is_told(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox, total: int, expected: int | None
) -> None:
    sandbox.wrong_total(total)
    told: list[SyncProgress] = []

    def fetch_page(offset: int, limit: int) -> CallPage:
        told.append(full_sync.progress)
        return fetch(offset, limit)

    full_sync = FullSync(replica, fetch_page, page_size=20, parallel=1)

    full_sync.run()

    assert told[:3] == [SyncProgress(0, None), SyncProgress(20, expected), SyncProgress(40, expected)]
    assert full_sync.progress == SyncProgress(RECORDED, expected)


def test_what_a_reading_finds_is_told_with_its_kind(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox
) -> None:
    full_sync = FullSync(replica, fetch)
    full_sync.run()
    changed, gone = list(truth(sandbox))[:2]
    sandbox.archive(changed)
    sandbox.remove_call(gone)
    new = sandbox.add_call()["id"]
    position = replica.feed.position
    full_sync.run()

    told = {entry.change.call_id: entry.change.kind for entry in replica.feed.changes_after(position) or ()}
    assert told == {changed: ChangeKind.UPDATE, gone: ChangeKind.REMOVE, new: ChangeKind.ADD}


def test_a_list_that_has_not_changed_is_no_news(replica: CallReplica, fetch: Fetch) -> None:
    full_sync = FullSync(replica, fetch, page_size=30)
    full_sync.run()
    position, first_at = replica.feed.position, replica.store.synced_at

    full_sync.run()

    assert replica.feed.changes_after(position) == []
    assert first_at is not None
    assert replica.store.synced_at is not None
    assert replica.store.synced_at > first_at
