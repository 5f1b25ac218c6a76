"""Reading the whole list, from the sandbox: every call once, whatever the list does meanwhile."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from aircall.call_log import CallLog
from aircall.client import ApiClient
from aircall.database import open_database
from aircall.errors import MalformedAnswerError, NoAnswerError
from aircall.feed import ChangeKind, Feed
from aircall.mirror import Mirror
from aircall.models import Call, CallPage
from aircall.synchronisation import Progress, Synchronisation
from tests.support.made_calls import call_id, made_call
from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

Fetch = Callable[[int, int], CallPage]
RECORDED = 94


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    """A mirror that knows no call yet."""
    log = CallLog(open_database(f"sqlite:///{tmp_path / 'calls.db'}"))
    yield Mirror(log, Feed())
    log.close()


@pytest.fixture
def fetch(sandbox: Sandbox, rest: RestClient) -> Iterator[Fetch]:
    """Reads a page from the sandbox."""
    rest.login()
    api = ApiClient(sandbox.url)
    yield partial(api.get_calls, rest.access_token)
    api.close()


def truth(sandbox: Sandbox) -> dict[str, Call]:
    """Every call as the sandbox has it."""
    return {call["id"]: Call.from_json(call) for call in sandbox.calls()}


def known(mirror: Mirror) -> dict[str, Call]:
    """Every call as the mirror has it."""
    ids = mirror.log.call_ids()
    assert len(set(ids)) == len(ids)
    return {call.id: call for call in mirror.log.find(ids)}


def after_each_page(fetch: Fetch, happens: Callable[[], object]) -> Fetch:
    """An API to whose list something happens after each page that is read."""

    def fetch_page(offset: int, limit: int) -> CallPage:
        page = fetch(offset, limit)
        happens()
        return page

    return fetch_page


def once(task: Callable[[], object]) -> Callable[[], None]:
    """The task for the first time, and nothing from then on."""
    left = [task]

    def run() -> None:
        if left:
            left.pop()()

    return run


class PlainList:
    """A list API in its simplest form, for what the sandbox's list does not do. It tells no next page."""

    def __init__(self, *numbers: int, total: int | None = None) -> None:
        self.numbers = list(numbers)
        self.total = total
        self.read_count = 0

    def __call__(self, offset: int, limit: int) -> CallPage:
        """The rows from the offset."""
        self.read_count += 1
        calls = tuple(made_call(number) for number in self.numbers[offset : offset + limit])
        total = len(self.numbers) if self.total is None else self.total
        return CallPage(calls=calls, malformed_count=0, total_count=total, has_next_page=None)


