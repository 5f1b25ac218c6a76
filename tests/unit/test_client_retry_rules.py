"""What may be tried again, and how often in all. No socket."""

import logging
from datetime import UTC, datetime
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.api.resilience import RetryBudget, retry_pause, with_retries
from aircall.api.responses import retry_after
from aircall.errors import (
    AircallError,
    ForbiddenError,
    InvalidRequestError,
    MalformedResponseError,
    NoResponseError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    ServerError,
    UnauthorizedError,
    UnreachableError,
)
from tests.support.log_lines import told, written

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
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


def name(error: AircallError) -> str:
    return f"{type(error).__name__} {error.retry_after}"


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
def test_reading_comes_back_when_it_was_told_to(error: AircallError) -> None:
    assert retry_pause(error, is_change=False, retries=0) == error.retry_after
    assert retry_pause(error, is_change=False, retries=2) is None


@pytest.mark.parametrize("error", FINAL, ids=name)
def test_reading_is_not_tried_again_where_that_cannot_help(error: AircallError) -> None:
    assert retry_pause(error, is_change=False, retries=0) is None


@pytest.mark.parametrize("error", [*FINAL, *TOLD_WHEN, NoResponseError("lost"), ServerError("500")], ids=name)
def test_a_change_that_may_have_been_sent_is_never_tried_again(error: AircallError) -> None:
    assert retry_pause(error, is_change=True, retries=0) is None


def test_a_change_that_was_not_sent_is_tried_once_more() -> None:
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
    """An API that takes all the time that it is given, and then has not answered."""

    def __init__(self) -> None:
        self.given: list[float] = []

    def __call__(self, seconds: float) -> str:
        """No answer."""
        self.given.append(seconds)
        Event().wait(seconds)
        raise NoResponseError("lost")


def test_one_try_takes_a_part_of_the_deadline_and_the_next_what_is_left() -> None:
    hanging = Hanging()

    with pytest.raises(NoResponseError):
        with_retries(hanging, is_change=False, deadline=1.6, budget=RetryBudget())

    assert hanging.given[0] == 1.0
    assert all(seconds <= 0.6 for seconds in hanging.given[1:])
    assert sum(hanging.given) <= 1.6


def test_a_try_that_has_no_time_left_gets_a_moment_as_none_would_be_no_limit() -> None:
    given: list[float] = []

    with_retries(given.append, is_change=True, deadline=0, budget=RetryBudget())

    assert 0 < given[0] <= 0.001


def test_a_change_that_hangs_is_not_tried_again() -> None:
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


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        (" 120 ", 120),
        ("1.5", None),
        ("-1", None),
        ("1, 2", None),
        ("9" * 400, None),
        ("Mon, 23 Nov 2026 12:00:03 GMT", 3),
        ("Mon, 23 Nov 2026 12:00:03 -0000", 3),
        ("Mon, 23 Nov 2026 14:00:03 +0200", 3),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("Mon, 23 Nov 99999 11:00:00 GMT", None),
        ("soon", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text())
def test_any_retry_after_is_readable_or_unknown(header: str) -> None:
    seconds = retry_after(header, NOW)

    assert seconds is None or seconds >= 0
