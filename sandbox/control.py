"""The control endpoints under `/sandbox/`, for tests and demonstrations. Not part of the real API."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from random import Random
from typing import Any, get_args, get_type_hints

from flask import Flask, Response, request

from sandbox.api import ApiError, bad_request, json_response, required_strings
from sandbox.calls import CallJson, new_call
from sandbox.faults import FAULTS, FaultSwitches
from sandbox.upstream import Upstream

# Bytes. Larger than MAX_BODY_SIZE, as a fault may contain a whole response or event.
MAX_FAULT_SIZE = 4 * 1024 * 1024


class Control:
    """One method per endpoint. No token is required."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._switches = FaultSwitches(upstream.faults, upstream.tokens, upstream.hub)

    def register(self, app: Flask) -> None:
        """Add the control routes to the app."""
        app.post("/sandbox/faults/<name>")(self.switch_on)
        app.delete("/sandbox/faults")(self.clear_faults)
        app.post("/sandbox/reset")(self.reset)
        app.get("/sandbox/calls")(self.all_calls)
        app.post("/sandbox/calls")(self.add_call)
        app.delete("/sandbox/calls/<call_id>")(self.remove_call)
        app.post("/sandbox/calls/<call_id>/archive")(self.archive_call)
        app.post("/sandbox/calls/<call_id>/note")(self.note_call)
        app.get("/sandbox/counters")(self.counters)

    def switch_on(self, name: str) -> Response:
        """Switch on a fault. The body is a JSON object of its parameters."""
        request.max_content_length = MAX_FAULT_SIZE
        if name not in FAULTS:
            raise ApiError(HTTPStatus.NOT_FOUND, f"There is no fault {name}; there are {', '.join(FAULTS)}")
        switch = getattr(self._switches, name)
        try:
            switch(**_check_types(switch, _json_body()))
        except (TypeError, ValueError) as error:
            raise bad_request(f"{name}: {error}") from error
        return _no_content()

    def clear_faults(self) -> Response:
        """Switch off all faults. Expired and revoked tokens stay so."""
        self._upstream.clear_faults()
        return _no_content()

    def reset(self) -> Response:
        """Restore the initial state."""
        self._upstream.reset()
        return _no_content()

    def all_calls(self) -> Response:
        """Return all calls, in list order."""
        calls, _ = self._upstream.page(0, len(self._upstream.calls))
        return json_response(calls)

    def add_call(self) -> Response:
        """Add a call without an event. Missing fields get random values."""
        call = _new_call()
        self._upstream.add(call)
        return json_response(call, HTTPStatus.CREATED)

    def remove_call(self, call_id: str) -> Response:
        """Remove the call without an event."""
        return _no_content() if self._upstream.remove(call_id) else _not_found()

    def archive_call(self, call_id: str) -> Response:
        """Toggle the archive state as a colleague, with an event."""
        call = self._upstream.toggle_archive(call_id)
        return _not_found() if call is None else json_response(call)

    def note_call(self, call_id: str) -> Response:
        """Add a note as a colleague, with an event."""
        (content,) = required_strings(_json_body(), "content")
        call = self._upstream.add_note(call_id, content)
        return _not_found() if call is None else json_response(call)

    def counters(self) -> Response:
        """Return the counters."""
        return json_response(self._upstream.counters_json())


def _json_body() -> dict[str, Any]:
    """Return the body as JSON, whatever its Content-Type, so that `curl -d` needs no header."""
    try:
        parameters = json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError) as error:
        raise bad_request("The body is not JSON") from error
    if not isinstance(parameters, dict):
        raise bad_request("The body is not a JSON object")
    return parameters


def _check_types(switch: Callable[..., None], parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters. Raises TypeError if one does not match the type hint of `switch`."""
    wanted = get_type_hints(switch)
    for name in parameters.keys() & wanted.keys():
        # A JSON number without a fraction is read as int.
        numbers = int if float in (wanted[name], *get_args(wanted[name])) else wanted[name]
        if not isinstance(parameters[name], wanted[name] | numbers):
            raise TypeError(f"{name} is of the wrong type")
    return parameters


def _new_call() -> CallJson:
    try:
        return new_call(Random(), datetime.now(UTC), _json_body())
    except ValueError as error:
        raise bad_request(str(error)) from error


def _no_content() -> Response:
    return Response(status=HTTPStatus.NO_CONTENT)


def _not_found() -> Response:
    raise ApiError(HTTPStatus.NOT_FOUND, "The call does not exist!", "Not Found")
