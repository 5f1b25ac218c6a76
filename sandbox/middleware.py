"""What stands between the HTTP server and the API: it counts requests and carries out their faults."""

import time
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from sandbox.counters import Counted
from sandbox.faults import CannedAnswer, RequestFault
from sandbox.http_server import Answer
from sandbox.upstream import Upstream
from sandbox.wire import reset

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# The control endpoints and the channel are not the API, and so meet none of its faults.
NOT_THE_API = ("/sandbox/", "/app/")


class FaultyApi:
    """The application with the faults that are on. `latency`, in seconds, precedes every answer."""

    def __init__(self, app: "WSGIApplication", upstream: Upstream, latency: float) -> None:
        self._app = app
        self._upstream = upstream
        self._latency = latency

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(NOT_THE_API):
            return self._app(environ, start_response)
        self._upstream.counters.count(Counted.REQUESTS)
        time.sleep(self._latency)
        answer = self._answer(environ)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            self._upstream.counters.count(Counted.UNAUTHORIZED)
        return answer(environ, start_response)

    def _answer(self, environ: "WSGIEnvironment") -> Response:
        fault = self._upstream.faults.take(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        return self._real(environ) if fault is None else self._faulty(fault, environ)

    def _faulty(self, fault: RequestFault, environ: "WSGIEnvironment") -> Response:
        real = self._real(environ) if fault.is_applied else None
        fault.pause(fault.wait)
        if fault.then == "reset":
            reset(environ["werkzeug.socket"])
            raise ConnectionAbortedError
        if fault.canned is not None:
            return _canned(fault.canned)
        answer = real or self._real(environ)
        if fault.drip:
            answer.response = _dripping(answer.get_data(), fault)
        return answer

    def _real(self, environ: "WSGIEnvironment") -> Response:
        return Answer.from_app(self._app, environ, buffered=True)


def _canned(canned: CannedAnswer) -> Response:
    answer = Answer(canned.body, canned.status, content_type=canned.content_type)
    if canned.retry_after is not None:
        answer.headers["Retry-After"] = f"{canned.retry_after:g}"
    if canned.missing:
        answer.response = _cut_short(canned.body)
        answer.content_length = len(canned.body) + canned.missing
    return answer


def _dripping(body: bytes, fault: RequestFault) -> Iterator[bytes]:
    for byte in body:
        yield bytes([byte])
        fault.pause(fault.drip)


def _cut_short(body: bytes) -> Iterator[bytes]:
    yield body
    raise ConnectionAbortedError
