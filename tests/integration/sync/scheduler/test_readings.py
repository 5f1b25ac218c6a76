"""When the list is read, when it is left alone, and how long a page waits for it."""

import time

import pytest

from aircall.errors import ServerError
from aircall.sync.full_sync import FullSync
from aircall.sync.scheduler import SyncScheduler
from tests.integration.sync.scheduler.watch import Readings, Watching
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# Longer than any test takes.
LONG = 600.0


def test_the_list_is_read_again_and_again_while_a_browser_is_connected(
    scheduler: SyncScheduler, watching: Watching, readings: Readings
) -> None:
    assert scheduler.last_error is None
    watching.is_watched = True

    wait_until(lambda: len(readings.ended) >= 3)


def test_nothing_is_read_while_nobody_looks(
    scheduler: SyncScheduler, watching: Watching, readings: Readings
) -> None:
    scheduler.request_sync()
    wait_until(lambda: len(readings.ended) == 1)
    asked_count = watching.asked_count

    # Every time it asks whether somebody watches is a time when it could have read.
    wait_until(lambda: watching.asked_count >= asked_count + 2)

    assert len(readings.began) == 1


def test_who_opened_a_page_counts_as_looking_for_a_while(
    scheduler: SyncScheduler, readings: Readings
) -> None:
    scheduler.ensure_fresh(timeout=5)

    wait_until(lambda: len(readings.ended) >= 3)


def test_a_page_waits_for_the_first_reading(scheduler: SyncScheduler, full_sync: FullSync) -> None:
    scheduler.ensure_fresh(timeout=10)

    assert full_sync.progress.read_count == 94


def test_a_page_does_not_wait_for_a_list_that_is_fresh(
    full_sync: FullSync, watching: Watching, readings: Readings, sandbox: Sandbox
) -> None:
    scheduler = SyncScheduler(full_sync, watching, LONG)
    scheduler.start()
    scheduler.ensure_fresh(timeout=10)
    sandbox.be_slow(30, path="/calls")
    before = time.monotonic()

    scheduler.ensure_fresh(timeout=10)

    assert time.monotonic() < before + 5
    assert len(readings.began) == 1
    scheduler.stop()


def test_a_page_does_not_wait_for_a_slow_reading_longer_than_it_may(
    scheduler: SyncScheduler, readings: Readings, sandbox: Sandbox
) -> None:
    sandbox.be_slow(30, path="/calls")
    before = time.monotonic()

    scheduler.ensure_fresh(timeout=0.1)

    assert 0.1 <= time.monotonic() - before < 5
    assert readings.ended == []
    sandbox.clear_faults()


def test_pages_that_follow_each_other_do_not_all_wait_for_the_same_slow_reading(
    scheduler: SyncScheduler, readings: Readings, sandbox: Sandbox
) -> None:
    sandbox.be_slow(60, path="/calls")

    # One after the other they would wait for longer than the client waits for an answer.
    for _ in range(20):
        scheduler.ensure_fresh(timeout=0.5)

    assert len(readings.began) == 1
    assert readings.ended == []
    sandbox.clear_faults()


def test_a_page_does_not_wait_for_a_reading_that_has_failed(
    scheduler: SyncScheduler, sandbox: Sandbox
) -> None:
    sandbox.answer_with(500, b"", times=None, path="/calls")
    before = time.monotonic()

    scheduler.ensure_fresh(timeout=30)

    assert time.monotonic() - before < 10
    assert isinstance(scheduler.last_error, ServerError)


@pytest.mark.usefixtures("scheduler")
def test_a_long_list_is_read_less_often(readings: Readings, watching: Watching, sandbox: Sandbox) -> None:
    sandbox.be_slow(0.1, path="/calls")
    watching.is_watched = True

    wait_until(lambda: len(readings.began) >= 2)

    took = readings.ended[0] - readings.began[0]
    assert readings.began[1] - readings.began[0] >= 9 * took


def test_what_is_asked_for_during_a_reading_is_read_after_it(
    scheduler: SyncScheduler, readings: Readings, sandbox: Sandbox
) -> None:
    sandbox.be_slow(0.2, times=1, path="/calls")
    scheduler.request_sync()
    wait_until(lambda: len(readings.began) == 1)

    scheduler.request_sync()

    wait_until(lambda: len(readings.ended) == 2)
    assert readings.began[1] >= readings.ended[0]


def test_each_good_reading_is_told_once_it_has_answered_what_was_asked_for(
    full_sync: FullSync, watching: Watching, readings: Readings
) -> None:
    readings.fails_with = [ZeroDivisionError()]
    told: list[tuple[int, bool]] = []
    scheduler = SyncScheduler(
        full_sync,
        watching,
        LONG,
        on_synced=lambda: told.append((len(readings.ended), scheduler.is_stale)),
    )
    scheduler.start()
    scheduler.ensure_fresh(timeout=10)
    assert scheduler.is_stale

    scheduler.retry_now()
    wait_until(lambda: told)

    assert told == [(2, False)]
    scheduler.stop()
