"""What a request's fields must be, and what the API says where they are not. Knows no endpoint."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import request

from sandbox.answers import ApiError

# As many as a double, the API's only kind of number, holds exactly.
MOST_DIGITS = 15


def fields() -> dict[str, Any]:
    """The request's JSON object or form. Raises ApiError for JSON that is no object."""
    if not request.is_json:
        return dict(request.form)
    try:
        data = request.get_json()
    except RecursionError as error:
        raise bad_request("The body is nested too deep") from error
    if not isinstance(data, dict):
        raise bad_request("The body is not a JSON object")
    return data


def texts(given: Mapping[str, Any], *names: str) -> list[str]:
    """The named fields in this order. Raises ApiError with a sentence for each that is missing or empty."""
    messages = [f"{name} must be a string" for name in names if not isinstance(given.get(name), str)]
    messages += [f"{name} should not be empty" for name in names if given.get(name) in (None, "")]
    if messages:
        raise bad_request(messages)
    return [given[name] for name in names]


def whole_number(name: str, *, default: int, least: int) -> int:
    """The number of this name in the query. Raises ApiError where it is none, or less than `least`."""
    text = request.args.get(name)
    if text is None:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS):
        raise bad_request([f"{name} must be an integer number"])
    if int(text) < least:
        raise bad_request([f"{name} must not be less than {least}"])
    return int(text)


def bad_request(message: str | list[str]) -> ApiError:
    """The error for a request that is not valid."""
    return ApiError(HTTPStatus.BAD_REQUEST, message, "Bad Request")
