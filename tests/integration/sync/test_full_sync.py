"""A full sync brings the API's whole list into the replica, however the list shifts, lies or fails."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from aircall.api.client import ApiClient
from aircall.calls.feed import ChangeKind, FeedEntry
from aircall.calls.replica import CallReplica
from aircall.calls.tables import calls
from aircall.errors import MalformedResponseError, NoResponseError, ServerError
from aircall.models import Call, CallPage
from aircall.status import SyncProgress
from aircall.storage import STORAGE_ERRORS
from aircall.sync.full_sync import FullSync, SyncCancelledError
from tests.integration.sync.lists import (
    Fetch,
    Held,
    PlainList,
    Recorded,
    after_each_page,
    after_first_page,
    failing,
    known,
    truth,
)
from tests.support.made_calls import call_id, made_call
from tests.support.rest_client import signed_in
from tests.support.sandbox import Sandbox

RECORDED = 94
# Calls that are known, calls that are new afterwards, and rows of a page.
KNOWN, NEW, PAGE = 1000, 2000, 200


class Subscriber:
    """The changes that pages receive; with each new epoch, the number of calls and whether all are there."""

    def __init__(self, replica: CallReplica) -> None:
        self._store = replica.store
        self.entries: list[FeedEntry] = []
        self.epochs: list[tuple[int, bool]] = []
        replica.feed.subscribe(self.entries.append, self._on_epoch)

    def _on_epoch(self, _position: str) -> None:
        self.epochs.append((len(self._store.call_ids()), self._store.synced_at is not None))

    @property
    def reload_counts(self) -> list[int]:
        return [count for count, _ in self.epochs]


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


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_list_of_any_length_is_read(replica: CallReplica, count: int) -> None:
    FullSync(replica, PlainList(*range(count)), page_size=2).run()

    assert len(known(replica)) == count
    assert replica.store.synced_at is not None


@pytest.mark.parametrize("total", [0, 1, 10**9, None, "94"])
@pytest.mark.parametrize("limit", [40, 500])
def test_a_wrong_total_neither_loses_calls_nor_keeps_deleted_ones(
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


def test_an_endless_list_is_given_up(replica: CallReplica) -> None:
    api = PlainList(*range(50))

    with pytest.raises(MalformedResponseError):
        FullSync(replica, lambda _, limit: api(0, limit)).run()

    assert len(known(replica)) == 50
    assert len(api.limits) < 1000
    assert replica.store.synced_at is None


# Page sizes


@pytest.mark.parametrize("parallel", [1, 3])
def test_the_apis_own_limit_is_found_out(replica: CallReplica, parallel: int) -> None:
    with Sandbox.start("--max-limit", "7") as sandbox, signed_in(sandbox.url) as rest:
        api = ApiClient(sandbox.url)
        recorded = Recorded(partial(api.get_calls, rest.access_token))
        FullSync(replica, recorded, page_size=50, parallel=parallel).run()
        api.close()

        assert known(replica) == truth(sandbox)
        assert max(recorded.limits[2 * parallel :]) == 7


@pytest.mark.parametrize("total", [None, 0, 3, 100])
def test_the_apis_own_limit_is_found_out_without_a_next_page(replica: CallReplica, total: int | None) -> None:
    api = PlainList(*range(20), total=total, max_limit=5)

    FullSync(replica, api, page_size=10, parallel=1).run()

    assert len(known(replica)) == 20
    assert set(api.limits[2:]) == {5}


def test_pages_that_get_smaller_leave_no_gap(replica: CallReplica) -> None:
    api = PlainList(*range(20))

    FullSync(replica, lambda offset, limit: api(offset, min(limit, 2 if offset else 5)), page_size=10).run()

    assert len(known(replica)) == 20


def test_an_api_that_always_announces_more_is_asked_for_large_pages(replica: CallReplica) -> None:
    api = PlainList(*range(1501))
    api.has_next_page = True
    full_sync = FullSync(replica, api)

    for _ in range(3):
        api.limits.clear()
        full_sync.run()

    assert len(api.limits) < 10
    assert len(known(replica)) == 1501


def test_a_limit_of_the_last_sync_does_not_bind_the_next_one(replica: CallReplica) -> None:
    api = PlainList(*range(200), max_limit=3)
    full_sync = FullSync(replica, api, page_size=100, parallel=1)
    full_sync.run()
    api.max_limit = None

    api.limits.clear()
    full_sync.run()

    assert api.limits[0] == 100
    assert max(api.limits) > 50


def test_the_first_page_is_small_and_further_ones_are_large(replica: CallReplica) -> None:
    api = PlainList(*range(3000))

    FullSync(replica, api, parallel=1).run()

    assert api.limits == [500, 2000, 2000, 2000]


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


def test_a_call_added_between_two_pages_is_found_by_the_next_sync(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox
) -> None:
    before = truth(sandbox)
    full_sync = FullSync(replica, after_first_page(fetch, sandbox.add_call), page_size=20)

    full_sync.run()
    assert known(replica).items() >= before.items()
    full_sync.run()

    assert known(replica) == truth(sandbox)


def test_a_call_that_moved_to_an_earlier_page_does_not_count_as_deleted(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox
) -> None:
    FullSync(replica, fetch).run()
    first = next(iter(truth(sandbox)))
    shifting = after_first_page(fetch, lambda: sandbox.remove_call(first))
    full_sync = FullSync(replica, shifting, page_size=20, parallel=1)

    full_sync.run()
    assert known(replica).items() >= truth(sandbox).items()
    full_sync.run()
    full_sync.run()

    assert known(replica) == truth(sandbox)


def test_a_call_that_moved_in_a_list_of_same_length_does_not_count_as_deleted(replica: CallReplica) -> None:
    api = PlainList(1, 2, 3, 4)
    FullSync(replica, api).run()
    shifting = after_first_page(api, lambda: api.numbers.remove(1) or api.numbers.append(5))  # type: ignore[func-returns-value]

    FullSync(replica, shifting, page_size=2, parallel=1).run()

    assert call_id(3) in known(replica)


def test_an_event_during_a_sync_wins(replica: CallReplica, fetch: Fetch, sandbox: Sandbox) -> None:
    unlisted = made_call()
    changed = Call.from_json(sandbox.calls()[0] | {"notes": [{"id": call_id(1), "content": "new"}]})

    def receive_events() -> None:
        replica.apply(unlisted)
        replica.apply(changed)

    FullSync(replica, after_each_page(fetch, receive_events)).run()

    assert known(replica)[unlisted.id] == unlisted
    assert known(replica)[changed.id] == changed


# Deleted calls


@pytest.mark.parametrize(
    ("response", "known_counts"),
    [
        pytest.param({"numbers": range(10)}, [10], id="the whole list"),
        pytest.param({"numbers": range(10), "has_total": False}, [94, 10], id="no total"),
        pytest.param({"numbers": []}, [94, 0], id="an empty list"),
        pytest.param(
            {"numbers": range(10), "total": 94, "has_next_page": False},
            [94, 94, 10],
            id="less than the total",
        ),
        pytest.param({"numbers": [], "malformed_count": 94}, [94, 94, 0], id="malformed rows"),
    ],
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
    subscriber, api = Subscriber(replica), PlainList(*range(1000))
    with pytest.raises(ServerError):
        FullSync(replica, failing(api, ServerError("Trouble."), from_offset=400), page_size=150).run()
    assert subscriber.epochs == []

    FullSync(replica, api, page_size=150).run()

    assert subscriber.epochs == [(1000, True)]
    assert subscriber.entries == []


def test_no_position_from_before_the_end_of_the_first_sync_is_valid_afterwards(replica: CallReplica) -> None:
    positions = [replica.feed.position]
    api = after_each_page(PlainList(*range(6)), lambda: positions.append(replica.feed.position))

    FullSync(replica, api, page_size=2).run()

    assert [replica.feed.changes_after(position) for position in positions] == [None] * len(positions)
    assert replica.feed.changes_after(replica.feed.position) == []


@pytest.fixture
def grown_list(replica: CallReplica) -> PlainList:
    """A list that has grown by more than pages can follow since it was synced."""
    api = PlainList(*range(KNOWN))
    FullSync(replica, api).run()
    api.numbers = [*range(KNOWN, KNOWN + NEW), *api.numbers]
    return api


def test_pages_reload_when_too_much_changes_and_at_the_end(
    replica: CallReplica, grown_list: PlainList
) -> None:
    subscriber = Subscriber(replica)

    FullSync(replica, grown_list, page_size=PAGE).run()

    assert subscriber.reload_counts == [KNOWN + PAGE, KNOWN + NEW]
    assert subscriber.entries == []


def test_pages_reload_what_a_failed_sync_has_found(replica: CallReplica, grown_list: PlainList) -> None:
    subscriber = Subscriber(replica)
    api = failing(grown_list, ServerError("Trouble."), from_offset=3 * PAGE)

    with pytest.raises(ServerError):
        FullSync(replica, api, page_size=PAGE, parallel=1).run()

    assert subscriber.reload_counts == [KNOWN + PAGE, KNOWN + 3 * PAGE]


@pytest.mark.parametrize("is_first", [True, False])
def test_events_are_published_at_once_during_any_sync(
    replica: CallReplica, request: pytest.FixtureRequest, is_first: bool
) -> None:
    api: Fetch = PlainList(*range(6)) if is_first else request.getfixturevalue("grown_list")
    subscriber, news = Subscriber(replica), made_call(9999)

    FullSync(
        replica,
        after_first_page(api, lambda: replica.apply(news)),
        page_size=2 if is_first else PAGE,
        parallel=1,
    ).run()

    assert [entry.change.call for entry in subscriber.entries] == [news]
    assert replica.store.find([news.id]) == [news]


# In parallel, canceled and failed


def test_pages_are_requested_in_parallel_up_to_the_limit(replica: CallReplica, fetch: Fetch) -> None:
    api = Recorded(fetch, crowd=3)

    FullSync(replica, api, page_size=5, parallel=3).run()

    assert api.max_in_flight == 3
    assert len(known(replica)) == RECORDED


def test_one_sync_runs_at_a_time(replica: CallReplica, fetch: Fetch) -> None:
    api = Recorded(fetch)
    full_sync = FullSync(replica, api, page_size=50, parallel=1)

    with ThreadPoolExecutor(4) as pool:
        for run in [pool.submit(full_sync.run) for _ in range(4)]:
            run.result()

    assert api.max_in_flight == 1
    assert api.offsets == [0, 50] * 4


def test_a_failed_sync_keeps_what_was_read_and_deletes_nothing(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox
) -> None:
    replica.apply(made_call())
    api = failing(fetch, NoResponseError("No answer."), from_offset=40)

    with pytest.raises(NoResponseError):
        FullSync(replica, api, page_size=20, parallel=2).run()

    assert known(replica).keys() == {made_call().id, *list(truth(sandbox))[:40]}
    assert replica.store.synced_at is None


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def cancel_while_holding(api: Held, full_sync: FullSync, pool: ThreadPoolExecutor) -> None:
    run = pool.submit(full_sync.run)
    assert api.is_holding.wait(10)
    full_sync.cancel()
    with pytest.raises(SyncCancelledError):
        run.result(timeout=10)


def test_a_canceled_sync_waits_for_no_response_and_deletes_nothing(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox, pool: ThreadPoolExecutor
) -> None:
    replica.apply(made_call())
    api = Held(fetch, offset=40)

    cancel_while_holding(api, FullSync(replica, api, page_size=20, parallel=1), pool)

    assert known(replica).keys() == {made_call().id, *list(truth(sandbox))[:40]}
    assert replica.store.synced_at is None
    api.release()


def test_a_sync_that_is_canceled_before_its_start_reads_nothing(replica: CallReplica) -> None:
    full_sync = FullSync(replica, PlainList(1, 2, 3))
    full_sync.cancel()

    with pytest.raises(SyncCancelledError):
        full_sync.run()
    assert known(replica) == {}
    full_sync.run()

    assert len(known(replica)) == 3


def test_a_response_to_a_canceled_sync_is_not_written(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox, pool: ThreadPoolExecutor
) -> None:
    api = Held(fetch, offset=0)
    full_sync = FullSync(replica, api)
    cancel_while_holding(api, full_sync, pool)
    sandbox.archive(next(iter(truth(sandbox))))

    api.release()
    full_sync.run()

    assert known(replica) == truth(sandbox)


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
