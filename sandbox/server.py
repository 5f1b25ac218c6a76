"""HTTP/1.1 with connections that stay open between requests. Knows no application.

What stands between the HTTP server and the API: it counts requests and carries out their faults.

Puts the API, its faults, the channel and the control endpoints into one server. Wiring only.
"""

import io
import time
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_content_length

from sandbox.api import RestApi
from sandbox.connection import ChannelEndpoint, reset_tcp
from sandbox.control import Control
from sandbox.faults import CannedAnswer, RequestFault
from sandbox.options import Options
from sandbox.upstream import Counted, Traffic, Upstream

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Answer(Response):
    """What an application answered, with nothing added: no type of content where it named none."""

    default_mimetype = None


class RequestHandler(WSGIRequestHandler):
    """Reads each request whole, answers it and keeps the connection; werkzeug's own handler closes it."""

    protocol_version = "HTTP/1.1"
    # Or the body of an answer waits until the client has acknowledged its head.
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request."""
        self.environ = environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self._body())
        answer = Answer.from_app(self.server.app, environ)
        try:
            self._send(answer)
        finally:
            answer.close()

    def _body(self) -> bytes:
        length = get_content_length(self.environ)
        source = self.environ["wsgi.input"]
        if length is None and "wsgi.input_terminated" not in self.environ:
            return b""
        try:
            body: bytes = source.read() if length is None else source.read(length)
        except OSError as error:
            raise ConnectionAbortedError from error
        return body

    def _send(self, answer: Response) -> None:
        self.send_response(answer.status_code)
        for name, value in answer.headers:
            self.send_header(name, value)
        if "Content-Length" not in answer.headers and answer.status_code not in BODILESS:
            self.close_connection = True
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for piece in answer.iter_encoded():
            self.wfile.write(piece)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are not logged: the address of one may say whom it is about."""


def http_server(host: str, port: int, app: "WSGIApplication") -> BaseWSGIServer:
    """A server that is bound already, with a thread per connection. Port 0 takes one from the system."""
    return make_server(host, port, app, threaded=True, request_handler=RequestHandler)


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
            reset_tcp(environ["werkzeug.socket"])
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


# What the API's own body parser takes, in bytes.
LARGEST_BODY = 100 * 1024


def make_sandbox(options: Options) -> BaseWSGIServer:
    """A sandbox that is bound to its address; it answers as soon as `serve_forever` is called."""
    upstream = Upstream(options)
    app = Flask("sandbox", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    RestApi(upstream, options).register(app)
    ChannelEndpoint(upstream, options).register(app)
    Control(upstream).register(app)
    if options.traffic is not None:
        Traffic(upstream, options.traffic, options.seed).start()
    return http_server(options.host, options.port, FaultyApi(app.wsgi_app, upstream, options.latency))
