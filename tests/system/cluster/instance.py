"""One of several dashboards that work as one: its address, its processes, and what may happen to them."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import requests

from tests.support.dashboard import COOKIE, TIMEOUT, dashboard
from tests.support.processes import Started
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.support.workers import workers_of

SECRET_KEY = "the same for all of them, and long enough"


class Instance:
    """A served dashboard; each has one worker unless it was given more."""

    def __init__(self, started: Started, data_dir: Path) -> None:
        self.address = started.ready[1]
        self.data_dir = data_dir
        self._started = started
        self._session = requests.Session()
        self._session.trust_env = False
        # A connection that was left idle may be hung up on just when it is used again.
        self._session.headers["Connection"] = "close"
        # Each request has the cookie that it is given, and no other.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def get(self, path: str, cookie: str = "", timeout: float = TIMEOUT) -> requests.Response:
        """The answer of this instance, redirects not followed."""
        cookies = {COOKIE: cookie} if cookie else {}
        return self._session.get(self.address + path, cookies=cookies, timeout=timeout, allow_redirects=False)

    def form_token(self, cookie: str) -> str:
        """The token that forms of this session have."""
        return (
            self.get("/calls?view=all", cookie)
            .text.partition('name="csrf_token" value="')[2]
            .partition('"')[0]
        )

    def post(
        self, path: str, cookie: str, files: Mapping[str, Any] | None = None, **fields: Any
    ) -> requests.Response:
        """Send a form as its page has it; its token is read first, unless it is given as `csrf_token`."""
        return self._session.post(
            self.address + path,
            data={"csrf_token": fields.get("csrf_token") or self.form_token(cookie)} | fields,
            files=files,
            cookies={COOKIE: cookie},
            headers={"Origin": self.address},
            timeout=60,
            allow_redirects=False,
        )

    @property
    def is_leader(self) -> bool:
        """Whether this one keeps the list and the events."""
        return bool(self.get("/readyz").json()["leader"]["state"] == "leader")

    @property
    def worker_ids(self) -> list[int]:
        """The process ids of its workers."""
        return workers_of(self._started.process.pid)

    def signal_workers(self, number: signal.Signals) -> None:
        """Send every worker a signal."""
        for worker_id in self.worker_ids:
            os.kill(worker_id, number)

    def kill(self) -> None:
        """End all of it at once, in the middle of whatever it does."""
        worker_ids = self.worker_ids
        for process_id in (self._started.process.pid, *worker_ids):
            os.kill(process_id, signal.SIGKILL)
        self._started.process.wait()
        wait_until(lambda: not any(Path(f"/proc/{one}/cwd").exists() for one in worker_ids), what="its end")

    def close(self) -> None:
        """Let go of the connections of this object."""
        self._session.close()


Pair = tuple[Instance, Instance]


@contextmanager
def serving(
    sandbox: Sandbox, redis: RedisServer, data_dir: Path, *, is_quick: bool = False, **more: str
) -> Iterator[Instance]:
    """An instance, once it is ready. Those with the same Redis and directory work as one."""
    settings = {"REDIS_URL": redis.url, "SECRET_KEY": SECRET_KEY} | more
    with dashboard(sandbox, data_dir, settings, is_quick=is_quick) as started:
        instance = Instance(started, data_dir)
        try:
            wait_until(lambda: _is_ready(instance), 60, "the instance")
            yield instance
        finally:
            instance.close()


def _is_ready(instance: Instance) -> bool:
    """Whether it knows the others: it hears from Redis, and of the one that keeps the list."""
    try:
        return instance.get("/readyz").ok
    except (requests.ConnectionError, requests.Timeout):
        return False
