"""Access log, request metrics and request ids, as WSGI middleware around Flask.

Built files and sockets are answered outside of it.
"""

import logging
import re
import secrets
from collections.abc import Iterable
from time import monotonic
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, request
from structlog.contextvars import bind_contextvars, unbind_contextvars
from werkzeug.wsgi import ClosingIterator

from aircall import metrics

log = logging.getLogger(__name__)

HEADER = "X-Request-ID"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Clients can send any method and path, so metrics and log lines are labeled by known methods and by routes.
METHODS = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"}
OTHER, NO_ROUTE = "other", "none"
ROUTE_KEY = "callboard.route"
# Polled by machines: logged at DEBUG only.
QUIET = {"/healthz", "/readyz", "/metrics"}


def register(app: Flask) -> None:
    """Log and measure every request, from its start to the last byte of its response."""
    app.wsgi_app = _RequestLog(app.wsgi_app)  # type: ignore[method-assign]  # Flask's documented place

    @app.before_request
    def record_route() -> None:
        request.environ[ROUTE_KEY] = request.url_rule.rule if request.url_rule else NO_ROUTE


class _RequestLog:
    """WSGI middleware; one _Request per request."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        current = _Request(environ, start_response)
        bind_contextvars(request_id=current.id)
        try:
            return ClosingIterator(self._app(environ, current.start), current.end)
        except BaseException:
            current.end()
            raise


class _Request:
    """One request and the status of its response."""

    def __init__(self, environ: WSGIEnvironment, start_response: StartResponse) -> None:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        self.id: str = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        self._environ = environ
        self._start_response = start_response
        self._began = monotonic()
        # The server's own response if Flask raises before it starts one.
        self._status = "500"

    def start(self, status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        """Start the response, with the request id as a header."""
        self._status = status[:3]
        return self._start_response(status, [*headers, (HEADER, self.id)], *more)

    def end(self) -> None:
        """Record the request; the response has been sent, or has failed."""
        seconds = monotonic() - self._began
        method, route = self._environ["REQUEST_METHOD"], self._environ.get(ROUTE_KEY, NO_ROUTE)
        method = method if method in METHODS else OTHER
        metrics.REQUESTS.labels(route, method, self._status).inc()
        metrics.REQUEST_SECONDS.labels(route).observe(seconds)
        level = logging.DEBUG if route in QUIET else logging.INFO
        fields = {"method": method, "route": route, "status": int(self._status)}
        log.log(level, "request", extra=fields | {"ms": round(seconds * 1000, 1)})
        unbind_contextvars("request_id")
