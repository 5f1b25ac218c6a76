"""A full sync brings the API's whole list into the replica, however the list shifts, lies or fails."""

import os
import random
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from functools import partial
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from aircall.calls.feed import ChangeFeed, ChangeKind, FeedEntry
from aircall.calls.replica import CallReplica
from aircall.calls.store import CallStore
from aircall.calls.tables import calls
from aircall.errors import MalformedResponseError, NoResponseError, ServerError
from aircall.models import Call, CallPage
from aircall.status import SyncProgress
from aircall.storage import STORAGE_ERRORS
from aircall.storage.database import open_database
from aircall.sync.full_sync import FullSync, SyncCancelledError
from aircall.sync.scan import DOUBTFUL_ABSENCES
from tests.integration.sync.lists import (
    Fetch,
    PlainList,
    after_each_page,
    after_first_page,
    failing,
    known,
    truth,
)
from tests.support.made_calls import call_id, made_call, made_notes
from tests.support.postgres import Postgres
from tests.support.sandbox import Sandbox

RECORDED = 94
# Calls that are known, calls that are new afterwards, and rows of a page.
KNOWN, NEW, PAGE = 1000, 2000, 200


class Subscriber:
    """The changes that pages receive; with each new epoch, the number of calls and whether all are there."""

    def __init__(self, replica: CallReplica) -> None:
        store = replica.store
        self.entries: list[FeedEntry] = []
        self.epochs: list[tuple[int, bool]] = []
        replica.feed.subscribe(
            self.entries.append,
            lambda _: self.epochs.append((len(store.call_ids()), store.synced_at is not None)),
        )


def numbered(numbers: Iterable[int]) -> set[str]:
    return {call_id(number) for number in numbers}


# The whole list


