"""A reading as it goes: in parallel, one at a time, told about, and cut short by errors."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from aircall.calls.feed import ChangeKind
from aircall.calls.replica import Mirror
from aircall.errors import NoAnswerError
from aircall.models import CallPage
from aircall.status import Progress
from aircall.sync.full_sync import Synchronisation
from tests.contract.synchronisation.lists import Busyness, Fetch, fixed, known, truth
from tests.support.made_calls import made_call
from tests.support.sandbox import Sandbox

RECORDED = 94


def test_an_error_in_the_middle_keeps_what_was_read_and_drops_nothing(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox
) -> None:
    mirror.apply(made_call())

    def breaking(offset: int, limit: int) -> CallPage:
        if offset >= 40:
            raise NoAnswerError("No answer.")
        return fetch(offset, limit)

    with pytest.raises(NoAnswerError):
        Synchronisation(mirror, breaking, page_size=fixed(20), parallel=2).run()

    assert known(mirror).keys() == {made_call().id, *list(truth(sandbox))[:40]}
    assert mirror.log.synchronised_at is None


def test_pages_are_read_in_parallel_and_no_more_at_a_time_than_agreed(mirror: Mirror, fetch: Fetch) -> None:
    api = Busyness(fetch, crowd=3)

    Synchronisation(mirror, api, page_size=fixed(5), parallel=3).run()

    assert api.most == 3
    assert len(known(mirror)) == RECORDED


def test_one_reading_follows_another_however_many_ask_at_once(mirror: Mirror, fetch: Fetch) -> None:
    api = Busyness(fetch, crowd=1)
    synchronisation = Synchronisation(mirror, api, page_size=fixed(50), parallel=1)

    with ThreadPoolExecutor(4) as pool:
        for reading in [pool.submit(synchronisation.run) for _ in range(4)]:
            reading.result()

    assert api.most == 1
    assert api.offsets == [0, 50] * 4


@pytest.mark.parametrize(("total", "expected"), [(RECORDED, RECORDED), (-1, None)])
def test_the_progress_of_a_reading_is_told(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox, total: int, expected: int | None
) -> None:
    sandbox.wrong_total(total)
    told: list[Progress] = []

    def fetch_page(offset: int, limit: int) -> CallPage:
        told.append(synchronisation.progress)
        return fetch(offset, limit)

    synchronisation = Synchronisation(mirror, fetch_page, page_size=fixed(20), parallel=1)

    synchronisation.run()

    assert told[:3] == [Progress(0, None), Progress(20, expected), Progress(40, expected)]
    assert synchronisation.progress == Progress(RECORDED, expected)


def test_what_a_reading_finds_is_told_with_its_kind(mirror: Mirror, fetch: Fetch, sandbox: Sandbox) -> None:
    synchronisation = Synchronisation(mirror, fetch)
    synchronisation.run()
    changed, gone = list(truth(sandbox))[:2]
    sandbox.archive(changed)
    sandbox.remove_call(gone)
    new = sandbox.add_call()["id"]
    position = mirror.feed.position
    synchronisation.run()

    told = {entry.change.call_id: entry.change.kind for entry in mirror.feed.since(position) or ()}
    assert told == {changed: ChangeKind.UPDATE, gone: ChangeKind.REMOVE, new: ChangeKind.ADD}


def test_a_list_that_has_not_changed_is_no_news(mirror: Mirror, fetch: Fetch) -> None:
    synchronisation = Synchronisation(mirror, fetch, page_size=fixed(30))
    synchronisation.run()
    position, first_at = mirror.feed.position, mirror.log.synchronised_at

    synchronisation.run()

    assert mirror.feed.since(position) == []
    assert first_at is not None
    assert mirror.log.synchronised_at is not None
    assert mirror.log.synchronised_at > first_at
