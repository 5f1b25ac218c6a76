"""Errors by status, and whether the request may have been executed."""

import pytest

from aircall import errors
from aircall.changes.errors import UnconfirmedError
from aircall.errors import AircallError, error_for

NOT_EXECUTED = [
    *(error_for(status, []) for status in (400, 401, 403, 404, 409, 429)),
    error_for(503, [], 0),
    errors.UnreachableError(""),
]
MAYBE_EXECUTED = [
    error_for(500, [], 1),
    error_for(503, []),
    errors.NoResponseError(""),
    errors.MalformedResponseError(""),
    UnconfirmedError("", last_seen=None),
]


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        (errors.InvalidRequestError, [400]),
        (errors.UnauthorizedError, [401]),
        (errors.ForbiddenError, [403]),
        (errors.NotFoundError, [404]),
        (errors.RateLimitedError, [429]),
        (errors.RejectedError, [301, 302, 409, 418]),
        (errors.ServerError, [500, 502, 503, 504, 599]),
    ],
)
def test_each_status_has_its_error(kind: type[AircallError], statuses: list[int]) -> None:
    assert {type(error_for(status, [])) for status in statuses} == {kind}


@pytest.mark.parametrize("status", [302, 401, 404, 429, 500])
def test_an_error_says_what_the_api_said_or_else_the_status(status: int) -> None:
    assert str(error_for(status, ["The call does not exist!", "Sorry"])) == "The call does not exist!; Sorry"
    assert str(error_for(status, [])) == f"The API answered {status}."


def test_an_invalid_request_keeps_its_messages_apart_and_always_has_one() -> None:
    error, silent = error_for(400, ["content is empty", "content is no text"]), error_for(400, [])

    assert isinstance(error, errors.InvalidRequestError)
    assert error.messages == ("content is empty", "content is no text")
    assert str(error) == "content is empty; content is no text"
    assert isinstance(silent, errors.InvalidRequestError)
    assert silent.messages == (str(silent),) == ("The request is not valid.",)


def test_retry_after_is_kept_for_429_and_503_only() -> None:
    kept = {status: error_for(status, [], 2.5).retry_after for status in (404, 429, 500, 502, 503)}

    assert kept == {404: None, 429: 2.5, 500: None, 502: None, 503: 2.5}


def test_an_error_says_whether_the_request_may_have_been_executed() -> None:
    assert [error for error in NOT_EXECUTED if error.is_executed_possible] == []
    assert [error for error in MAYBE_EXECUTED if not error.is_executed_possible] == []
