"""Bulkhead, circuit breaker, retry policy and retry budget."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from aircall import errors
from aircall.api.resilience import (
    FAILURE_LIMIT,
    PAUSE,
    Backpressure,
    Bulkhead,
    CircuitBreaker,
    RetryBudget,
    retry_pause,
    with_retries,
)
from aircall.errors import AircallError, NoResponseError, RateLimitedError, ServerError, UnreachableError
from tests.support.clock import StillClock
from tests.support.log_lines import told, written

LOST = NoResponseError("lost")
TRANSIENT = [LOST, ServerError("500"), UnreachableError("refused")]
FAILURES = [*TRANSIENT, ServerError("503, come back", retry_after=1)]
FINAL: list[AircallError] = [
    errors.InvalidRequestError(["no"]),
    errors.UnauthorizedError("no"),
    errors.ForbiddenError("no"),
    errors.NotFoundError("no"),
    errors.RejectedError("no"),
    errors.MalformedResponseError("no"),
]
TOLD_WHEN = [RateLimitedError("later", retry_after=3), ServerError("later", retry_after=0)]
TOO_LATE = [
    RateLimitedError("no"),
    RateLimitedError("no", retry_after=3.1),
    ServerError("no", retry_after=60),
]


def name(error: AircallError | None) -> str:
    return f"{type(error).__name__} {error.retry_after}" if error else "fine"


class Api:
    """An API behind a bulkhead."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.request_count = 0
        self._bulkhead = Bulkhead("test", 3, self.clock)

    def ask(self, outcome: AircallError | None) -> str:
        """Return the error's name or "fine". The outcome of what is sent is None for a success."""

        def answer(_left: float) -> str:
            self.request_count += 1
            if outcome is not None:
                raise outcome
            return "fine"

        try:
            return self._bulkhead.run(answer, 1.0)
        except AircallError as error:
            return type(error).__name__


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def dead_api(api: Api) -> Api:
    """An API whose circuit is open."""
    for _ in range(FAILURE_LIMIT):
        api.ask(LOST)
    return api


@pytest.mark.parametrize("error", FAILURES, ids=name)
def test_after_five_failures_in_a_row_nothing_is_sent(api: Api, error: AircallError) -> None:
    outcomes = [api.ask(error) for _ in range(7)]

    assert outcomes == [type(error).__name__] * 5 + ["CircuitOpenError"] * 2
    assert api.request_count == 5


@pytest.mark.parametrize("answer", [None, *FINAL, TOLD_WHEN[0]], ids=name)
def test_an_answer_is_no_failure_and_ends_a_row_of_them(api: Api, answer: AircallError | None) -> None:
    outcomes = 3 * ([LOST] * (FAILURE_LIMIT - 1) + [answer] * 2 * FAILURE_LIMIT)

    for outcome in outcomes:
        api.ask(outcome)

    assert api.request_count == len(outcomes)


def test_an_open_circuit_lets_one_request_per_pause_probe(dead_api: Api) -> None:
    sent_at = []
    began_at = dead_api.clock.now

    for second in range(35):
        dead_api.clock.now = began_at + second
        before = dead_api.request_count
        outcomes = {dead_api.ask(LOST) for _ in range(3)}
        sent_at += [second] * (dead_api.request_count - before)
        assert "CircuitOpenError" in outcomes

    assert sent_at == [10, 20, 30]


def test_a_probe_that_succeeds_lets_all_pass_again(dead_api: Api) -> None:
    dead_api.clock.now += PAUSE

    assert [dead_api.ask(None) for _ in range(3)] == ["fine"] * 3
    assert [dead_api.ask(LOST) for _ in range(6)] == ["NoResponseError"] * 5 + ["CircuitOpenError"]


def test_an_open_circuit_tells_when_to_retry_and_neither_late_failures_nor_lost_probes_delay_that() -> None:
    clock = StillClock()
    breaker = CircuitBreaker("test", clock)
    for _ in range(FAILURE_LIMIT):
        breaker.record(LOST)
    clock.now += 4

    breaker.record(LOST)
    with pytest.raises(errors.CircuitOpenError) as caught:
        breaker.admit()
    assert caught.value.retry_after == PAUSE - 4
    assert not caught.value.is_executed_possible

    clock.now += PAUSE - 4
    # The outcome of this probe is never recorded.
    breaker.admit()
    with pytest.raises(errors.CircuitOpenError):
        breaker.admit()
    clock.now += PAUSE
    breaker.admit()


def test_opening_and_closing_the_circuit_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    breaker = CircuitBreaker("call", StillClock())

    for error in [*[LOST] * 7, None, None]:
        breaker.record(error)

    assert told(caplog.records, "requests") == [("circuit open", "call"), ("circuit closed", "call")]


def test_a_bug_in_the_request_is_no_failure_of_the_api_and_frees_its_slot() -> None:
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


