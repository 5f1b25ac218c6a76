"""Errors by status, and whether the request may have been executed."""

import pytest

from aircall import errors
from aircall.changes.errors import ConflictError, UnconfirmedError
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
    error_for,
)
from tests.support.made_calls import made_call


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, RejectedError),
        (302, RejectedError),
        (400, InvalidRequestError),
        (401, UnauthorizedError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (409, RejectedError),
        (418, RejectedError),
        (429, RateLimitedError),
        (500, ServerError),
        (502, ServerError),
        (503, ServerError),
        (504, ServerError),
        (599, ServerError),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[AircallError]) -> None:
    assert type(error_for(status, [])) is kind


@pytest.mark.parametrize("status", [302, 401, 404, 429, 500])
def test_the_messages_of_the_api_are_the_text_of_the_error(status: int) -> None:
    assert str(error_for(status, ["The call does not exist!", "Sorry"])) == "The call does not exist!; Sorry"


@pytest.mark.parametrize("status", [302, 401, 404, 429, 500])
def test_an_error_without_a_message_names_the_status(status: int) -> None:
    assert str(error_for(status, [])) == f"The API answered {status}."


def test_an_invalid_request_keeps_its_messages_apart() -> None:
    error = error_for(400, ["content should not be empty", "content must be a string"])

    assert isinstance(error, InvalidRequestError)
    assert error.messages == ("content should not be empty", "content must be a string")
    assert str(error) == "content should not be empty; content must be a string"


def test_an_invalid_request_always_has_a_message() -> None:
    error = error_for(400, [])

    assert isinstance(error, InvalidRequestError)
    assert error.messages == (str(error),) == ("The request is not valid.",)


@pytest.mark.parametrize(("status", "kept"), [(429, 2.5), (503, 2.5), (500, None), (502, None), (404, None)])
def test_retry_after_is_kept_for_429_and_503_only(status: int, kept: float | None) -> None:
    assert error_for(status, [], 2.5).retry_after == kept


@pytest.mark.parametrize(
    ("error", "is_possible"),
    [
        (error_for(400, []), False),
        (error_for(401, []), False),
        (error_for(403, []), False),
        (error_for(404, []), False),
        (error_for(409, []), False),
        (error_for(429, []), False),
        (error_for(500, [], 1), True),
        (error_for(503, []), True),
        (error_for(503, [], 0), False),
        (UnreachableError(""), False),
        (NoResponseError(""), True),
        (MalformedResponseError(""), True),
        (UnconfirmedError("", last_seen=None), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_says_whether_the_request_may_have_been_executed(
    error: AircallError, is_possible: bool
) -> None:
    assert error.is_executed_possible is is_possible


def test_an_error_carries_the_call_that_was_last_seen() -> None:
    call = made_call()

    for error in (ConflictError("Said", last_seen=call), UnconfirmedError("Said", last_seen=call)):
        assert error.last_seen is call
        assert str(error) == "Said"


def test_the_tree_in_the_docstring_names_every_error() -> None:
    defined = {name for name in vars(errors) if name.endswith("Error")} - {"AircallError"}

    drawn = {line.split()[1] for line in (errors.__doc__ or "").splitlines() if line.startswith(("├", "└"))}
    assert drawn == defined
