"""Answers in the API's form, errors too. Knows no call and no request.

The API's endpoints: paths, status codes, bodies. What they do happens in `upstream`.

What a request's fields must be, and what the API says where they are not. Knows no endpoint.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from sandbox.calls import CallJson
from sandbox.channel import signature
from sandbox.faults import JSON
from sandbox.options import Options
from sandbox.tokens import TokenPair, TokenRefusedError
from sandbox.upstream import Counted, Upstream


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


DEFAULT_LIMIT = 10


class RestApi:
    """One method per endpoint."""

    def __init__(self, upstream: Upstream, options: Options) -> None:
        self._upstream = upstream
        self._options = options

    def register(self, app: Flask) -> None:
        """Give the app the API's routes, and the API's form for every error."""
        app.post("/auth/login")(self.login)
        app.post("/auth/refresh-token-v2")(self.refresh)
        app.post("/auth/refresh-token")(self.deprecated_refresh)
        app.get("/me")(self.me)
        app.get("/calls")(self.list_calls)
        app.get("/calls/<call_id>")(self.show_call)
        app.post("/calls/<call_id>/note")(self.add_note)
        app.put("/calls/<call_id>/archive")(self.archive)
        app.post("/pusher/auth")(self.authorize_channel)
        app.register_error_handler(ApiError, _api_error)
        app.register_error_handler(HTTPException, _http_error)

    def login(self) -> Response:
        """Any name and password will do."""
        username, _ = texts(fields(), "username", "password")
        self._upstream.counters.count(Counted.LOGINS)
        pair = self._upstream.tokens.login(username)
        answer = _tokens(pair)
        if not self._upstream.faults.has_login_refresh_token:
            del answer["refresh_token"]
        return json_answer(answer, HTTPStatus.CREATED)

    def refresh(self) -> Response:
        """A new pair for a refresh token."""
        try:
            pair = self._upstream.tokens.refresh(_bearer())
        except TokenRefusedError as error:
            raise _unauthorized() from error
        self._upstream.counters.count(Counted.REFRESHES)
        return json_answer(_tokens(pair), HTTPStatus.CREATED)

    def deprecated_refresh(self) -> Response:
        """A new access token, and no refresh token, for an access token that is still good."""
        username = self._username()
        self._upstream.counters.count(Counted.DEPRECATED_REFRESHES)
        token = self._upstream.tokens.access_token(username)
        return json_answer({"access_token": token, "user": _user(username)}, HTTPStatus.CREATED)

    def me(self) -> Response:
        """Who is signed in."""
        return json_answer(_user(self._username()))

    def list_calls(self) -> Response:
        """A page of the list, in the list's own order."""
        self._username()
        offset = whole_number("offset", default=0, least=0)
        limit = whole_number("limit", default=DEFAULT_LIMIT, least=1)
        calls, total = self._upstream.page(offset, min(limit, self._options.max_limit or limit))
        self._upstream.counters.count(Counted.LIST_READS)
        self._upstream.counters.count(Counted.ROWS_SENT, len(calls))
        faults = self._upstream.faults
        told = faults.wrong_total if faults.is_total_wrong else total
        return json_answer({"nodes": calls, "totalCount": told, "hasNextPage": offset + len(calls) < total})

    def show_call(self, call_id: str) -> Response:
        """The call; nothing at all, with status 200, where there is no such call."""
        self._username()
        self._upstream.counters.count(Counted.CALL_READS)
        call = self._upstream.call(call_id)
        if call is None:
            nothing = Response(status=HTTPStatus.OK)
            del nothing.headers["Content-Type"]
            return nothing
        return json_answer(call)

    def add_note(self, call_id: str) -> Response:
        """Put a note on the call."""
        self._username()
        (content,) = texts(fields(), "content")
        call = _existing(self._upstream.add_note(call_id, content))
        self._upstream.counters.count(Counted.NOTES_ADDED)
        return json_answer(call, HTTPStatus.CREATED)

    def archive(self, call_id: str) -> Response:
        """Archive the call, or move it back: a toggle."""
        self._username()
        call = _existing(self._upstream.flip_archive(call_id))
        self._upstream.counters.count_flip(call_id)
        return json_answer(call)

    def authorize_channel(self) -> Response:
        """Sign one connection's subscription to a channel."""
        self._username()
        socket_id, channel = texts(fields(), "socket_id", "channel_name")
        self._upstream.counters.count(Counted.CHANNEL_AUTHS)
        options = self._options
        return json_answer({"auth": signature(options.pusher_key, options.pusher_secret, socket_id, channel)})

    def _username(self) -> str:
        try:
            return self._upstream.tokens.username_of(_bearer())
        except TokenRefusedError as error:
            raise _unauthorized() from error


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorized()
    return token


def _unauthorized() -> ApiError:
    return ApiError(HTTPStatus.UNAUTHORIZED, "Unauthorized")


def _existing(call: CallJson | None) -> CallJson:
    if call is None:
        raise ApiError(HTTPStatus.NOT_FOUND, "The call does not exist!", "Not Found")
    return call


def _user(username: str) -> dict[str, str]:
    return {"id": username, "username": username}


def _tokens(pair: TokenPair) -> dict[str, Any]:
    return {"access_token": pair.access, "refresh_token": pair.refresh, "user": _user(pair.username)}


def _api_error(error: ApiError) -> Response:
    return json_answer(error_body(error.status, error.message, error.error), error.status)


def _http_error(error: HTTPException) -> Response:
    """What Flask finds wrong by itself. An undeclared method is an unknown address, as with the API."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        message = f"Cannot {request.method} {request.path}"
        return json_answer(error_body(HTTPStatus.NOT_FOUND, message, "Not Found"), HTTPStatus.NOT_FOUND)
    return json_answer(error_body(status, error.description or status.phrase, status.phrase), status)


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
