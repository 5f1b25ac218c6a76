"""One kind of request in trouble: what is still sent, and that nobody queues up. No socket."""

import itertools
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from aircall.api.resilience import FAILURE_LIMIT, PAUSE, Bulkhead, CircuitBreaker
from aircall.errors import (
    AircallError,
    CircuitOpenError,
    ForbiddenError,
    InvalidRequestError,
    MalformedResponseError,
    NoResponseError,
    NotFoundError,
    PoolExhaustedError,
    RateLimitedError,
    RejectedError,
    ServerError,
    UnauthorizedError,
    UnreachableError,
)
from tests.support.clock import StillClock
from tests.support.log_lines import told

FAILURES = [
    UnreachableError("refused"),
    NoResponseError("lost"),
    ServerError("500"),
    ServerError("503, come back", retry_after=1),
]
ANSWERS = [
    None,
    InvalidRequestError(["no"]),
    UnauthorizedError("no"),
    ForbiddenError("no"),
    NotFoundError("no"),
    RateLimitedError("no", retry_after=1),
    RejectedError("no"),
    MalformedResponseError("no"),
]


def name(error: AircallError | None) -> str:
    return type(error).__name__


class Api:
    """An API behind a bulkhead; `error` is what it answers with, None for a success."""

    def __init__(self, slots: int = 3) -> None:
        self.clock = StillClock()
        self.error: AircallError | None = None
        self.request_count = 0
        self._bulkhead = Bulkhead("test", slots, self.clock)

    def ask(self) -> str:
        """What a request comes to: the error's name or "fine"."""
        try:
            return self._bulkhead.run(self._answer, 1.0)
        except AircallError as error:
            return type(error).__name__

    def _answer(self, _left: float) -> str:
        self.request_count += 1
        if self.error is not None:
            raise self.error
        return "fine"


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def dead_api(api: Api) -> Api:
    """One that has failed as often as it takes."""
    api.error = NoResponseError("lost")
    for _ in range(FAILURE_LIMIT):
        api.ask()
    return api


@pytest.mark.parametrize("error", FAILURES, ids=name)
def test_after_five_failures_in_a_row_nothing_is_sent(api: Api, error: AircallError) -> None:
    api.error = error

    outcomes = [api.ask() for _ in range(7)]

    assert outcomes == [type(error).__name__] * 5 + ["CircuitOpenError"] * 2
    assert api.request_count == 5


@pytest.mark.parametrize("error", ANSWERS, ids=name)
def test_an_api_that_answers_is_asked_however_often_it_refuses(api: Api, error: AircallError | None) -> None:
    api.error = error

    for _ in range(20):
        api.ask()

    assert api.request_count == 20


@pytest.mark.parametrize("error", ANSWERS, ids=name)
def test_failures_count_only_in_a_row(api: Api, error: AircallError | None) -> None:
    for _ in range(3):
        api.error = NoResponseError("lost")
        for _ in range(FAILURE_LIMIT - 1):
            api.ask()
        api.error = error
        api.ask()

    assert api.request_count == 3 * FAILURE_LIMIT


def test_while_it_is_open_one_request_a_pause_probes(dead_api: Api) -> None:
    sent_at = []
    began_at = dead_api.clock.now

    for second in range(35):
        dead_api.clock.now = began_at + second
        before = dead_api.request_count
        outcomes = {dead_api.ask() for _ in range(3)}
        sent_at += [second] * (dead_api.request_count - before)
        assert "CircuitOpenError" in outcomes

    assert sent_at == [10, 20, 30]


def test_a_probe_that_succeeds_lets_all_pass_again(dead_api: Api) -> None:
    dead_api.error = None
    dead_api.clock.now += PAUSE

    assert [dead_api.ask() for _ in range(3)] == ["fine"] * 3

    dead_api.error = NoResponseError("lost")
    assert [dead_api.ask() for _ in range(6)] == ["NoResponseError"] * 5 + ["CircuitOpenError"]


def test_it_says_when_to_come_back_and_that_nothing_was_sent() -> None:
    clock = StillClock()
    breaker = CircuitBreaker("test", clock)
    for _ in range(FAILURE_LIMIT):
        breaker.record(NoResponseError("lost"))
    clock.now += 4

    with pytest.raises(CircuitOpenError) as caught:
        breaker.admit()

    assert caught.value.retry_after == PAUSE - 4
    assert not caught.value.is_executed_possible


def test_a_probe_whose_end_is_never_told_keeps_the_next_one_away_for_a_pause_only() -> None:
    clock = StillClock()
    breaker = CircuitBreaker("test", clock)
    for _ in range(FAILURE_LIMIT):
        breaker.record(NoResponseError("lost"))

    clock.now += PAUSE
    breaker.admit()
    with pytest.raises(CircuitOpenError):
        breaker.admit()
    clock.now += PAUSE

    breaker.admit()


def test_what_fails_late_does_not_put_the_probe_off() -> None:
    clock = StillClock()
    breaker = CircuitBreaker("test", clock)
    for _ in range(FAILURE_LIMIT):
        breaker.record(NoResponseError("lost"))

    clock.now += PAUSE / 2
    breaker.record(NoResponseError("lost"))
    clock.now += PAUSE / 2

    breaker.admit()


def test_it_is_logged_when_it_opens_and_when_it_closes(
    dead_api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    breaker = CircuitBreaker("call", dead_api.clock)

    for error in [*itertools.repeat(NoResponseError("lost"), 7), None, None]:
        breaker.record(error)

    assert told(caplog.records, "requests") == [("circuit open", "call"), ("circuit closed", "call")]


def test_a_bug_of_ours_says_nothing_of_the_api_and_frees_its_slot() -> None:
    bulkhead = Bulkhead("test", 1)

    for _ in range(2 * FAILURE_LIMIT):
        with pytest.raises(ZeroDivisionError):
            bulkhead.run(lambda _: 1 / 0, 1.0)

    assert bulkhead.run(lambda _: "fine", 1.0) == "fine"


def test_requests_run_side_by_side_as_many_as_there_are_slots() -> None:
    slots = 5
    bulkhead = Bulkhead("test", slots)
    # It breaks unless all of them are inside at once.
    all_in = threading.Barrier(slots)

    with ThreadPoolExecutor(slots) as pool:
        asked = [pool.submit(bulkhead.run, lambda _: all_in.wait(10), 20.0) for _ in range(slots)]

        assert sorted(request.result() for request in asked) == list(range(slots))


def test_who_finds_no_slot_is_told_so_and_that_says_nothing_of_the_api() -> None:
    bulkhead = Bulkhead("test", 1)
    is_in, may_go = threading.Event(), threading.Event()

    def hold(_left: float) -> bool:
        is_in.set()
        return may_go.wait(10)

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(bulkhead.run, hold, 20.0)
        assert is_in.wait(10)
        for _ in range(2 * FAILURE_LIMIT):
            with pytest.raises(PoolExhaustedError) as caught:
                bulkhead.run(lambda _: "fine", 0.01)
        may_go.set()
        assert holder.result(10)

    assert not caught.value.is_executed_possible
    assert bulkhead.run(lambda _: "fine", 1.0) == "fine"


def test_a_request_gets_what_is_left_of_its_deadline() -> None:
    assert 0 < Bulkhead("test", 1).run(lambda left: left, 60.0) <= 60
