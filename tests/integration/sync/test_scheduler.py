"""The scheduler runs full syncs while pages are open, on request, and seldom where they fail or take long."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest
from sqlalchemy import Engine

from aircall.api.client import ApiClient
from aircall.calls.feed import ChangeFeed
from aircall.calls.replica import CallReplica
from aircall.calls.store import CallStore
from aircall.errors import ServerError
from aircall.models import CallPage
from aircall.sync.full_sync import FullSync
from aircall.sync.scheduler import SYNC_RETRY_INTERVAL, SyncScheduler
from tests.support.rest_client import RestClient
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# Seconds between two syncs: as short as tests can be, and longer than any test takes.
SHORT, LONG = 0.05, 600.0


@dataclass
class Audience:
    """Whether a page is open, and how often the scheduler asked; each time it could have started a sync."""

    is_watching: bool = False
    asked_count: int = 0

    def __call__(self) -> bool:
        self.asked_count += 1
        return self.is_watching

    def wait_until_asked(self, times: int) -> None:
        count = self.asked_count + times
        wait_until(lambda: self.asked_count >= count, 10, "a look at the audience")


@dataclass
class Syncs:
    """When each sync started and ended, and errors that the next ones fail with. One page holds the list."""

    started: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def fetch(self, api: ApiClient, token: str, offset: int, limit: int) -> CallPage:
        self.started.append(time.monotonic())
        try:
            if self.errors:
                raise self.errors.pop()
            return api.get_calls(token, offset, limit)
        finally:
            self.ended.append(time.monotonic())


class RestartingSync(FullSync):
    """Restarts this scheduler, once, when a run has ended, and before that is recorded."""

    scheduler: SyncScheduler | None = None

    def run(self) -> float:
        started = super().run()
        scheduler, self.scheduler = self.scheduler, None
        if scheduler:
            scheduler.stop()
            scheduler.start()
        return started


def threads() -> int:
    return sum(thread.name == "sync-scheduler" for thread in threading.enumerate())


@pytest.fixture
def audience() -> Audience:
    return Audience()


@pytest.fixture
def syncs() -> Syncs:
    return Syncs()


@pytest.fixture
def full_sync(sandbox: Sandbox, rest: RestClient, sqlite: Engine, syncs: Syncs) -> Iterator[RestartingSync]:
    api = ApiClient(sandbox.url)
    replica = CallReplica(CallStore(sqlite), ChangeFeed())
    yield RestartingSync(replica, partial(syncs.fetch, api, rest.access_token))
    sandbox.clear_faults()
    api.close()


Start = Callable[..., SyncScheduler]


@pytest.fixture
def start(full_sync: FullSync, audience: Audience) -> Iterator[Start]:
    """Starts a scheduler with an interval; it is stopped at the end."""
    schedulers: list[SyncScheduler] = []

    def start(interval: float = LONG, on_synced: Callable[[], None] = lambda: None) -> SyncScheduler:
        schedulers.append(SyncScheduler(full_sync, audience, interval, on_synced))
        schedulers[0].start()
        return schedulers[0]

    yield start
    schedulers[0].stop()
    wait_until(lambda: threads() == 0, what="the end of the thread")


@pytest.fixture
def scheduler(start: Start) -> SyncScheduler:
    return start(SHORT)


def fail(sandbox: Sandbox) -> None:
    """Fail the next sync, which tries three times."""
    sandbox.answer_with(500, b"", times=3, path="/calls")


def test_syncs_repeat_while_pages_are_open(
    scheduler: SyncScheduler, audience: Audience, syncs: Syncs
) -> None:
    assert scheduler.last_error is None
    audience.is_watching = True

    wait_until(lambda: len(syncs.ended) >= 3)


def test_syncs_repeat_for_a_while_after_a_page_was_requested(scheduler: SyncScheduler, syncs: Syncs) -> None:
    scheduler.ensure_fresh(timeout=5)

    wait_until(lambda: len(syncs.ended) >= 3)


def test_without_open_pages_nothing_syncs(scheduler: SyncScheduler, audience: Audience, syncs: Syncs) -> None:
    scheduler.request_sync()
    wait_until(lambda: len(syncs.ended) == 1)

    audience.wait_until_asked(2)

    assert len(syncs.started) == 1


def test_a_page_waits_for_the_first_sync_and_not_for_a_fresh_replica(
    start: Start, full_sync: FullSync, syncs: Syncs, sandbox: Sandbox
) -> None:
    scheduler = start()
    scheduler.ensure_fresh(timeout=10)
    assert full_sync.progress.read_count == 94
    sandbox.be_slow(60, path="/calls")
    before = time.monotonic()

    scheduler.ensure_fresh(timeout=60)

    assert time.monotonic() < before + 20
    assert len(syncs.started) == 1


def test_the_timeout_counts_from_the_start_of_the_running_sync(
    scheduler: SyncScheduler, syncs: Syncs, sandbox: Sandbox
) -> None:
    sandbox.be_slow(60, path="/calls")
    before = time.monotonic()

    for _ in range(20):
        scheduler.ensure_fresh(timeout=0.5)

    assert 0.5 <= time.monotonic() - before < 8
    assert len(syncs.started) == 1
    assert syncs.ended == []


def test_after_a_failure_no_page_waits_and_the_api_gets_a_pause_however_many_request_a_sync(
    scheduler: SyncScheduler, sandbox: Sandbox, syncs: Syncs
) -> None:
    fail(sandbox)
    scheduler.ensure_fresh(timeout=60)
    assert isinstance(scheduler.last_error, ServerError)
    sandbox.be_slow(60, path="/calls")

    for _ in range(50):
        scheduler.ensure_fresh(timeout=60)
        scheduler.request_sync()
    wait_until(lambda: len(syncs.started) == 2)
    assert syncs.started[1] - syncs.ended[0] >= SYNC_RETRY_INTERVAL - 0.1

    # Nor does a page wait for the retry.
    scheduler.ensure_fresh(timeout=60)
    assert len(syncs.ended) == 1


@pytest.mark.usefixtures("scheduler")
def test_a_long_list_is_synced_less_often(syncs: Syncs, audience: Audience, sandbox: Sandbox) -> None:
    sandbox.be_slow(0.1, path="/calls")
    audience.is_watching = True

    wait_until(lambda: len(syncs.started) >= 2)

    assert syncs.started[1] - syncs.started[0] >= 9 * (syncs.ended[0] - syncs.started[0])


def test_a_request_during_a_sync_is_answered_by_another_one(
    scheduler: SyncScheduler, syncs: Syncs, sandbox: Sandbox
) -> None:
    sandbox.be_slow(0.2, times=1, path="/calls")
    scheduler.request_sync()
    wait_until(lambda: len(syncs.started) == 1)

    scheduler.request_sync()

    wait_until(lambda: len(syncs.ended) == 2)
    assert syncs.started[1] >= syncs.ended[0]


def test_each_successful_sync_is_reported_even_after_the_report_failed(start: Start, syncs: Syncs) -> None:
    reported: list[tuple[int, bool]] = []

    def report() -> None:
        reported.append((len(syncs.ended), reporting.is_stale))
        raise ZeroDivisionError

    syncs.errors = [ZeroDivisionError()]
    reporting = start(on_synced=report)
    reporting.ensure_fresh(timeout=10)
    assert isinstance(reporting.last_error, ZeroDivisionError)
    assert reporting.is_stale

    for count in (1, 2):
        reporting.retry_now()
        wait_until(lambda count=count: len(reported) == count)  # type: ignore[misc]

    assert reported == [(2, False), (3, False)]
    assert reporting.last_error is None


def test_a_failed_request_is_answered_as_soon_as_a_page_is_open(
    scheduler: SyncScheduler, syncs: Syncs, sandbox: Sandbox, audience: Audience
) -> None:
    fail(sandbox)
    scheduler.request_sync()
    wait_until(lambda: scheduler.last_error is not None)

    audience.wait_until_asked(2)
    assert len(syncs.started) == 1
    assert scheduler.is_stale
    audience.is_watching = True

    wait_until(lambda: not scheduler.is_stale)
    assert scheduler.last_error is None


def test_a_login_ends_the_pause(scheduler: SyncScheduler, sandbox: Sandbox, syncs: Syncs) -> None:
    fail(sandbox)
    scheduler.ensure_fresh(timeout=10)

    scheduler.retry_now()
    scheduler.ensure_fresh(timeout=10)

    assert scheduler.last_error is None
    assert syncs.started[1] - syncs.ended[0] < SYNC_RETRY_INTERVAL - 0.1


def test_it_can_be_started_twice_stopped_and_started_again(scheduler: SyncScheduler, syncs: Syncs) -> None:
    scheduler.start()
    assert threads() == 1

    scheduler.stop()
    wait_until(lambda: threads() == 0)
    scheduler.request_sync()
    assert syncs.started == []
    scheduler.start()

    wait_until(lambda: len(syncs.ended) == 1)
    assert threads() == 1


def test_it_stops_at_once_during_a_sync_and_that_is_no_failure(
    scheduler: SyncScheduler, sandbox: Sandbox, syncs: Syncs, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.be_slow(30, path="/calls")
    scheduler.request_sync()
    wait_until(lambda: syncs.started)

    scheduler.stop()

    wait_until(lambda: threads() == 0)
    assert syncs.ended == []
    assert scheduler.last_error is None
    assert [record for record in caplog.records if record.name == "aircall.sync.scheduler"] == []


def test_a_sync_from_before_a_restart_does_not_make_the_replica_fresh(
    full_sync: RestartingSync, start: Start, audience: Audience, syncs: Syncs
) -> None:
    scheduler = full_sync.scheduler = start()
    scheduler.request_sync()
    wait_until(lambda: len(syncs.ended) == 1)
    audience.wait_until_asked(1)
    assert scheduler.fresh_for == 0

    scheduler.ensure_fresh(timeout=5)

    assert len(syncs.ended) == 2
    assert scheduler.fresh_for > 0
