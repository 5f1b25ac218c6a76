"""The thread that keeps the list fresh, against the sandbox: when it reads, when it rests, when it ends."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from aircall.background import Background
from aircall.call_log import CallLog
from aircall.client import ApiClient
from aircall.database import open_database
from aircall.errors import ServerError
from aircall.feed import Feed
from aircall.mirror import Mirror
from aircall.models import CallPage
from aircall.synchronisation import Synchronisation
from tests.support.rest_client import RestClient
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

SHORT = 0.05
# Longer than any test takes.
LONG = 600.0


@dataclass
class Watching:
    """Whether a browser is connected, and how often that was asked."""

    is_watched: bool = False
    asked_count: int = 0

    def __call__(self) -> bool:
        """Whether anybody watches."""
        self.asked_count += 1
        return self.is_watched


@dataclass
class Readings:
    """When each reading of the list began and ended, and what the next ones fail with."""

    began: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    fails_with: list[Exception] = field(default_factory=list)

    def timed(self, api: ApiClient, token: str, offset: int, limit: int) -> CallPage:
        """A page of the list, which holds all of it."""
        self.began.append(time.monotonic())
        try:
            if self.fails_with:
                raise self.fails_with.pop()
            return api.get_calls(token, offset, limit)
        finally:
            self.ended.append(time.monotonic())


@pytest.fixture
def watching() -> Watching:
    return Watching()


@pytest.fixture
def readings() -> Readings:
    return Readings()


@pytest.fixture
def synchronisation(
    sandbox: Sandbox, rest: RestClient, tmp_path: Path, readings: Readings
) -> Iterator[Synchronisation]:
    """Reads the sandbox's list."""
    rest.login()
    api, log = ApiClient(sandbox.url), CallLog(open_database(f"sqlite:///{tmp_path / 'calls.db'}"))
    yield Synchronisation(Mirror(log, Feed()), partial(readings.timed, api, rest.access_token))
    api.close()
    log.close()


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "synchronisation"}


@pytest.fixture
def background(synchronisation: Synchronisation, watching: Watching) -> Iterator[Background]:
    """At work, with a short interval."""
    before = threads()
    background = Background(synchronisation, watching, SHORT)
    background.start()
    yield background
    background.stop()
    wait_until(lambda: threads() <= before, what="the end of the thread")


def test_the_list_is_read_again_and_again_while_a_browser_is_connected(
    background: Background, watching: Watching, readings: Readings
) -> None:
    assert background.last_error is None
    watching.is_watched = True

    wait_until(lambda: len(readings.ended) >= 3)


def test_nothing_is_read_while_nobody_looks(
    background: Background, watching: Watching, readings: Readings
) -> None:
    background.request()
    wait_until(lambda: len(readings.ended) == 1)
    asked_count = watching.asked_count

    # Every time it asks whether somebody watches is a time when it could have read.
    wait_until(lambda: watching.asked_count >= asked_count + 2)

    assert len(readings.began) == 1


def test_who_opened_a_page_counts_as_looking_for_a_while(background: Background, readings: Readings) -> None:
    background.ensure_fresh(wait=5)

    wait_until(lambda: len(readings.ended) >= 3)


def test_a_page_waits_for_the_first_reading(background: Background, synchronisation: Synchronisation) -> None:
    background.ensure_fresh(wait=10)

    assert synchronisation.progress.read_count == 94


def test_a_page_does_not_wait_for_a_list_that_is_fresh(
    synchronisation: Synchronisation, watching: Watching, readings: Readings, sandbox: Sandbox
) -> None:
    background = Background(synchronisation, watching, LONG)
    background.start()
    background.ensure_fresh(wait=10)
    sandbox.be_slow(30, path="/calls")
    before = time.monotonic()

    background.ensure_fresh(wait=10)

    assert time.monotonic() < before + 5
    assert len(readings.began) == 1
    background.stop()


def test_a_page_does_not_wait_for_a_slow_reading_longer_than_it_may(
    background: Background, readings: Readings, sandbox: Sandbox
) -> None:
    sandbox.be_slow(30, path="/calls")
    before = time.monotonic()

    background.ensure_fresh(wait=0.1)

    assert 0.1 <= time.monotonic() - before < 5
    assert readings.ended == []
    sandbox.clear_faults()


def test_a_page_does_not_wait_for_a_reading_that_has_failed(background: Background, sandbox: Sandbox) -> None:
    sandbox.answer_with(500, b"", times=None, path="/calls")
    before = time.monotonic()

    background.ensure_fresh(wait=30)

    assert time.monotonic() - before < 10
    assert isinstance(background.last_error, ServerError)


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


def test_who_signs_in_need_not_wait_for_the_pause_to_end(
    background: Background, sandbox: Sandbox, readings: Readings
) -> None:
    sandbox.answer_with(500, b"", times=3, path="/calls")
    background.ensure_fresh(wait=10)

    background.signed_in()
    background.ensure_fresh(wait=10)

    assert background.last_error is None
    assert readings.began[1] - readings.ended[0] < 2.9


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


@pytest.mark.usefixtures("background")
def test_a_long_list_is_read_less_often(readings: Readings, watching: Watching, sandbox: Sandbox) -> None:
    sandbox.be_slow(0.1, path="/calls")
    watching.is_watched = True

    wait_until(lambda: len(readings.began) >= 2)

    took = readings.ended[0] - readings.began[0]
    assert readings.began[1] - readings.began[0] >= 9 * took


def test_what_is_asked_for_during_a_reading_is_read_after_it(
    background: Background, readings: Readings, sandbox: Sandbox
) -> None:
    sandbox.be_slow(0.2, times=1, path="/calls")
    background.request()
    wait_until(lambda: len(readings.began) == 1)

    background.request()

    wait_until(lambda: len(readings.ended) == 2)
    assert readings.began[1] >= readings.ended[0]


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
