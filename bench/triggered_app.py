"""Serves the dashboard with a way to publish changes that nobody made, for bench/sockets.py.

`python -m bench.triggered_app`, with the settings of `python app.py`. `POST /bench/emit?count=N` appends the
changes of N calls to the change feed: what follows is the way of every change to the pages.
"""

if __name__ == "__main__":
    # Before all other imports, as in app.py: gunicorn's workers import the application.
    from aircall.web.startup import main

    main("bench.triggered_app:serve()")

from collections.abc import Iterable, Sequence
from itertools import count
from typing import cast
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import msgspec.structs
from flask import Flask

import app
from aircall.calls.feed import Change, ChangeKind
from aircall.models import Call
from aircall.web.services import EXTENSION, Services

PATH = "/bench/emit"


class Trigger:
    """WSGI middleware that publishes changes of the first calls."""

    def __init__(self, wsgi_app: WSGIApplication, services: Services) -> None:
        self._app = wsgi_app
        self._replica = services.replica
        self._calls: Sequence[Call] = ()
        self._versions = count(services.replica.store.version + 1_000_000)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH:
            return self._app(environ, start_response)
        self._publish(int(parse_qs(environ["QUERY_STRING"])["count"][0]))
        start_response("204 No Content", [])
        return []

    def _publish(self, number: int) -> None:
        for call in self._first_calls(number):
            version = next(self._versions)
            changed = msgspec.structs.replace(call, is_archived=version % 2 == 0)
            self._replica.feed.append(Change(ChangeKind.UPDATE, call.id, changed, version))

    def _first_calls(self, number: int) -> Sequence[Call]:
        if len(self._calls) < number:
            self._calls = self._replica.store.find(self._replica.store.call_ids()[:number])
        return self._calls[:number]


def serve() -> Flask:
    """Return the application at work. gunicorn loads this."""
    served = app.serve()
    services = cast(Services, served.extensions[EXTENSION])
    served.wsgi_app = Trigger(served.wsgi_app, services)  # type: ignore[method-assign]  # Flask's documented place
    return served
