"""The thread in trouble, and its beginning and end."""

import pytest

from aircall.errors import ServerError
from aircall.sync.full_sync import Synchronisation
from aircall.sync.scheduler import Background
from tests.contract.background.watch import Readings, Watching, threads
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# Longer than any test takes.
LONG = 600.0


def test_a_failing_api_gets_a_pause_however_many_ask_and_is_read_again_after_it(
    background: Background, readings: Readings, sandbox: Sandbox, watching: Watching
) -> None:
    watching.is_watched = True
    # One reading, which asks up to three times.
    sandbox.answer_with(500, b"", times=3, path="/calls")
    background.ensure_fresh(wait=10)
    assert isinstance(background.last_error, ServerError)

    for _ in range(50):
        background.ensure_fresh(wait=10)
        background.request()
    wait_until(lambda: background.last_error is None, deadline=10)

    assert readings.began[1] - readings.ended[0] >= 2.9


def test_a_failing_api_is_left_alone_while_nobody_looks_but_what_was_missed_is_not_forgotten(
    background: Background, readings: Readings, sandbox: Sandbox, watching: Watching
) -> None:
    sandbox.answer_with(500, b"", times=3, path="/calls")
    background.request()
    wait_until(lambda: background.last_error is not None)

    # It asks whether somebody watches each time that it could have read.
    wait_until(lambda: watching.asked_count >= 2, deadline=10)
    assert len(readings.began) == 1
    assert background.is_behind
    watching.is_watched = True

    wait_until(lambda: not background.is_behind)
    assert background.last_error is None


def test_who_signs_in_need_not_wait_for_the_pause_to_end(
    background: Background, sandbox: Sandbox, readings: Readings
) -> None:
    sandbox.answer_with(500, b"", times=3, path="/calls")
    background.ensure_fresh(wait=10)

    background.signed_in()
    background.ensure_fresh(wait=10)

    assert background.last_error is None
    assert readings.began[1] - readings.ended[0] < 2.9


def test_no_page_waits_for_the_next_try_of_an_api_that_has_failed(
    background: Background, sandbox: Sandbox, readings: Readings
) -> None:
    sandbox.answer_with(500, b"", times=3, path="/calls")
    background.ensure_fresh(wait=10)
    sandbox.be_slow(60, path="/calls")
    wait_until(lambda: len(readings.began) == 2, deadline=10)

    background.ensure_fresh(wait=30)

    assert len(readings.ended) == 1
    sandbox.clear_faults()


def test_it_outlives_even_what_nobody_thought_of(
    synchronisation: Synchronisation, watching: Watching, readings: Readings
) -> None:
    readings.fails_with = [ZeroDivisionError()]
    background = Background(synchronisation, watching, LONG)
    background.start()
    background.ensure_fresh(wait=10)
    error = background.last_error

    background.signed_in()
    background.ensure_fresh(wait=10)

    assert isinstance(error, ZeroDivisionError)
    assert background.last_error is None
    assert synchronisation.progress.read_count == 94
    background.stop()


def test_it_outlives_whoever_it_tells_of_a_reading(
    synchronisation: Synchronisation, watching: Watching, readings: Readings
) -> None:
    told: list[int] = []

    def tell() -> None:
        told.append(len(readings.ended))
        raise ZeroDivisionError

    background = Background(synchronisation, watching, LONG, on_read=tell)
    background.start()
    background.request()
    wait_until(lambda: told == [1])
    background.request()

    wait_until(lambda: told == [1, 2])
    background.stop()


def test_it_is_one_thread_however_often_it_is_started(background: Background) -> None:
    before = threads()

    background.start()
    background.start()

    assert threads() == before


def test_it_ends_its_thread_and_can_be_started_again(background: Background, readings: Readings) -> None:
    before = threads()

    background.stop()
    wait_until(lambda: len(threads()) == len(before) - 1)
    background.request()
    assert readings.began == []
    background.start()

    wait_until(lambda: len(readings.ended) == 1)
    assert len(threads()) == len(before)


def test_it_ends_in_the_middle_of_trouble_too(background: Background, sandbox: Sandbox) -> None:
    before = threads()
    sandbox.answer_with(500, b"", times=None, path="/calls")
    background.ensure_fresh(wait=10)

    background.stop()

    wait_until(lambda: len(threads()) == len(before) - 1)


def test_it_ends_at_once_in_the_middle_of_a_reading_and_that_is_no_trouble(
    background: Background, sandbox: Sandbox, readings: Readings, caplog: pytest.LogCaptureFixture
) -> None:
    before = threads()
    sandbox.be_slow(30, path="/calls")
    background.request()
    wait_until(lambda: readings.began)

    background.stop()

    wait_until(lambda: len(threads()) == len(before) - 1)
    assert readings.ended == []
    assert background.last_error is None
    assert [record for record in caplog.records if record.name == "aircall.sync.scheduler"] == []
    sandbox.clear_faults()


def test_what_is_asked_for_while_a_reading_rests_is_not_answered_by_its_rest(
    synchronisation: Synchronisation, watching: Watching, readings: Readings
) -> None:
    readings.fails_with = [ServerError("Trouble."), ServerError("Trouble.")]
    readings.limit = 50
    readings.fails_from = 50
    told: list[bool] = []
    background = Background(
        synchronisation, watching, LONG, on_read=lambda: told.append(background.is_behind)
    )
    background.start()
    background.request()
    wait_until(lambda: background.last_error is not None)
    readings.fails_with.clear()

    background.signed_in()
    wait_until(lambda: len(told) == 2)

    assert told == [True, False]
    background.stop()
