"""The dashboard as a process of its own, served as in production, and how to log in without a browser."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
from bs4 import BeautifulSoup

from tests.support.processes import STOPPING_TIME, Started, running
from tests.support.sandbox import Sandbox

READY = r"Listening at: (http://\S+)"
# Of an address without a port; with one it has the port at its end, and this name is read as well.
COOKIE = "callboard"
# Seconds. An answer of a dashboard on a busy machine takes less.
TIMEOUT = 45.0
STARTING_TIME = 60.0


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
def dashboard(
    sandbox: Sandbox,
    data_dir: Path,
    more: Mapping[str, str] | None = None,
    *,
    stopping_time: float = STOPPING_TIME,
    is_quick: bool = False,
) -> Iterator[Started]:
    """A dashboard that works on this sandbox and answers; at its end it may take `stopping_time` seconds.

    `is_quick`: with the short times of tests.support.quick_app instead of production's.
    """
    environment = dict(os.environ) | settings(sandbox, data_dir) | dict(more or {})
    program = ["-m", "tests.support.quick_app"] if is_quick else ["app.py"]
    command = [sys.executable, *program]
    with running(command, READY, environment=environment, stopping_time=stopping_time) as started:
        # It listens before it has workers; the first request waits for one, that for a built file uncounted.
        built = f"{started.ready[1]}/static/dist/manifest.json"
        requests.get(built, timeout=STARTING_TIME).raise_for_status()
        yield started


@contextmanager
def serving(
    sandbox: Sandbox, data_dir: Path, more: Mapping[str, str] | None = None, *, is_quick: bool = False
) -> Iterator[str]:
    """The address of a dashboard that works on this sandbox."""
    with dashboard(sandbox, data_dir, more, is_quick=is_quick) as started:
        yield started.ready[1]


@dataclass(frozen=True, slots=True)
class SharedDashboard:
    """A dashboard with a sandbox of its own that several tests use, one after the other.

    `sandbox.reset()` makes both as good as new: it ends every login, and the next one reads all calls again.
    """

    started: Started
    sandbox: Sandbox
    data_dir: Path

    @property
    def address(self) -> str:
        return self.started.ready[1]


@contextmanager
def shared_dashboard(
    data_dir: Path, more: Mapping[str, str] | None = None, *, is_quick: bool = False
) -> Iterator[SharedDashboard]:
    """A dashboard and its sandbox, for the tests of a file or a folder."""
    with Sandbox.start() as sandbox, dashboard(sandbox, data_dir, more, is_quick=is_quick) as started:
        yield SharedDashboard(started, sandbox, data_dir)


def log_in(address: str, username: str = "alice") -> str:
    """Sign in by the form of the login page; the session cookie's value."""
    with requests.Session() as session:
        session.trust_env = False
        sign_in(session, address, username)
        return session_of(session, address)


def sign_in(browser: requests.Session, address: str, username: str = "alice") -> None:
    """Sign this browser in by the form of the login page."""
    page = BeautifulSoup(browser.get(f"{address}/login", timeout=TIMEOUT).text, "html.parser")
    fields = {field["name"]: field.get("value", "") for field in page.select("input[name]")}
    fields |= {"username": username, "password": "any"}
    answer = browser.post(f"{address}/login", data=fields, timeout=TIMEOUT)
    assert answer.url == f"{address}/calls", answer.text


def session_of(browser: requests.Session, address: str) -> str:
    """The value of the session cookie that this browser has of the dashboard at this address."""
    return str(browser.cookies[f"{COOKIE}-{urlsplit(address).port}"])
