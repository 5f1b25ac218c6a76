"""Readings that are cancelled or fail, and go on where they stopped."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from aircall.calls.replica import CallReplica
from aircall.calls.tables import calls
from aircall.errors import ServerError
from aircall.models import Call, CallPage
from aircall.status import SyncProgress
from aircall.storage import STORAGE_ERRORS
from aircall.sync.full_sync import FullSync, SyncCancelledError
from tests.contract.full_sync.lists import Fetch, Held, PlainList, fixed, known, truth
from tests.support.made_calls import call_id, made_call
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
    full_sync = FullSync(replica, api, page_size=fixed(20), parallel=1)

    cancelled_at(api, full_sync, pool)

    assert known(replica).keys() == {made_call().id, *list(truth(sandbox))[:40]}
    assert replica.store.synced_at is None
    api.let_go()


def test_a_cancelled_reading_goes_on_where_it_stopped(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox, pool: ThreadPoolExecutor
) -> None:
    api = Held(fetch, offset=40)
    full_sync = FullSync(replica, api, page_size=fixed(20), parallel=1)
    cancelled_at(api, full_sync, pool)
    assert full_sync.progress == SyncProgress(40, 94)
    api.let_go()
    api.asked.clear()

    full_sync.run()

    assert sorted(api.asked)[:3] == [(40, 20), (60, 20), (80, 20)]
    assert known(replica) == truth(sandbox)
    assert full_sync.progress == SyncProgress(94, 94)


def test_a_reading_that_failed_goes_on_where_it_stopped(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox
) -> None:
    troubles = [ServerError("Trouble.")]
    asked: list[int] = []

    def recovering(offset: int, limit: int) -> CallPage:
        asked.append(offset)
        if offset >= 40 and troubles:
            raise troubles.pop()
        return fetch(offset, limit)

    full_sync = FullSync(replica, recovering, page_size=fixed(20), parallel=1)
    with pytest.raises(ServerError):
        full_sync.run()

    full_sync.run()

    assert asked[:6] == [0, 20, 40, 40, 60, 80]
    assert known(replica) == truth(sandbox)


def test_what_is_cancelled_before_it_begins_reads_nothing(replica: CallReplica) -> None:
    api = PlainList(1, 2, 3)
    full_sync = FullSync(replica, api)
    full_sync.cancel()

    with pytest.raises(SyncCancelledError):
        full_sync.run()
    assert known(replica) == {}
    full_sync.run()

    assert len(known(replica)) == 3


def test_a_reading_that_went_on_is_as_old_as_its_beginning(
    replica: CallReplica, pool: ThreadPoolExecutor
) -> None:
    api = Held(PlainList(*range(9)), offset=4)
    full_sync = FullSync(replica, api, page_size=fixed(2), parallel=1)
    cancelled_at(api, full_sync, pool)
    rested_at = time.monotonic()
    between = made_call(100)
    replica.apply(between)
    api.let_go()

    began = full_sync.run()

    assert began < rested_at
    assert known(replica)[between.id] == between


def test_a_list_that_shifted_while_the_reading_rested_loses_no_call(
    replica: CallReplica, pool: ThreadPoolExecutor
) -> None:
    FullSync(replica, PlainList(*range(10))).run()
    shifting = PlainList(*range(10))
    api = Held(shifting, offset=4)
    full_sync = FullSync(replica, api, page_size=fixed(2), parallel=1)
    cancelled_at(api, full_sync, pool)
    # What stood at 4 stands at 2 now, where the reading has been.
    shifting.numbers = list(range(2, 10))
    api.let_go()

    full_sync.run()
    assert known(replica).keys() >= {call_id(number) for number in range(2, 10)}
    full_sync.run()
    full_sync.run()

    assert known(replica).keys() == {call_id(number) for number in range(2, 10)}


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

    full_sync = FullSync(replica, counted, page_size=fixed(20), parallel=1)
    with pytest.raises(STORAGE_ERRORS):
        full_sync.run()
    with replica.store.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE away RENAME TO {calls.name}")

    full_sync.run()

    assert asked.count(0) == 2
    assert len(replica.store.call_ids()) == 94