@pytest.mark.parametrize(
    ("limit", "parallel"), [(3, 1), (3, 4), (31, 4), (46, 4), (47, 4), (47, 1), (93, 4), (94, 4), (95, 4)]
)
def test_every_call_is_read_whatever_the_page_size(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox, limit: int, parallel: int
) -> None:
    FullSync(replica, fetch, page_size=limit, parallel=parallel).run()

    assert known(replica) == truth(sandbox)
    assert sandbox.counters().rows_sent == RECORDED
    assert sandbox.counters().list_reads <= -(-RECORDED // limit) + parallel


def test_an_endless_list_is_given_up(replica: CallReplica) -> None:
    api = PlainList(*range(50))

    with pytest.raises(MalformedResponseError):
        FullSync(replica, lambda _, limit: api(0, limit)).run()

    assert len(known(replica)) == 50
    assert len(api.limits) < 1000
    assert replica.store.synced_at is None


# Page sizes


@pytest.mark.parametrize("total", [None, 0, 3, 100])
@pytest.mark.parametrize("parallel", [1, 3])
def test_the_apis_own_limit_is_found_out(replica: CallReplica, total: int | None, parallel: int) -> None:
    api = PlainList(*range(50), total=total, max_limit=5)

    FullSync(replica, api, page_size=10, parallel=parallel).run()

    assert len(known(replica)) == 50
    assert max(api.limits[2 * parallel :]) == 5


def test_pages_that_get_smaller_leave_no_gap(replica: CallReplica) -> None:
    api = PlainList(*range(20))

    FullSync(replica, lambda offset, limit: api(offset, min(limit, 2 if offset else 5)), page_size=10).run()

    assert len(known(replica)) == 20


def test_a_limit_of_the_last_sync_does_not_bind_the_next_one(replica: CallReplica) -> None:
    api = PlainList(*range(200), max_limit=3)
    full_sync = FullSync(replica, api, page_size=100, parallel=1)
    full_sync.run()
    api.max_limit = None

    api.limits.clear()
    full_sync.run()

    assert api.limits[0] == 100
    assert max(api.limits) > 50


def test_a_call_that_the_database_refuses_hides_no_other_one(postgres: Postgres) -> None:
    postgres.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    engine = open_database(postgres.url.removesuffix("postgres") + "latin")
    try:
        replica = CallReplica(CallStore(engine), ChangeFeed())
        rows = [made_call(number) for number in range(20)]
        rows[7] = made_call(7, notes=made_notes("90 €"))
        page = CallPage(calls=tuple(rows), malformed_count=1, total_count=21, has_next_page=False)
        full_sync = FullSync(replica, lambda _offset, _limit: page)
        for _ in range(2):
            full_sync.run()

            assert known(replica).keys() == {call.id for call in rows} - {rows[7].id}
            assert replica.store.last_sync.left_out == 2
    finally:
        engine.dispose()
        postgres.execute("DROP DATABASE latin")


def test_a_list_that_claims_to_end_before_its_total_is_read_on(replica: CallReplica) -> None:
    api = PlainList(*range(20), max_limit=7)
    api.has_next_page = False

    FullSync(replica, api).run()

    assert len(known(replica)) == 20


@pytest.mark.parametrize("has_next_page", [None, True])
def test_the_first_pages_of_all_are_small_and_others_are_large_even_if_more_is_always_announced(
    replica: CallReplica, has_next_page: bool | None
) -> None:
    api = PlainList(*range(5000))
    api.has_next_page = has_next_page
    full_sync = FullSync(replica, api, parallel=1)

    for first in ([500, 1000, 2000, 4000], [4000, 4000]):
        api.limits.clear()
        full_sync.run()

        assert api.limits[: len(first)] == first
        assert len(api.limits) <= 5
    assert len(known(replica)) == 5000


@pytest.mark.parametrize("error", [NoResponseError("Too late."), MalformedResponseError("Too large.")])
@pytest.mark.parametrize("parallel", [1, 4])
def test_pages_that_are_too_large_for_the_api_are_halved(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox, error: Exception, parallel: int
) -> None:
    def fetch_page(offset: int, limit: int) -> CallPage:
        if limit > 60:
            raise error
        return fetch(offset, limit)

    full_sync = FullSync(replica, fetch_page, page_size=240, parallel=parallel)
    for _ in range(2):
        with pytest.raises(type(error)):
            full_sync.run()

    full_sync.run()

    assert known(replica) == truth(sandbox)


# A list that shifts between two pages


@pytest.mark.parametrize(
    "shift",
    [
        lambda numbers: numbers.insert(0, 99),
        lambda numbers: numbers.pop(0),
        lambda numbers: numbers.pop(0) and numbers.append(99),
        lambda numbers: numbers.append(numbers.pop(0)),
    ],
    ids=["added", "deleted", "both", "moved"],
)
def test_a_list_that_shifts_between_two_pages_neither_loses_a_call_nor_keeps_a_deleted_one(
    replica: CallReplica, shift: Callable[[list[int]], object]
) -> None:
    api = PlainList(*range(1, 9))
    FullSync(replica, api).run()
    full_sync = FullSync(replica, after_first_page(api, lambda: shift(api.numbers)), page_size=3, parallel=1)

    full_sync.run()
    assert known(replica).keys() >= numbered(set(api.numbers) - {99})
    for _ in range(2):
        full_sync.run()

    assert known(replica).keys() == numbered(api.numbers)


class RestlessList:
    """A list that changes while it is read, lies about its length, and fails at times."""

    def __init__(self, seed: int, replica: CallReplica) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - no secret
        self._replica = replica
        self._lock = threading.Lock()
        self._numbers = count()
        self.calls: list[Call] = []
        self.is_quiet = False
        self._total = self._draw.choice([None, 0, 1, 3, 10**9])
        size, parallel = self._draw.randrange(1, 12), self._draw.choice([1, 3])
        self.full_sync = FullSync(replica, self.fetch, page_size=size, parallel=parallel)

    def fetch(self, offset: int, limit: int) -> CallPage:
        with self._lock:
            if not self.is_quiet:
                self._make_trouble()
            return CallPage(
                calls=tuple(self.calls[offset : offset + limit]),
                malformed_count=0,
                total_count=self._draw.choice([None, len(self.calls), self._total]),
                has_next_page=self._draw.choice([None, offset + limit < len(self.calls)]),
            )

    def _make_trouble(self) -> None:
        for _ in range(self._draw.randrange(4)):
            self._change()
        chance = self._draw.random()
        if chance < 0.03:
            raise self._draw.choice([ServerError, NoResponseError])("Trouble.")
        if chance < 0.06:
            self.full_sync.cancel()

    def _change(self) -> None:
        change = self._draw.choice(["add", "add", "remove", "move", "toggle", "toggle"])
        at = self._draw.randrange(len(self.calls) + 1)
        if change == "add" or at == len(self.calls):
            self.calls.insert(at, made_call(next(self._numbers)))
        elif change == "remove":
            self.calls.pop(at)
        elif change == "move":
            self._draw.shuffle(self.calls)
        else:
            self.calls[at] = replace(self.calls[at], is_archived=not self.calls[at].is_archived)
            # Not every event arrives.
            if self._draw.random() < 0.7:
                self._replica.apply(self.calls[at])


@pytest.mark.parametrize("seed", range(100 if os.environ.get("CI") == "true" else 15))
def test_all_is_right_in_the_end_whatever_happened_during_earlier_syncs(
    replica: CallReplica, seed: int
) -> None:
    api = RestlessList(seed, replica)

    for number in range(5 + DOUBTFUL_ABSENCES):
        # Two more than needed, as the next one may have been canceled before.
        api.is_quiet = number > 2
        with suppress(SyncCancelledError, ServerError, NoResponseError):
            api.full_sync.run()

    assert known(replica) == {call.id: call for call in api.calls}


def test_an_event_during_a_sync_wins(replica: CallReplica, fetch: Fetch, sandbox: Sandbox) -> None:
    unlisted = made_call()
    changed = Call.from_json(sandbox.calls()[0] | {"notes": [{"id": call_id(1), "content": "new"}]})

    def receive_events() -> None:
        replica.apply(unlisted)
        replica.apply(changed)

    full_sync = FullSync(replica, after_each_page(fetch, receive_events))
    for _ in range(3):
        full_sync.run()

    assert known(replica)[unlisted.id] == unlisted
    assert known(replica)[changed.id] == changed


# Deleted calls


@pytest.mark.parametrize(
    ("response", "known_counts"),
    [
        ({"numbers": range(10)}, [10]),
        ({"numbers": range(10), "has_total": False}, [94, 10]),
        ({"numbers": []}, [94, 0]),
        ({"numbers": range(10), "total": 94, "has_next_page": False}, [94, 94, 10]),
        ({"numbers": [], "malformed_count": 94}, [94, 94, 0]),
    ],
    ids=["the whole list", "no total", "an empty list", "less than the total", "malformed rows"],
)
def test_calls_are_deleted_after_as_many_syncs_as_the_response_is_doubtful(
    replica: CallReplica, response: dict[str, Any], known_counts: list[int]
) -> None:
    api = PlainList(*range(94))
    full_sync = FullSync(replica, api)
    full_sync.run()
    for name, value in response.items():
        setattr(api, name, value)

    counts = []
    for _ in known_counts:
        full_sync.run()
        counts.append(len(known(replica)))

    assert counts == known_counts


def test_a_call_that_is_listed_again_in_between_is_not_deleted(replica: CallReplica) -> None:
    api = PlainList(*range(94), total=94)
    full_sync = FullSync(replica, api)
    full_sync.run()
    api.has_next_page = False
    for _ in range(3):
        api.numbers = list(range(1, 94))
        full_sync.run()
        full_sync.run()
        api.numbers = list(range(94))
        full_sync.run()

    assert call_id(0) in known(replica)


def test_a_deleted_call_is_found_by_the_second_sync_though_the_list_never_rests(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox
) -> None:
    full_sync = FullSync(replica, after_each_page(fetch, sandbox.add_call), page_size=30)
    full_sync.run()
    deleted = next(iter(truth(sandbox)))
    sandbox.remove_call(deleted)

    full_sync.run()
    full_sync.run()

    assert deleted not in known(replica)


# What pages receive


def test_each_change_is_published_with_its_kind(replica: CallReplica, fetch: Fetch, sandbox: Sandbox) -> None:
    full_sync = FullSync(replica, fetch)
    full_sync.run()
    changed, deleted = list(truth(sandbox))[:2]
    sandbox.archive(changed)
    sandbox.remove_call(deleted)
    new = sandbox.add_call()["id"]
    subscriber = Subscriber(replica)

    full_sync.run()
    full_sync.run()

    kinds = [(entry.change.call_id, entry.change.kind) for entry in subscriber.entries]
    assert sorted(kinds) == sorted(
        [(changed, ChangeKind.UPDATE), (deleted, ChangeKind.REMOVE), (new, ChangeKind.ADD)]
    )
    assert subscriber.epochs == []


@pytest.mark.parametrize(("total", "expected"), [(RECORDED, RECORDED), (-1, None)])
def test_progress_is_shown(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox, total: int, expected: int | None
) -> None:
    sandbox.wrong_total(total)
    progress: list[SyncProgress] = []

    def fetch_page(offset: int, limit: int) -> CallPage:
        progress.append(full_sync.progress)
        return fetch(offset, limit)

    full_sync = FullSync(replica, fetch_page, page_size=20, parallel=1)

    full_sync.run()

    assert progress[:3] == [SyncProgress(0, None), SyncProgress(20, expected), SyncProgress(40, expected)]
    assert full_sync.progress == SyncProgress(RECORDED, expected)


def test_the_first_sync_publishes_one_epoch_when_it_has_completed(replica: CallReplica) -> None:
    subscriber, positions = Subscriber(replica), [replica.feed.position]
    api = after_each_page(PlainList(*range(1000)), lambda: positions.append(replica.feed.position))
    with pytest.raises(ServerError):
        FullSync(replica, failing(api, ServerError("Trouble."), from_offset=400), page_size=150).run()
    assert subscriber.epochs == []

    FullSync(replica, api, page_size=150).run()

    assert subscriber.epochs == [(1000, True)]
    assert subscriber.entries == []
    assert [replica.feed.changes_after(position) for position in positions] == [None] * len(positions)
    assert replica.feed.changes_after(replica.feed.position) == []


@pytest.mark.parametrize(("fails_at", "found"), [(None, NEW), (3 * PAGE, 3 * PAGE)])
def test_pages_reload_when_too_much_changes_and_at_the_end_even_of_a_failed_sync(
    replica: CallReplica, fails_at: int | None, found: int
) -> None:
    api = PlainList(*range(KNOWN))
    FullSync(replica, api).run()
    api.numbers = [*range(KNOWN, KNOWN + NEW), *api.numbers]
    subscriber, trouble = Subscriber(replica), failing(api, ServerError("Trouble."), from_offset=fails_at)

    with pytest.raises(ServerError) if fails_at else nullcontext():
        FullSync(replica, trouble, page_size=PAGE, parallel=1).run()

    assert [count for count, _ in subscriber.epochs] == [KNOWN + PAGE, KNOWN + found]
    assert subscriber.entries == []


def test_events_are_published_at_once_during_any_sync(replica: CallReplica) -> None:
    subscriber, news = Subscriber(replica), [made_call(9998), made_call(9999)]

    # The first one, and one that finds too much to be published call by call.
    for call, length, size in ((news[0], 6, 2), (news[1], KNOWN, PAGE)):
        api = after_first_page(PlainList(*range(length)), partial(replica.apply, call))
        FullSync(replica, api, page_size=size, parallel=1).run()

    assert [entry.change.call for entry in subscriber.entries] == news


# In parallel, canceled and failed


def test_pages_are_requested_in_parallel_up_to_the_limit(replica: CallReplica, fetch: Fetch) -> None:
    slots, crowd = threading.Semaphore(3), threading.Barrier(3)

    def fetch_page(offset: int, limit: int) -> CallPage:
        assert slots.acquire(blocking=False), "more than three in flight"
        if offset in (5, 10, 15):
            crowd.wait(20)
        page = fetch(offset, limit)
        slots.release()
        return page

    FullSync(replica, fetch_page, page_size=5, parallel=3).run()

    assert len(known(replica)) == RECORDED


def test_one_sync_runs_at_a_time(replica: CallReplica) -> None:
    api = PlainList(*range(30))
    full_sync = FullSync(replica, api, page_size=20, parallel=1)

    with ThreadPoolExecutor(4) as pool:
        for run in [pool.submit(full_sync.run) for _ in range(4)]:
            run.result()

    assert api.offsets == [0, 20, 30] * 4


def test_a_failed_sync_keeps_what_was_read_and_deletes_nothing(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox
) -> None:
    replica.apply(made_call())
    api = failing(fetch, NoResponseError("No answer."), from_offset=40)

    with pytest.raises(NoResponseError):
        FullSync(replica, api, page_size=20, parallel=2).run()

    assert known(replica).keys() == {made_call().id, *list(truth(sandbox))[:40]}
    assert replica.store.synced_at is None


def test_a_canceled_sync_waits_for_no_response_deletes_nothing_and_writes_no_late_response(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox
) -> None:
    replica.apply(made_call())
    ids = list(truth(sandbox))
    pages, is_holding, released = count(1), threading.Event(), threading.Event()

    def hold_the_third() -> None:
        if next(pages) == 3:
            is_holding.set()
            released.wait(20)

    full_sync = FullSync(replica, after_each_page(fetch, hold_the_third), page_size=20, parallel=1)

    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(full_sync.run)
        assert is_holding.wait(10)
        full_sync.cancel()
        with pytest.raises(SyncCancelledError):
            run.result(timeout=10)

    assert known(replica).keys() == {made_call().id, *ids[:40]}
    assert replica.store.synced_at is None
    sandbox.archive(ids[40])
    released.set()
    full_sync.run()
    assert known(replica).items() >= truth(sandbox).items()


def test_a_sync_that_is_canceled_before_its_start_reads_nothing(replica: CallReplica) -> None:
    full_sync = FullSync(replica, PlainList(1, 2, 3))
    full_sync.cancel()

    with pytest.raises(SyncCancelledError):
        full_sync.run()
    assert known(replica) == {}
    full_sync.run()

    assert len(known(replica)) == 3


def test_a_sync_that_could_not_be_stored_starts_again(replica: CallReplica, fetch: Fetch) -> None:
    def rename(before: str, after: str) -> None:
        with replica.store.engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {before} RENAME TO {after}")

    broken = after_first_page(fetch, lambda: rename(calls.name, "away"))
    with pytest.raises(STORAGE_ERRORS):
        FullSync(replica, broken, page_size=20, parallel=1).run()
    rename("away", calls.name)

    FullSync(replica, fetch, page_size=20).run()

    assert len(known(replica)) == RECORDED
