"""The dashboard as a process of its own, served as in production, and a person without a browser."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests
from bs4 import BeautifulSoup

from tests.support.processes import running
from tests.support.sandbox import Sandbox

READY = r"Listening at: (http://\S+)"
COOKIE = "callboard"
TIMEOUT = 10.0


def settings(sandbox: Sandbox, data_dir: Path) -> dict[str, str]:
    """Settings that point a dashboard at the sandbox; the port is the system's choice."""
    return {
        "AIRCALL_API_URL": sandbox.url,
        "PUSHER_HOST": sandbox.host,
        "PUSHER_PORT": str(sandbox.port),
        "PUSHER_SCHEME": "http",
        "PORT": "0",
        "DATA_DIR": str(data_dir),
    }


@contextmanager
def serving(sandbox: Sandbox, data_dir: Path, more: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a dashboard that works on this sandbox."""
    environment = dict(os.environ) | settings(sandbox, data_dir) | dict(more or {})
    with running([sys.executable, "app.py"], READY, environment=environment) as started:
        yield started.ready[1]


def log_in(address: str, username: str = "alice") -> str:
    """Sign in by the form of the login page; the session cookie's value."""
    with requests.Session() as session:
        session.trust_env = False
        page = BeautifulSoup(session.get(f"{address}/login", timeout=TIMEOUT).text, "html.parser")
        fields = {field["name"]: field.get("value", "") for field in page.select("input[name]")}
        fields |= {"username": username, "password": "any"}
        answer = session.post(f"{address}/login", data=fields, timeout=TIMEOUT)
        assert answer.url == f"{address}/calls", answer.text
        return str(session.cookies[COOKIE])
