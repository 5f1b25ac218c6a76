"""A line and a count for each request that the pages answer, and the id that all of its other lines carry."""

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
# Anybody can make up a method or a path: neither a line nor a metric is named by those.
METHODS = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"}
OTHER, NO_ROUTE = "other", "none"
ROUTE_KEY = "callboard.route"
# Machines ask for these all day long.
QUIET = {"/healthz", "/metrics"}


def register(app: Flask) -> None:
    """Watch over every request from its beginning to its answer's last byte."""
    app.wsgi_app = _Watched(app.wsgi_app)  # type: ignore[method-assign]  # Flask's documented place

    @app.before_request
    def note_route() -> None:
        request.environ[ROUTE_KEY] = request.url_rule.rule if request.url_rule else NO_ROUTE


class _Watched:
    """WSGI middleware around Flask alone: built files and sockets are answered outside of it."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        one = _Request(environ, start_response)
        bind_contextvars(request_id=one.id)
        try:
            return ClosingIterator(self._app(environ, one.start), one.end)
        except BaseException:
            one.end()
            raise


class _Request:
    """One request, and what is known of its answer so far."""

    def __init__(self, environ: WSGIEnvironment, start_response: StartResponse) -> None:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        self.id: str = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        self._environ = environ
        self._start_response = start_response
        self._began = monotonic()
        # What the server answers where the pages cannot.
        self._status = "500"

    def start(self, status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        """The answer begins: it gets the request's id."""
        self._status = status[:3]
        return self._start_response(status, [*headers, (HEADER, self.id)], *more)

    def end(self) -> None:
        """The answer has been handed over, or never will be."""
        seconds = monotonic() - self._began
        method, route = self._environ["REQUEST_METHOD"], self._environ.get(ROUTE_KEY, NO_ROUTE)
        method = method if method in METHODS else OTHER
        metrics.REQUESTS.labels(route, method, self._status).inc()
        metrics.REQUEST_SECONDS.labels(route).observe(seconds)
        level = logging.DEBUG if route in QUIET else logging.INFO
        fields = {"method": method, "route": route, "status": int(self._status)}
        log.log(level, "request", extra=fields | {"ms": round(seconds * 1000, 1)})
        unbind_contextvars("request_id")
