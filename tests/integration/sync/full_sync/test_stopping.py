"""Readings that are cancelled or fail, and go on where they stopped."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from aircall.calls.replica import CallReplica
from aircall.calls.tables import calls
from aircall.models import Call, CallPage
from aircall.storage import STORAGE_ERRORS
from aircall.sync.full_sync import FullSync, SyncCancelledError
from tests.integration.sync.full_sync.lists import Fetch, Held, PlainList, known, truth
from tests.support.made_calls import made_call
from tests.support.sandbox import Sandbox


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Runs a reading beside the test."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def cancelled_at(api: Held, full_sync: FullSync, pool: ThreadPoolExecutor) -> SyncCancelledError:
    """What a reading ends with that is cancelled while the API keeps back its answer."""
    reading: Future[float] = pool.submit(full_sync.run)
    assert api.is_holding.wait(10)
    full_sync.cancel()
    with pytest.raises(SyncCancelledError) as caught:
        reading.result(timeout=10)
    return caught.value


def test_a_cancelled_reading_waits_for_no_answer_and_drops_nothing(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox, pool: ThreadPoolExecutor
) -> None:
    replica.apply(made_call())
    api = Held(fetch, offset=40)
    full_sync = FullSync(replica, api, page_size=20, parallel=1)

    cancelled_at(api, full_sync, pool)

    assert known(replica).keys() == {made_call().id, *list(truth(sandbox))[:40]}
    assert replica.store.synced_at is None
    api.let_go()


def test_what_is_cancelled_before_it_begins_reads_nothing(replica: CallReplica) -> None:
    api = PlainList(1, 2, 3)
    full_sync = FullSync(replica, api)
    full_sync.cancel()

    with pytest.raises(SyncCancelledError):
        full_sync.run()
    assert known(replica) == {}
    full_sync.run()

    assert len(known(replica)) == 3


def test_an_answer_that_comes_after_the_cancel_is_not_taken_over(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox, pool: ThreadPoolExecutor
) -> None:
    api = Held(fetch, offset=0)
    full_sync = FullSync(replica, api)
    cancelled_at(api, full_sync, pool)
    changed = Call.from_json(sandbox.archive(next(iter(truth(sandbox)))))

    api.let_go()
    full_sync.run()

    assert known(replica) == truth(sandbox)
    assert known(replica)[changed.id] == changed


def test_a_reading_whose_pages_could_not_be_kept_begins_anew(replica: CallReplica, fetch: Fetch) -> None:
    asked: list[int] = []

    def counted(offset: int, limit: int) -> CallPage:
        asked.append(offset)
        if offset == 40 and len(asked) == 3:
            with replica.store.engine.begin() as connection:
                connection.exec_driver_sql(f"ALTER TABLE {calls.name} RENAME TO away")
        return fetch(offset, limit)

    full_sync = FullSync(replica, counted, page_size=20, parallel=1)
    with pytest.raises(STORAGE_ERRORS):
        full_sync.run()
    with replica.store.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE away RENAME TO {calls.name}")

    full_sync.run()

    assert asked.count(0) == 2
    assert len(replica.store.call_ids()) == 94
