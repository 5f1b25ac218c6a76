"""Which error the API's refusals become, and what is kept of their messages. No socket, no clock."""

import json

import pytest

from aircall.api.responses import check
from aircall.api.transport import Response
from aircall.errors import (
    AircallError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    UnauthorizedError,
)


def answer(status: int, body: bytes = b"") -> Response:
    return Response(status=status, headers={"Retry-After": "2"}, body=body)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_success_is_no_error(status: int) -> None:
    check(answer(status), "")


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (401, b'{"statusCode":401,"message":"Unauthorized"}', UnauthorizedError, "Unauthorized"),
        (404, b'{"message":"The call does not exist!"}', NotFoundError, "The call does not exist!"),
        (400, b'{"message":["content is empty","content is no text"]}', InvalidRequestError, None),
        (502, b"<html>Bad Gateway</html>", ServerError, "The API answered 502."),
        (500, b'{"message":{"a":1}}', ServerError, "The API answered 500."),
        (500, b"[]", ServerError, "The API answered 500."),
        (500, b'{"message":" \\n"}', ServerError, "The API answered 500."),
        (500, b'{"message":"nul \\u0000 \\ud800"}', ServerError, "nul \ufffd \ufffd"),
    ],
)
def test_a_failure_is_its_status_error(
    status: int, body: bytes, kind: type[AircallError], text: str | None
) -> None:
    with pytest.raises(AircallError) as caught:
        check(answer(status, body), "")

    assert type(caught.value) is kind
    assert str(caught.value) == (text or "content is empty; content is no text")


def test_messages_are_limited_in_number_and_length() -> None:
    body = json.dumps({"message": ["x" * 10_000] * 1000}).encode()

    with pytest.raises(InvalidRequestError) as caught:
        check(answer(400, body), "")

    assert [len(text) for text in caught.value.messages] == [300] * 10


def test_a_message_that_repeats_the_requests_secret_is_left_out() -> None:
    body = b'{"message":["bad token eyJ.secret","try again"]}'

    with pytest.raises(InvalidRequestError) as caught:
        check(answer(400, body), "eyJ.secret")

    assert caught.value.messages == ("try again",)


def test_no_part_of_a_long_secret_is_left_where_a_message_is_cut() -> None:
    secret = "long password " * 30
    body = json.dumps({"message": [f"Refused: {secret}", "try again"]}).encode()

    with pytest.raises(InvalidRequestError) as caught:
        check(answer(400, body), secret)

    assert caught.value.messages == ("try again",)


def test_an_error_says_when_to_come_back() -> None:
    with pytest.raises(RateLimitedError) as caught:
        check(answer(429), "")

    assert caught.value.retry_after == 2
