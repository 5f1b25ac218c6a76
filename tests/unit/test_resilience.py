"""Bulkhead, circuit breaker, retry policy and retry budget."""

import itertools
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from aircall.api.resilience import (
    FAILURE_LIMIT,
    PAUSE,
    Bulkhead,
    CircuitBreaker,
    RetryBudget,
    retry_pause,
    with_retries,
)
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
from tests.support.log_lines import told, written

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
FINAL = [
    InvalidRequestError(["no"]),
    UnauthorizedError("no"),
    ForbiddenError("no"),
    NotFoundError("no"),
    RejectedError("no"),
    MalformedResponseError("no"),
    RateLimitedError("no"),
    RateLimitedError("no", retry_after=3.1),
    ServerError("no", retry_after=60),
]
TRANSIENT = [NoResponseError("lost"), ServerError("500"), UnreachableError("refused")]
TOLD_WHEN = [RateLimitedError("later", retry_after=3), ServerError("later", retry_after=0)]


def name(error: AircallError | None) -> str:
    return f"{type(error).__name__} {error.retry_after}" if error else "fine"


class Api:
    """An API behind a bulkhead; `error` is its outcome, None for a success."""

    def __init__(self, slots: int = 3) -> None:
        self.clock = StillClock()
        self.error: AircallError | None = None
        self.request_count = 0
        self._bulkhead = Bulkhead("test", slots, self.clock)

    def ask(self) -> str:
        """Return the error's name or "fine"."""
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
    """An API whose circuit is open."""
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
def test_refusals_do_not_open_the_circuit(api: Api, error: AircallError | None) -> None:
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


def test_an_open_circuit_lets_one_request_per_pause_probe(dead_api: Api) -> None:
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


def test_an_open_circuit_tells_when_to_retry_and_that_nothing_was_sent() -> None:
    clock = StillClock()
    breaker = CircuitBreaker("test", clock)
    for _ in range(FAILURE_LIMIT):
        breaker.record(NoResponseError("lost"))
    clock.now += 4

    with pytest.raises(CircuitOpenError) as caught:
        breaker.admit()

    assert caught.value.retry_after == PAUSE - 4
    assert not caught.value.is_executed_possible


def test_a_probe_without_a_recorded_outcome_delays_the_next_one_by_one_pause() -> None:
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


def test_a_late_failure_does_not_delay_the_probe() -> None:
    clock = StillClock()
    breaker = CircuitBreaker("test", clock)
    for _ in range(FAILURE_LIMIT):
        breaker.record(NoResponseError("lost"))

    clock.now += PAUSE / 2
    breaker.record(NoResponseError("lost"))
    clock.now += PAUSE / 2

    breaker.admit()


def test_opening_and_closing_the_circuit_are_logged(dead_api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    breaker = CircuitBreaker("call", dead_api.clock)

    for error in [*itertools.repeat(NoResponseError("lost"), 7), None, None]:
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
            with pytest.raises(PoolExhaustedError) as caught:
                bulkhead.run(lambda _: "fine", 0.01)
        may_go.set()
        assert holder.result(10)

    assert not caught.value.is_executed_possible
    assert bulkhead.run(lambda _: "fine", 1.0) == "fine"


def test_a_request_gets_the_rest_of_its_deadline() -> None:
    assert 0 < Bulkhead("test", 1).run(lambda left: left, 60.0) <= 60


@pytest.mark.parametrize("error", TRANSIENT, ids=name)
def test_reading_is_tried_twice_more_after_random_pauses(error: AircallError) -> None:
    first = [retry_pause(error, is_change=False, retries=0) for _ in range(100)]
    second = [retry_pause(error, is_change=False, retries=1) for _ in range(100)]

    assert all(pause is not None and 0 <= pause <= 0.2 for pause in first)
    assert all(pause is not None and 0 <= pause <= 0.4 for pause in second)
    assert len(set(first)) > 50
    assert len(set(second)) > 50
    assert retry_pause(error, is_change=False, retries=2) is None


@pytest.mark.parametrize("error", TOLD_WHEN, ids=name)
def test_reading_is_retried_after_the_time_that_the_api_gave(error: AircallError) -> None:
    assert retry_pause(error, is_change=False, retries=0) == error.retry_after
    assert retry_pause(error, is_change=False, retries=2) is None


@pytest.mark.parametrize("error", FINAL, ids=name)
def test_reading_is_not_retried_after_a_final_error(error: AircallError) -> None:
    assert retry_pause(error, is_change=False, retries=0) is None


@pytest.mark.parametrize("error", [*FINAL, *TOLD_WHEN, NoResponseError("lost"), ServerError("500")], ids=name)
def test_a_change_that_may_have_been_sent_is_never_retried(error: AircallError) -> None:
    assert retry_pause(error, is_change=True, retries=0) is None


def test_a_change_that_was_not_sent_is_retried_once() -> None:
    error = UnreachableError("refused")

    assert retry_pause(error, is_change=True, retries=0) is not None
    assert retry_pause(error, is_change=True, retries=1) is None


def test_retries_end_when_the_budget_is_spent() -> None:
    budget = RetryBudget(capacity=3)

    assert [budget.spend() for _ in range(5)] == [True, True, True, False, False]


def test_requests_earn_retries_again() -> None:
    budget = RetryBudget(capacity=1, per_request=0.5)
    budget.spend()

    budget.earn()
    after_one = budget.spend()
    budget.earn()
    after_two = budget.spend()

    assert (after_one, after_two) == (False, True)


def test_a_budget_holds_no_more_than_its_capacity() -> None:
    budget = RetryBudget(capacity=2, per_request=1)

    for _ in range(100):
        budget.earn()

    assert [budget.spend() for _ in range(3)] == [True, True, False]


def test_ten_retries_are_there_at_first() -> None:
    budget = RetryBudget()

    assert [budget.spend() for _ in range(11)] == [True] * 10 + [False]


class Hanging:
    """An API that uses all the time it is given and does not answer."""

    def __init__(self) -> None:
        self.given: list[float] = []

    def __call__(self, seconds: float) -> str:
        self.given.append(seconds)
        threading.Event().wait(seconds)
        raise NoResponseError("lost")


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
