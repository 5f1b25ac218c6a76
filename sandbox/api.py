"""The REST API: paths, validation, status codes and bodies. State changes are made by `upstream`."""

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
    """An error response of the API. Validation errors have a list of messages."""

    def __init__(self, status: HTTPStatus, message: str | list[str], error: str | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.message = message
        self.error = error


def json_response(data: object, status: int = HTTPStatus.OK) -> Response:
    """Return a JSON response."""
    return Response(json.dumps(data, separators=(",", ":")), status, content_type=JSON)


def error_body(status: int, message: str | list[str], error: str | None = None) -> dict[str, object]:
    """Return the body of an error response. `error` is omitted if None."""
    body: dict[str, object] = {"statusCode": status, "message": message}
    return body if error is None else {**body, "error": error}


DEFAULT_LIMIT = 10


class RestApi:
    """One method per endpoint."""

    def __init__(self, upstream: Upstream, options: Options) -> None:
        self._upstream = upstream
        self._options = options

    def register(self, app: Flask) -> None:
        """Add the API's routes and error handlers to the app."""
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
        """Accept any username, and any password but one that a fault names."""
        username, password = required_strings(body_fields(), "username", "password")
        self._upstream.counters.count(Counted.LOGINS)
        if password == self._upstream.faults.rejected_password:
            raise _unauthorized()
        pair = self._upstream.tokens.login(username)
        body = _tokens(pair)
        if not self._upstream.faults.has_login_refresh_token:
            del body["refresh_token"]
        return json_response(body, HTTPStatus.CREATED)

    def refresh(self) -> Response:
        """Exchange a refresh token for a new pair."""
        try:
            pair = self._upstream.tokens.refresh(_bearer_token())
        except TokenRefusedError as error:
            raise _unauthorized() from error
        self._upstream.counters.count(Counted.REFRESHES)
        return json_response(_tokens(pair), HTTPStatus.CREATED)

    def deprecated_refresh(self) -> Response:
        """Exchange a valid access token for a new one. No refresh token is issued."""
        username = self._username()
        self._upstream.counters.count(Counted.DEPRECATED_REFRESHES)
        token = self._upstream.tokens.access_token(username)
        return json_response({"access_token": token, "user": _user(username)}, HTTPStatus.CREATED)

    def me(self) -> Response:
        """Return the user of the access token."""
        return json_response(_user(self._username()))

    def list_calls(self) -> Response:
        """Return a page of the list, in the order of the list."""
        self._username()
        offset = integer_parameter("offset", default=0, least=0)
        limit = integer_parameter("limit", default=DEFAULT_LIMIT, least=1)
        calls, total = self._upstream.page(offset, min(limit, self._options.max_limit or limit))
        self._upstream.counters.count(Counted.LIST_READS)
        self._upstream.counters.count(Counted.ROWS_SENT, len(calls))
        faults = self._upstream.faults
        shown_total = faults.wrong_total if faults.is_total_wrong else total
        return json_response(
            {"nodes": calls, "totalCount": shown_total, "hasNextPage": offset + len(calls) < total}
        )

    def show_call(self, call_id: str) -> Response:
        """Return the call, or an empty 200 response if it does not exist, as the API does."""
        self._username()
        self._upstream.counters.count(Counted.CALL_READS)
        call = self._upstream.call(call_id)
        if call is None:
            empty = Response(status=HTTPStatus.OK)
            del empty.headers["Content-Type"]
            return empty
        return json_response(call)

    def add_note(self, call_id: str) -> Response:
        """Add a note to the call."""
        self._username()
        (content,) = required_strings(body_fields(), "content")
        call = _or_not_found(self._upstream.add_note(call_id, content))
        self._upstream.counters.count(Counted.NOTES_ADDED)
        return json_response(call, HTTPStatus.CREATED)

    def archive(self, call_id: str) -> Response:
        """Toggle the archive state of the call."""
        self._username()
        call = _or_not_found(self._upstream.toggle_archive(call_id))
        self._upstream.counters.count_toggle(call_id)
        return json_response(call)

    def authorize_channel(self) -> Response:
        """Sign the subscription of one connection to a channel."""
        self._username()
        socket_id, channel = required_strings(body_fields(), "socket_id", "channel_name")
        self._upstream.counters.count(Counted.CHANNEL_AUTHS)
        options = self._options
        return json_response(
            {"auth": signature(options.pusher_key, options.pusher_secret, socket_id, channel)}
        )

    def _username(self) -> str:
        try:
            return self._upstream.tokens.username_of(_bearer_token())
        except TokenRefusedError as error:
            raise _unauthorized() from error


def _bearer_token() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorized()
    return token


def _unauthorized() -> ApiError:
    return ApiError(HTTPStatus.UNAUTHORIZED, "Unauthorized")


def _or_not_found(call: CallJson | None) -> CallJson:
    if call is None:
        raise ApiError(HTTPStatus.NOT_FOUND, "The call does not exist!", "Not Found")
    return call


def _user(username: str) -> dict[str, str]:
    return {"id": username, "username": username}


def _tokens(pair: TokenPair) -> dict[str, Any]:
    return {"access_token": pair.access, "refresh_token": pair.refresh, "user": _user(pair.username)}


def _api_error(error: ApiError) -> Response:
    return json_response(error_body(error.status, error.message, error.error), error.status)


def _http_error(error: HTTPException) -> Response:
    """Convert an error raised by Flask. The API answers 404, not 405, to an unknown method."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        message = f"Cannot {request.method} {request.path}"
        return json_response(error_body(HTTPStatus.NOT_FOUND, message, "Not Found"), HTTPStatus.NOT_FOUND)
    return json_response(error_body(status, error.description or status.phrase, status.phrase), status)


# Digits. The largest integer that a double represents exactly, as the API runs on JavaScript.
MAX_DIGITS = 15


def body_fields() -> dict[str, Any]:
    """Return the JSON object or the form of the request. Raises ApiError if the JSON is not an object."""
    if not request.is_json:
        return dict(request.form)
    try:
        data = request.get_json()
    except RecursionError as error:
        raise bad_request("The body is nested too deep") from error
    if not isinstance(data, dict):
        raise bad_request("The body is not a JSON object")
    return data


def required_strings(given: Mapping[str, Any], *names: str) -> list[str]:
    """Return the named fields. Raises ApiError naming each that is missing, empty or no string."""
    messages = [f"{name} must be a string" for name in names if not isinstance(given.get(name), str)]
    messages += [f"{name} should not be empty" for name in names if given.get(name) in (None, "")]
    if messages:
        raise bad_request(messages)
    return [given[name] for name in names]


def integer_parameter(name: str, *, default: int, least: int) -> int:
    """Return an integer query parameter. Raises ApiError if it is malformed or less than `least`."""
    text = request.args.get(name)
    if text is None:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS):
        raise bad_request([f"{name} must be an integer number"])
    if int(text) < least:
        raise bad_request([f"{name} must not be less than {least}"])
    return int(text)


def bad_request(message: str | list[str]) -> ApiError:
    """Return the error for an invalid request."""
    return ApiError(HTTPStatus.BAD_REQUEST, message, "Bad Request")
