"""The thread in trouble, and its beginning and end."""

import pytest

from aircall.errors import ServerError
from aircall.sync.full_sync import FullSync
from aircall.sync.scheduler import SyncScheduler
from tests.integration.sync.scheduler.watch import Readings, Watching, threads
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# Longer than any test takes.
LONG = 600.0


def test_a_failing_api_gets_a_pause_however_many_ask_and_is_read_again_after_it(
    scheduler: SyncScheduler, readings: Readings, sandbox: Sandbox, watching: Watching
) -> None:
    watching.is_watched = True
    # One reading, which asks up to three times.
    sandbox.answer_with(500, b"", times=3, path="/calls")
    scheduler.ensure_fresh(timeout=10)
    assert isinstance(scheduler.last_error, ServerError)

    for _ in range(50):
        scheduler.ensure_fresh(timeout=10)
        scheduler.request_sync()
    wait_until(lambda: scheduler.last_error is None, deadline=10)

    assert readings.began[1] - readings.ended[0] >= 2.9


def test_a_failing_api_is_left_alone_while_nobody_looks_but_what_was_missed_is_not_forgotten(
    scheduler: SyncScheduler, readings: Readings, sandbox: Sandbox, watching: Watching
) -> None:
    sandbox.answer_with(500, b"", times=3, path="/calls")
    scheduler.request_sync()
    wait_until(lambda: scheduler.last_error is not None)

    # It asks whether somebody watches each time that it could have read.
    wait_until(lambda: watching.asked_count >= 2, deadline=10)
    assert len(readings.began) == 1
    assert scheduler.is_stale
    watching.is_watched = True

    wait_until(lambda: not scheduler.is_stale)
    assert scheduler.last_error is None


def test_who_signs_in_need_not_wait_for_the_pause_to_end(
    scheduler: SyncScheduler, sandbox: Sandbox, readings: Readings
) -> None:
    sandbox.answer_with(500, b"", times=3, path="/calls")
    scheduler.ensure_fresh(timeout=10)

    scheduler.retry_now()
    scheduler.ensure_fresh(timeout=10)

    assert scheduler.last_error is None
    assert readings.began[1] - readings.ended[0] < 2.9


def test_no_page_waits_for_the_next_try_of_an_api_that_has_failed(
    scheduler: SyncScheduler, sandbox: Sandbox, readings: Readings
) -> None:
    sandbox.answer_with(500, b"", times=3, path="/calls")
    scheduler.ensure_fresh(timeout=10)
    sandbox.be_slow(60, path="/calls")
    wait_until(lambda: len(readings.began) == 2, deadline=10)

    scheduler.ensure_fresh(timeout=30)

    assert len(readings.ended) == 1
    sandbox.clear_faults()


def test_it_outlives_even_what_nobody_thought_of(
    full_sync: FullSync, watching: Watching, readings: Readings
) -> None:
    readings.fails_with = [ZeroDivisionError()]
    scheduler = SyncScheduler(full_sync, watching, LONG)
    scheduler.start()
    scheduler.ensure_fresh(timeout=10)
    error = scheduler.last_error

    scheduler.retry_now()
    scheduler.ensure_fresh(timeout=10)

    assert isinstance(error, ZeroDivisionError)
    assert scheduler.last_error is None
    assert full_sync.progress.read_count == 94
    scheduler.stop()


def test_it_outlives_whoever_it_tells_of_a_reading(
    full_sync: FullSync, watching: Watching, readings: Readings
) -> None:
    told: list[int] = []

    def tell() -> None:
        told.append(len(readings.ended))
        raise ZeroDivisionError

    scheduler = SyncScheduler(full_sync, watching, LONG, on_synced=tell)
    scheduler.start()
    scheduler.request_sync()
    wait_until(lambda: told == [1])
    scheduler.request_sync()

    wait_until(lambda: told == [1, 2])
    scheduler.stop()


def test_it_is_one_thread_however_often_it_is_started(scheduler: SyncScheduler) -> None:
    before = threads()

    scheduler.start()
    scheduler.start()

    assert threads() == before


def test_it_ends_its_thread_and_can_be_started_again(scheduler: SyncScheduler, readings: Readings) -> None:
    before = threads()

    scheduler.stop()
    wait_until(lambda: len(threads()) == len(before) - 1)
    scheduler.request_sync()
    assert readings.began == []
    scheduler.start()

    wait_until(lambda: len(readings.ended) == 1)
    assert len(threads()) == len(before)


def test_it_ends_in_the_middle_of_trouble_too(scheduler: SyncScheduler, sandbox: Sandbox) -> None:
    before = threads()
    sandbox.answer_with(500, b"", times=None, path="/calls")
    scheduler.ensure_fresh(timeout=10)

    scheduler.stop()

    wait_until(lambda: len(threads()) == len(before) - 1)


def test_it_ends_at_once_in_the_middle_of_a_reading_and_that_is_no_trouble(
    scheduler: SyncScheduler, sandbox: Sandbox, readings: Readings, caplog: pytest.LogCaptureFixture
) -> None:
    before = threads()
    sandbox.be_slow(30, path="/calls")
    scheduler.request_sync()
    wait_until(lambda: readings.began)

    scheduler.stop()

    wait_until(lambda: len(threads()) == len(before) - 1)
    assert readings.ended == []
    assert scheduler.last_error is None
    assert [record for record in caplog.records if record.name == "aircall.sync.scheduler"] == []
    sandbox.clear_faults()