@pytest.mark.parametrize(
    ("limit", "parallel"),
    [(3, 1), (3, 4), (31, 4), (46, 4), (47, 4), (48, 4), (47, 1), (93, 4), (94, 4), (95, 4), (500, 4)],
)
def test_every_call_is_read_whatever_the_size_of_a_page(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox, limit: int, parallel: int
) -> None:
    Synchronisation(mirror, fetch, limit=limit, parallel=parallel).run()

    assert known(mirror) == truth(sandbox)
    assert sandbox.counters().rows_sent == RECORDED
    assert sandbox.counters().list_reads <= -(-RECORDED // limit) + parallel


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_list_of_any_length_is_read(mirror: Mirror, count: int) -> None:
    with (
        Sandbox.start("--calls", str(count)) as sandbox,
        signed_in(sandbox.url) as rest,
    ):
        api = ApiClient(sandbox.url)
        Synchronisation(mirror, partial(api.get_calls, rest.access_token), limit=2).run()
        api.close()

        assert known(mirror) == truth(sandbox)
        assert mirror.log.synchronised_at is not None


def test_an_api_that_sends_smaller_pages_than_asked_for_is_read_whole(mirror: Mirror) -> None:
    with Sandbox.start("--max-limit", "7") as sandbox, signed_in(sandbox.url) as rest:
        api = ApiClient(sandbox.url)
        Synchronisation(mirror, partial(api.get_calls, rest.access_token), limit=50, parallel=3).run()
        api.close()

        assert known(mirror) == truth(sandbox)
        assert sandbox.counters().list_reads <= -(-RECORDED // 7) + 3


def test_pages_that_get_smaller_on_the_way_leave_no_gap(mirror: Mirror) -> None:
    api = PlainList(*range(20))

    def shrinking(offset: int, limit: int) -> CallPage:
        return api(offset, min(limit, 5 if offset == 0 else 2))

    Synchronisation(mirror, shrinking, limit=10).run()

    assert len(known(mirror)) == 20


@pytest.mark.parametrize("total", [0, -1, 1, 10**9, None, 1.5, "94"])
@pytest.mark.parametrize("limit", [40, 500])
def test_a_wrong_total_costs_no_call_and_keeps_none_that_is_gone(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox, total: object, limit: int
) -> None:
    synchronisation = Synchronisation(mirror, fetch, limit=limit)
    sandbox.wrong_total(total)
    synchronisation.run()
    assert known(mirror) == truth(sandbox)
    sandbox.remove_call(next(iter(truth(sandbox))))

    synchronisation.run()
    synchronisation.run()

    assert known(mirror) == truth(sandbox)


@pytest.mark.parametrize("total", [None, 0, 3, 100])
def test_an_api_that_tells_no_next_page_is_read_to_the_end_though_it_has_a_limit_of_its_own(
    mirror: Mirror, total: int | None
) -> None:
    api = PlainList(*range(7), total=total)

    Synchronisation(mirror, lambda offset, limit: api(offset, min(limit, 2)), limit=5).run()

    assert len(known(mirror)) == 7


def test_an_api_whose_list_never_ends_is_given_up(mirror: Mirror) -> None:
    api = PlainList(*range(50))

    with pytest.raises(MalformedAnswerError):
        Synchronisation(mirror, lambda _, limit: api(0, limit)).run()

    assert len(known(mirror)) == 50
    assert api.read_count < 1000
    assert mirror.log.synchronised_at is None


def test_a_call_that_comes_in_between_two_pages_is_found_at_the_latest_by_the_next_reading(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox
) -> None:
    before = truth(sandbox)
    synchronisation = Synchronisation(mirror, after_each_page(fetch, once(sandbox.add_call)), limit=20)

    synchronisation.run()
    assert known(mirror).items() >= before.items()
    synchronisation.run()

    assert known(mirror) == truth(sandbox)


def test_a_call_that_slips_past_the_reader_is_not_taken_for_gone(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox
) -> None:
    Synchronisation(mirror, fetch).run()
    first = next(iter(truth(sandbox)))
    shifting = after_each_page(fetch, once(lambda: sandbox.remove_call(first)))
    synchronisation = Synchronisation(mirror, shifting, limit=20, parallel=1)

    synchronisation.run()
    assert known(mirror).items() >= truth(sandbox).items()
    synchronisation.run()
    synchronisation.run()

    assert known(mirror) == truth(sandbox)


def test_a_call_is_not_taken_for_gone_because_the_list_shifted_and_is_as_long_as_before(
    mirror: Mirror,
) -> None:
    api = PlainList(1, 2, 3, 4)
    Synchronisation(mirror, api).run()

    def shift() -> None:
        api.numbers = [2, 3, 4, 5]

    Synchronisation(mirror, after_each_page(api, once(shift)), limit=2, parallel=1).run()

    assert call_id(3) in known(mirror)


def test_a_call_that_is_gone_is_dropped_at_once_where_one_answer_held_the_whole_list(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox
) -> None:
    synchronisation = Synchronisation(mirror, fetch)
    synchronisation.run()
    sandbox.remove_call(next(iter(truth(sandbox))))

    synchronisation.run()

    assert known(mirror) == truth(sandbox)


def test_a_call_that_is_gone_is_dropped_by_the_second_reading_though_the_list_never_holds_still(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox
) -> None:
    synchronisation = Synchronisation(mirror, after_each_page(fetch, sandbox.add_call), limit=30)
    synchronisation.run()
    gone = next(iter(truth(sandbox)))
    sandbox.remove_call(gone)

    synchronisation.run()
    synchronisation.run()

    assert gone not in known(mirror)


def test_a_whole_new_list_replaces_the_old_one(mirror: Mirror) -> None:
    Synchronisation(mirror, PlainList(*range(1200)), limit=500).run()
    synchronisation = Synchronisation(mirror, PlainList(*range(2000, 3200)), limit=500)

    synchronisation.run()
    synchronisation.run()

    assert sorted(mirror.log.call_ids()) == [call_id(number) for number in range(2000, 3200)]


def test_what_an_event_says_while_the_list_is_read_stands(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox
) -> None:
    unlisted = made_call()
    changed = Call.from_json(sandbox.calls()[0] | {"notes": [{"id": call_id(1), "content": "new"}]})

    def hear() -> None:
        mirror.apply(unlisted)
        mirror.apply(changed)

    Synchronisation(mirror, after_each_page(fetch, hear)).run()

    assert known(mirror)[unlisted.id] == unlisted
    assert known(mirror)[changed.id] == changed


def test_an_error_in_the_middle_keeps_what_was_read_and_drops_nothing(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox
) -> None:
    mirror.apply(made_call())

    def breaking(offset: int, limit: int) -> CallPage:
        if offset >= 40:
            raise NoAnswerError("No answer.")
        return fetch(offset, limit)

    with pytest.raises(NoAnswerError):
        Synchronisation(mirror, breaking, limit=20, parallel=2).run()

    assert known(mirror).keys() == {made_call().id, *list(truth(sandbox))[:40]}
    assert mirror.log.synchronised_at is None


def test_a_reading_after_an_error_begins_anew(mirror: Mirror, fetch: Fetch, sandbox: Sandbox) -> None:
    troubles = [NoAnswerError("No answer.")]

    def recovering(offset: int, limit: int) -> CallPage:
        if offset and troubles:
            raise troubles.pop()
        return fetch(offset, limit)

    synchronisation = Synchronisation(mirror, recovering, limit=20)
    with pytest.raises(NoAnswerError):
        synchronisation.run()

    synchronisation.run()

    assert known(mirror) == truth(sandbox)


class Busyness:
    """An API that notes how many pages are read at the same time, and which."""

    def __init__(self, fetch: Fetch, *, crowd: int) -> None:
        self._fetch = fetch
        self._crowd = crowd
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0
        self.offsets: list[int] = []

    def __call__(self, offset: int, limit: int) -> CallPage:
        """The page, once so many are being read as are expected, where that is possible."""
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            self.offsets.append(offset)
        if offset:
            wait_until(lambda: self.most >= self._crowd, what="a crowd of readers")
        page = self._fetch(offset, limit)
        with self._lock:
            self._now -= 1
        return page


def test_pages_are_read_in_parallel_and_no_more_at_a_time_than_agreed(mirror: Mirror, fetch: Fetch) -> None:
    api = Busyness(fetch, crowd=3)

    Synchronisation(mirror, api, limit=5, parallel=3).run()

    assert api.most == 3
    assert len(known(mirror)) == RECORDED


def test_one_reading_follows_another_however_many_ask_at_once(mirror: Mirror, fetch: Fetch) -> None:
    api = Busyness(fetch, crowd=1)
    synchronisation = Synchronisation(mirror, api, limit=50, parallel=1)

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

    synchronisation = Synchronisation(mirror, fetch_page, limit=20, parallel=1)

    synchronisation.run()

    assert told[:3] == [Progress(0, None), Progress(20, expected), Progress(40, expected)]
    assert synchronisation.progress == Progress(RECORDED, expected)


def test_what_a_reading_finds_is_told_with_its_kind(mirror: Mirror, fetch: Fetch, sandbox: Sandbox) -> None:
    synchronisation = Synchronisation(mirror, fetch)
    position = mirror.feed.position
    synchronisation.run()
    entries = mirror.feed.since(position) or []
    assert {entry.change.kind for entry in entries} == {ChangeKind.ADD}
    assert {entry.change.call_id for entry in entries} == truth(sandbox).keys()

    changed, gone = list(truth(sandbox))[:2]
    sandbox.archive(changed)
    sandbox.remove_call(gone)
    new = sandbox.add_call()["id"]
    position = mirror.feed.position
    synchronisation.run()

    told = {entry.change.call_id: entry.change.kind for entry in mirror.feed.since(position) or ()}
    assert told == {changed: ChangeKind.UPDATE, gone: ChangeKind.REMOVE, new: ChangeKind.ADD}


def test_a_list_that_has_not_changed_is_no_news(mirror: Mirror, fetch: Fetch) -> None:
    synchronisation = Synchronisation(mirror, fetch, limit=30)
    synchronisation.run()
    position, first_at = mirror.feed.position, mirror.log.synchronised_at

    synchronisation.run()

    assert mirror.feed.since(position) == []
    assert first_at is not None
    assert mirror.log.synchronised_at is not None
    assert mirror.log.synchronised_at > first_at
