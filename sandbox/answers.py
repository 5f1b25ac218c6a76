"""Answers in the API's form, errors too. Knows no call and no request."""

import json
from http import HTTPStatus

from flask import Response

from sandbox.faults import CannedAnswer

JSON = "application/json; charset=utf-8"


class ApiError(Exception):
    """An answer of the API that is not a success; a list of messages is what validation sends."""

    def __init__(self, status: HTTPStatus, message: str | list[str], error: str | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.message = message
        self.error = error


def json_answer(data: object, status: int = HTTPStatus.OK) -> Response:
    """The data as JSON."""
    return Response(json.dumps(data, separators=(",", ":")), status, content_type=JSON)


def error_body(status: int, message: str | list[str], error: str | None = None) -> dict[str, object]:
    """An error as the API writes it; `error` is left out where it is None."""
    body: dict[str, object] = {"statusCode": status, "message": message}
    return body if error is None else {**body, "error": error}


def plain_error(status: int, retry_after: float | None = None) -> CannedAnswer:
    """An answer that says no more than what the status is called. Raises ValueError for an unknown one."""
    body = error_body(status, HTTPStatus(status).phrase)
    return CannedAnswer(status=status, body=json.dumps(body).encode(), retry_after=retry_after)
