"""Processor time of whole requests in this process, relative to a bare Flask page.

Ours load the session and the login, query the replica, and run every hook. The bare pages have neither: one
shows the same calls by a plain template without translations, the others print the bytes of our page, each
text between two tags as an escaped value. Both are requested alternately, through WSGI without a client.
"""

import html
import io
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import requests
from flask import Flask, render_template
from jinja2 import DictLoader
from werkzeug.test import EnvironBuilder

from aircall.calls.filters import CallFilter
from aircall.web.services import EXTENSION, start, stop
from app import create_app
from bench.figures import Figure
from config import Config
from tests.support.dashboard import COOKIE, TIMEOUT, settings
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

CALLS, SEED, ROWS = 1000, 7, 25
WARM_UP, REQUESTS = 20, 200
# Seconds.
SYNC_TIME = 60.0
LIST_LIMIT, PAGE_LIMIT = 3.0, 4.0
# A text of our page that is not blank, between two tags.
TEXT = re.compile(r">([^<>]*[^<>\s][^<>]*)<")
BARE_LIST = Path(__file__).parent / "bare_list.html"


class Page:
    """A page of a Flask application, requested again and again through WSGI."""

    def __init__(self, app: Flask, path: str, cookie: str = "") -> None:
        self._app = app
        self._environ = EnvironBuilder(path=path, headers=[("Cookie", cookie)]).get_environ()
        self.text = ""

    def get(self) -> float:
        """Request the page. Return the processor time of this thread in milliseconds."""
        environ = {**self._environ, "wsgi.input": io.BytesIO()}
        statuses: list[str] = []

        def start_response(status: str, *_more: object) -> Callable[[bytes], object]:
            statuses.append(status)
            return lambda _body: None

        began = time.thread_time()
        answer = self._app.wsgi_app(environ, start_response)
        body = b"".join(answer)
        getattr(answer, "close", lambda: None)()
        took = (time.thread_time() - began) * 1000
        if statuses != ["200 OK"]:
            raise RuntimeError(f"{self._environ['PATH_INFO']}: unexpected status {statuses}")
        self.text = body.decode()
        return took


def run() -> list[Figure]:
    """Measure the list, also after a change of a call, the page of a call, the insights and the login."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox.start("--calls", str(CALLS), "--seed", str(SEED)))
        app, cookie = stack.enter_context(_synced_application(sandbox))
        replica = app.extensions[EXTENSION].replica
        calls = replica.store.page(CallFilter(), 0, ROWS)
        ours = Page(app, f"/calls?per_page={ROWS}", cookie)
        bare = _bare(BARE_LIST.read_text(), calls=calls, query=f"per_page={ROWS}")

        def change() -> None:
            call = replica.store.find([calls[ROWS // 2].id])[0]
            replica.apply(msgspec.structs.replace(call, is_archived=not call.is_archived))

        return [
            _compare(f"list page of {ROWS} rows", ours, bare, LIST_LIMIT),
            _compare(f"list page of {ROWS} rows, after a change", ours, bare, before=change),
            _compare_with_copy("page of a call", Page(app, f"/calls/{calls[0].id}", cookie), sandbox.url),
            _compare_with_copy("insights", Page(app, "/insights", cookie)),
            _compare_with_copy("login page", Page(app, "/login", _visitor(app))),
            # Stores a session, which a bare page does not.
            _compare_with_copy("login page, first visit", Page(app, "/login"), limit=None),
        ]


@contextmanager
def _synced_application(sandbox: Sandbox) -> Iterator[tuple[Flask, str]]:
    """Yield the dashboard after its first full sync, and the cookie of a session."""
    with tempfile.TemporaryDirectory(prefix="callboard-bench-") as data_dir:
        app = create_app(Config.from_environment(settings(sandbox, Path(data_dir))))
        start(app)
        try:
            alice = Person(app).sign_in("alice")
            store = app.extensions[EXTENSION].replica.store
            wait_until(lambda: store.synced_at, SYNC_TIME, "the first full sync")
            session = alice.client.get_cookie(COOKIE)
            yield app, f"{COOKIE}={session.value if session else ''}"
        finally:
            stop(app)


def _visitor(app: Flask) -> str:
    """Return the cookie of someone who has seen the login page."""
    client = app.test_client()
    client.get("/login")
    session = client.get_cookie(COOKIE)
    return f"{COOKIE}={session.value if session else ''}"


def _compare_with_copy(name: str, ours: Page, upstream: str = "", limit: float | None = PAGE_LIMIT) -> Figure:
    """Compare with a bare page of the same bytes. With `upstream`, that reads the API once, as ours does."""
    ours.get()
    texts: list[str] = []

    def take(found: re.Match[str]) -> str:
        texts.append(html.unescape(found[1]))
        return f">{{{{ texts[{len(texts) - 1}] }}}}<"

    source = TEXT.sub(take, ours.text)
    return _compare(name, ours, _bare(source, upstream, texts=texts), limit)


def _bare(source: str, upstream: str = "", **values: Any) -> Page:
    app = Flask(__name__, static_folder=None)
    app.jinja_loader = DictLoader({"page.html": source})
    session = requests.Session()
    session.trust_env = False

    @app.get("/")
    def show() -> str:
        if upstream:
            session.get(upstream, timeout=TIMEOUT)
        return render_template("page.html", **values)

    return Page(app, "/")


def _compare(
    name: str, ours: Page, bare: Page, limit: float | None = None, before: Callable[[], None] | None = None
) -> Figure:
    times: tuple[list[float], list[float]] = [], []
    for _ in range(REQUESTS):
        if before:
            before()
        for took, page in zip(times, (ours, bare), strict=True):
            took.append(page.get())
    median, reference = (statistics.median(took[WARM_UP:]) for took in times)
    return Figure(name, median, reference, "ms", limit)
