"""The outermost WSGI layer: which names are answered, the headers of every answer, and a last resort.

Pages, built files, sockets and errors all pass here. Were any name answered, a page of another site whose
name leads to this machine could read what is answered (DNS rebinding).
"""

import logging
import re
import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from aircall.addresses import is_loopback
from aircall.server.answers import PLAIN_TEXT, headers_of
from config import Config

log = logging.getLogger(__name__)

HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::[0-9]{1,5})?", re.ASCII)
WRONG_NAME = "This dashboard has another name.\n"
LAST_RESORT = "Something went wrong. This is our mistake, and it has been logged. Try again.\n"


class Edge:
    """WSGI middleware around everything else."""

    def __init__(self, app: WSGIApplication, config: Config) -> None:
        self._app = app
        self._headers = headers_of(is_https=config.is_https)
        self._names = {"localhost", config.host.strip("[]").lower()}
        if config.public_origin:
            self._names.add(urlsplit(config.public_origin).hostname or "")
        # By which names others reach it is not known: whoever insists on that does without the check.
        self._takes_any = config.public_origin is None and not is_loopback(config.host)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            started.append(status)
            given = {name.lower() for name, _ in headers}
            missing = [(name, value) for name, value in self._headers.items() if name.lower() not in given]
            return start_response(status, headers + missing, *more)

        if not self._is_ours(environ):
            log.info("a request was refused", extra={"reason": "the Host is not ours"})
            return _plain(start, "400 Bad Request", WRONG_NAME)
        try:
            return self._app(environ, start)
        except StopIteration:
            # By this gunicorn learns that a WebSocket has answered by itself, and has ended.
            raise
        except Exception:
            # The page that says so has failed too.
            log.exception("an answer failed")
            if started:
                return _plain(start, "500 Internal Server Error", LAST_RESORT, sys.exc_info())
            return _plain(start, "500 Internal Server Error", LAST_RESORT)

    def _is_ours(self, environ: WSGIEnvironment) -> bool:
        found = HOST.fullmatch(environ.get("HTTP_HOST", "").lower())
        if found is None:
            return False
        name = found[1].strip("[]")
        return self._takes_any or name in self._names or is_loopback(name) or name == _local_address(environ)


def _local_address(environ: WSGIEnvironment) -> str | None:
    """Return the address of this machine that the request came in by: monitoring asks by addresses."""
    connection = environ.get("gunicorn.socket")
    return None if connection is None else str(connection.getsockname()[0])


def _plain(start: StartResponse, status: str, text: str, *more: Any) -> Iterable[bytes]:
    body = text.encode()
    start(status, [("Content-Type", PLAIN_TEXT), ("Content-Length", str(len(body)))], *more)
    return [body]