def test_a_full_bulkhead_refuses_and_that_is_no_failure_of_the_api() -> None:
    bulkhead = Bulkhead("test", 1)
    is_in, may_go = threading.Event(), threading.Event()

    def hold(_left: float) -> bool:
        is_in.set()
        return may_go.wait(10)

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(bulkhead.run, hold, 20.0)
        assert is_in.wait(10)
        for _ in range(2 * FAILURE_LIMIT):
            with pytest.raises(errors.PoolExhaustedError) as caught:
                bulkhead.run(lambda _: "fine", 0.01)
        may_go.set()
        assert holder.result(10)

    assert not caught.value.is_executed_possible
    # What is left of the deadline is the request's.
    assert 0 < bulkhead.run(lambda left: left, 60.0) <= 60


@pytest.mark.parametrize("error", TRANSIENT, ids=name)
def test_reading_is_tried_twice_more_after_random_pauses(error: AircallError) -> None:
    for retries, longest in enumerate((0.2, 0.4)):
        pauses = {retry_pause(error, is_change=False, retries=retries) for _ in range(100)}
        assert all(pause is not None and 0 <= pause <= longest for pause in pauses)
        assert len(pauses) > 50

    assert retry_pause(error, is_change=False, retries=2) is None


@pytest.mark.parametrize("error", TOLD_WHEN, ids=name)
def test_reading_is_retried_after_the_time_that_the_api_gave(error: AircallError) -> None:
    assert retry_pause(error, is_change=False, retries=0) == error.retry_after
    assert retry_pause(error, is_change=False, retries=2) is None


@pytest.mark.parametrize("error", [*FINAL, *TOO_LATE], ids=name)
def test_reading_is_not_retried_after_a_final_error(error: AircallError) -> None:
    assert retry_pause(error, is_change=False, retries=0) is None


@pytest.mark.parametrize("error", [*FINAL, *TOO_LATE, *TOLD_WHEN, *TRANSIENT[:2]], ids=name)
def test_a_change_that_may_have_been_sent_is_never_retried(error: AircallError) -> None:
    assert retry_pause(error, is_change=True, retries=0) is None


def test_a_change_that_was_not_sent_is_retried_once() -> None:
    error = UnreachableError("refused")

    assert retry_pause(error, is_change=True, retries=0) is not None
    assert retry_pause(error, is_change=True, retries=1) is None


def test_ten_retries_are_there_at_first_and_requests_earn_them_again_up_to_the_capacity() -> None:
    budget = RetryBudget()

    # Each request earns a tenth.
    for requests, retries in [(0, 10), (9, 0), (2, 1), (1000, 10)]:
        for _ in range(requests):
            budget.earn()
        assert [budget.spend() for _ in range(retries + 1)] == [True] * retries + [False]


class Hanging:
    """An API that uses all the time it is given and does not answer."""

    def __init__(self) -> None:
        self.given: list[float] = []

    def __call__(self, seconds: float) -> str:
        self.given.append(seconds)
        threading.Event().wait(seconds)
        raise LOST


def test_one_attempt_takes_a_part_of_the_deadline_and_the_next_the_rest() -> None:
    hanging = Hanging()

    with pytest.raises(NoResponseError):
        with_retries(hanging, is_change=False, deadline=1.6, budget=RetryBudget())

    assert hanging.given[0] == 1.0
    assert all(seconds <= 0.6 for seconds in hanging.given[1:])
    assert sum(hanging.given) <= 1.6


def test_an_attempt_without_time_left_gets_a_millisecond() -> None:
    given: list[float] = []

    with_retries(given.append, is_change=True, deadline=0, budget=RetryBudget())

    assert 0 < given[0] <= 0.001


def test_a_change_that_hangs_is_not_retried() -> None:
    hanging = Hanging()

    with pytest.raises(NoResponseError):
        with_retries(hanging, is_change=True, deadline=0.2, budget=RetryBudget())

    assert len(hanging.given) == 1


def test_a_retry_is_logged_by_the_name_of_its_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outcomes = iter([NoResponseError("secret"), None])

    def attempt(_seconds: float) -> str:
        if (error := next(outcomes)) is not None:
            raise error
        return "fine"

    assert with_retries(attempt, is_change=False, deadline=9, budget=RetryBudget()) == "fine"

    ((event, error, seconds),) = told(caplog.records, "error", "in_seconds")
    assert (event, error) == ("trying again", "NoResponseError")
    assert 0 <= seconds <= 0.2
    assert "secret" not in written(caplog.records[0])


def test_a_refusal_that_asks_for_no_pause_is_followed_by_one() -> None:
    backpressure = Backpressure(5.0)

    assert backpressure.refused(RateLimitedError("Too many.", retry_after=0.0))

    assert backpressure.pause_left > 0
