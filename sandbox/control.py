"""The endpoints under `/sandbox/`, for tests and demonstrations; the real API has nothing like them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from random import Random
from typing import Any, get_args, get_type_hints

from flask import Flask, Response, request

from sandbox.api import ApiError, bad_request, json_answer, texts
from sandbox.calls import CallJson, new_call
from sandbox.faults import FAULTS, FaultSwitches
from sandbox.upstream import Upstream

# A fault may be a larger message than the API's own body parser would take, in bytes.
LARGEST_FAULT = 4 * 1024 * 1024


class Control:
    """One method per endpoint. None needs a token."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._switches = FaultSwitches(upstream.faults, upstream.tokens, upstream.hub)

    def register(self, app: Flask) -> None:
        """Give the app the control routes."""
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
        """Switch a fault on, with its parameters as a JSON object."""
        request.max_content_length = LARGEST_FAULT
        if name not in FAULTS:
            raise ApiError(HTTPStatus.NOT_FOUND, f"There is no fault {name}; there are {', '.join(FAULTS)}")
        switch = getattr(self._switches, name)
        try:
            switch(**_typed(switch, _parameters()))
        except (TypeError, ValueError) as error:
            raise bad_request(f"{name}: {error}") from error
        return _done()

    def clear_faults(self) -> Response:
        """Switch all faults off. Tokens that expired or were revoked stay so."""
        self._upstream.clear_faults()
        return _done()

    def reset(self) -> Response:
        """Back to the state at the start."""
        self._upstream.reset()
        return _done()

    def all_calls(self) -> Response:
        """The whole truth: every call, in the list's order."""
        calls, _ = self._upstream.page(0, len(self._upstream.calls))
        return json_answer(calls)

    def add_call(self) -> Response:
        """A new call comes in, unannounced; the fields given are taken, the others made up."""
        call = _new_call()
        self._upstream.arrive(call)
        return json_answer(call, HTTPStatus.CREATED)

    def remove_call(self, call_id: str) -> Response:
        """The API lists this call no longer."""
        return _done() if self._upstream.remove(call_id) else _no_such_call()

    def archive_call(self, call_id: str) -> Response:
        """A colleague archives the call, or moves it back."""
        call = self._upstream.flip_archive(call_id)
        return _no_such_call() if call is None else json_answer(call)

    def note_call(self, call_id: str) -> Response:
        """A colleague puts a note on the call."""
        (content,) = texts(_parameters(), "content")
        call = self._upstream.add_note(call_id, content)
        return _no_such_call() if call is None else json_answer(call)

    def counters(self) -> Response:
        """What clients have done so far."""
        return json_answer(self._upstream.counted())


def _parameters() -> dict[str, Any]:
    """The body as JSON, whatever type it says it has, so that `curl -d` needs no header."""
    try:
        parameters = json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError) as error:
        raise bad_request("The body is not JSON") from error
    if not isinstance(parameters, dict):
        raise bad_request("The body is not a JSON object")
    return parameters


def _typed(switch: Callable[..., None], parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters. Raises TypeError for one of another type than the fault wants."""
    wanted = get_type_hints(switch)
    for name in parameters.keys() & wanted.keys():
        # JSON has one kind of number.
        numbers = int if float in (wanted[name], *get_args(wanted[name])) else wanted[name]
        if not isinstance(parameters[name], wanted[name] | numbers):
            raise TypeError(f"{name} is of the wrong type")
    return parameters


def _new_call() -> CallJson:
    try:
        return new_call(Random(), datetime.now(UTC), _parameters())
    except ValueError as error:
        raise bad_request(str(error)) from error


def _done() -> Response:
    return Response(status=HTTPStatus.NO_CONTENT)


def _no_such_call() -> Response:
    raise ApiError(HTTPStatus.NOT_FOUND, "The call does not exist!", "Not Found")
