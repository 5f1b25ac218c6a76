"""The server: HTTP/1.1 with keep-alive, request faults, and the assembly of all endpoints."""

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
from sandbox.faults import CannedResponse, RequestFault
from sandbox.options import Options
from sandbox.upstream import Counted, Traffic, Upstream

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Bytes. Limit of the API's body parser.
MAX_BODY_SIZE = 100 * 1024
ANY_ORIGIN = ("Access-Control-Allow-Origin", "*")
# The control endpoints and the channel are not counted, have no request faults and are for no other origin.
NON_API_PREFIXES = ("/sandbox/", "/app/")
STATUSES_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class PlainResponse(Response):
    """The response of an application, without a default Content-Type."""

    default_mimetype = None


class RequestHandler(WSGIRequestHandler):
    """Reads each request completely and keeps the connection open; werkzeug's handler closes it."""

    protocol_version = "HTTP/1.1"
    # With Nagle's algorithm the body is delayed until the client has acknowledged the headers.
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Handle one request."""
        self.environ = environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self._body())
        response = PlainResponse.from_app(self.server.app, environ)
        try:
            self._send(response)
        finally:
            response.close()

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

    def _send(self, response: Response) -> None:
        self.send_response(response.status_code)
        for name, value in response.headers:
            self.send_header(name, value)
        if "Content-Length" not in response.headers and response.status_code not in STATUSES_WITHOUT_BODY:
            self.close_connection = True
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for piece in response.iter_encoded():
            self.wfile.write(piece)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing: URLs may contain personal data."""


def http_server(host: str, port: int, app: "WSGIApplication") -> BaseWSGIServer:
    """Return a bound server with one thread per connection. Port 0 picks a free port."""
    return make_server(host, port, app, threaded=True, request_handler=RequestHandler)


class FaultyApi:
    """WSGI middleware that counts requests and applies faults. `latency` is a delay in seconds."""

    def __init__(self, app: "WSGIApplication", upstream: Upstream, latency: float) -> None:
        self._app = app
        self._upstream = upstream
        self._latency = latency

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(NON_API_PREFIXES):
            return self._app(environ, start_response)
        self._upstream.counters.count(Counted.REQUESTS)
        time.sleep(self._latency)
        response = self._response(environ)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            self._upstream.counters.count(Counted.UNAUTHORIZED)
        return response(environ, start_response)

    def _response(self, environ: "WSGIEnvironment") -> Response:
        fault = self._upstream.faults.take(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        return self._real_response(environ) if fault is None else self._faulty_response(fault, environ)

    def _faulty_response(self, fault: RequestFault, environ: "WSGIEnvironment") -> Response:
        real = self._real_response(environ) if fault.is_applied else None
        fault.pause(fault.wait)
        if fault.then == "reset":
            reset_tcp(environ["werkzeug.socket"])
            raise ConnectionAbortedError
        if fault.canned is not None:
            return _canned_response(fault.canned)
        response = real or self._real_response(environ)
        if fault.drip:
            response.response = _drip_body(response.get_data(), fault)
        return response

    def _real_response(self, environ: "WSGIEnvironment") -> Response:
        return PlainResponse.from_app(self._app, environ, buffered=True)


class CrossOrigin:
    """WSGI middleware that lets pages of every origin use the API, as Express does with `cors()`.

    Browsers ask before they send a token or JSON; such a question is no request, and has no fault.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(NON_API_PREFIXES):
            return self._app(environ, start_response)
        if environ["REQUEST_METHOD"] == "OPTIONS":
            return _preflight_response(environ)(environ, start_response)
        return self._app(
            environ,
            lambda status, headers, error=None: start_response(status, [*headers, ANY_ORIGIN], error),
        )


def _preflight_response(environ: "WSGIEnvironment") -> Response:
    response = PlainResponse(status=HTTPStatus.NO_CONTENT, headers=[ANY_ORIGIN])
    response.headers["Access-Control-Allow-Methods"] = "GET,HEAD,PUT,PATCH,POST,DELETE"
    response.headers["Vary"] = "Access-Control-Request-Headers"
    if asked := environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS"):
        response.headers["Access-Control-Allow-Headers"] = asked
    return response


def _canned_response(canned: CannedResponse) -> Response:
    response = PlainResponse(canned.body, canned.status, content_type=canned.content_type)
    if canned.retry_after is not None:
        response.headers["Retry-After"] = f"{canned.retry_after:g}"
    if canned.missing:
        response.response = _truncated_body(canned.body)
        response.content_length = len(canned.body) + canned.missing
    return response


def _drip_body(body: bytes, fault: RequestFault) -> Iterator[bytes]:
    for byte in body:
        yield bytes([byte])
        fault.pause(fault.drip)


def _truncated_body(body: bytes) -> Iterator[bytes]:
    yield body
    raise ConnectionAbortedError


def make_sandbox(options: Options) -> BaseWSGIServer:
    """Return a sandbox that is bound to its address. Call `serve_forever` to serve."""
    upstream = Upstream(options)
    app = Flask("sandbox", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_SIZE
    RestApi(upstream, options).register(app)
    ChannelEndpoint(upstream, options).register(app)
    Control(upstream).register(app)
    if options.traffic is not None:
        Traffic(upstream, options.traffic, options.seed).start()
    api = FaultyApi(app.wsgi_app, upstream, options.latency)
    return http_server(options.host, options.port, CrossOrigin(api))
