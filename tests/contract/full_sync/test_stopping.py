"""Readings that are cancelled or fail, and go on where they stopped."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from aircall.calls.replica import Mirror
from aircall.calls.tables import calls
from aircall.errors import ServerError
from aircall.models import Call, CallPage
from aircall.status import Progress
from aircall.storage import STORAGE_ERRORS
from aircall.sync.full_sync import ReadingCancelledError, Synchronisation
from tests.contract.synchronisation.lists import Fetch, Held, PlainList, fixed, known, truth
from tests.support.made_calls import call_id, made_call
from tests.support.sandbox import Sandbox


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Runs a reading beside the test."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def cancelled_at(
    api: Held, synchronisation: Synchronisation, pool: ThreadPoolExecutor
) -> ReadingCancelledError:
    """What a reading ends with that is cancelled while the API keeps back its answer."""
    reading: Future[float] = pool.submit(synchronisation.run)
    assert api.is_holding.wait(10)
    synchronisation.cancel()
    with pytest.raises(ReadingCancelledError) as caught:
        reading.result(timeout=10)
    return caught.value


def test_a_cancelled_reading_waits_for_no_answer_and_drops_nothing(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox, pool: ThreadPoolExecutor
) -> None:
    mirror.apply(made_call())
    api = Held(fetch, offset=40)
    synchronisation = Synchronisation(mirror, api, page_size=fixed(20), parallel=1)

    cancelled_at(api, synchronisation, pool)

    assert known(mirror).keys() == {made_call().id, *list(truth(sandbox))[:40]}
    assert mirror.log.synchronised_at is None
    api.let_go()


def test_a_cancelled_reading_goes_on_where_it_stopped(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox, pool: ThreadPoolExecutor
) -> None:
    api = Held(fetch, offset=40)
    synchronisation = Synchronisation(mirror, api, page_size=fixed(20), parallel=1)
    cancelled_at(api, synchronisation, pool)
    assert synchronisation.progress == Progress(40, 94)
    api.let_go()
    api.asked.clear()

    synchronisation.run()

    assert sorted(api.asked)[:3] == [(40, 20), (60, 20), (80, 20)]
    assert known(mirror) == truth(sandbox)
    assert synchronisation.progress == Progress(94, 94)


def test_a_reading_that_failed_goes_on_where_it_stopped(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox
) -> None:
    troubles = [ServerError("Trouble.")]
    asked: list[int] = []

    def recovering(offset: int, limit: int) -> CallPage:
        asked.append(offset)
        if offset >= 40 and troubles:
            raise troubles.pop()
        return fetch(offset, limit)

    synchronisation = Synchronisation(mirror, recovering, page_size=fixed(20), parallel=1)
    with pytest.raises(ServerError):
        synchronisation.run()

    synchronisation.run()

    assert asked[:6] == [0, 20, 40, 40, 60, 80]
    assert known(mirror) == truth(sandbox)


def test_what_is_cancelled_before_it_begins_reads_nothing(mirror: Mirror) -> None:
    api = PlainList(1, 2, 3)
    synchronisation = Synchronisation(mirror, api)
    synchronisation.cancel()

    with pytest.raises(ReadingCancelledError):
        synchronisation.run()
    assert known(mirror) == {}
    synchronisation.run()

    assert len(known(mirror)) == 3


def test_a_reading_that_went_on_is_as_old_as_its_beginning(mirror: Mirror, pool: ThreadPoolExecutor) -> None:
    api = Held(PlainList(*range(9)), offset=4)
    synchronisation = Synchronisation(mirror, api, page_size=fixed(2), parallel=1)
    cancelled_at(api, synchronisation, pool)
    rested_at = time.monotonic()
    between = made_call(100)
    mirror.apply(between)
    api.let_go()

    began = synchronisation.run()

    assert began < rested_at
    assert known(mirror)[between.id] == between


def test_a_list_that_shifted_while_the_reading_rested_loses_no_call(
    mirror: Mirror, pool: ThreadPoolExecutor
) -> None:
    Synchronisation(mirror, PlainList(*range(10))).run()
    shifting = PlainList(*range(10))
    api = Held(shifting, offset=4)
    synchronisation = Synchronisation(mirror, api, page_size=fixed(2), parallel=1)
    cancelled_at(api, synchronisation, pool)
    # What stood at 4 stands at 2 now, where the reading has been.
    shifting.numbers = list(range(2, 10))
    api.let_go()

    synchronisation.run()
    assert known(mirror).keys() >= {call_id(number) for number in range(2, 10)}
    synchronisation.run()
    synchronisation.run()

    assert known(mirror).keys() == {call_id(number) for number in range(2, 10)}


def test_an_answer_that_comes_after_the_cancel_is_not_taken_over(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox, pool: ThreadPoolExecutor
) -> None:
    api = Held(fetch, offset=0)
    synchronisation = Synchronisation(mirror, api)
    cancelled_at(api, synchronisation, pool)
    changed = Call.from_json(sandbox.archive(next(iter(truth(sandbox)))))

    api.let_go()
    synchronisation.run()

    assert known(mirror) == truth(sandbox)
    assert known(mirror)[changed.id] == changed


def test_a_reading_whose_pages_could_not_be_kept_begins_anew(mirror: Mirror, fetch: Fetch) -> None:
    asked: list[int] = []

    def counted(offset: int, limit: int) -> CallPage:
        asked.append(offset)
        if offset == 40 and len(asked) == 3:
            with mirror.log.engine.begin() as connection:
                connection.exec_driver_sql(f"ALTER TABLE {calls.name} RENAME TO away")
        return fetch(offset, limit)

    synchronisation = Synchronisation(mirror, counted, page_size=fixed(20), parallel=1)
    with pytest.raises(STORAGE_ERRORS):
        synchronisation.run()
    with mirror.log.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE away RENAME TO {calls.name}")

    synchronisation.run()

    assert asked.count(0) == 2
    assert len(mirror.log.call_ids()) == 94
