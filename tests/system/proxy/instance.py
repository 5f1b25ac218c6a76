"""One of several dashboards, a process that ends and comes back at the same address."""

import signal
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen
from typing import Any

import requests

from tests.support.dashboard import dashboard
from tests.support.ports import LOOPBACK, free_port
from tests.support.sandbox import Sandbox

TIMEOUT = 10.0
# What is under way is given eight seconds.
STOPPING_TIME = 15.0


class Instance:
    """A dashboard with files of its own."""

    def __init__(self, sandbox: Sandbox, data_dir: Path, shared: Mapping[str, str]) -> None:
        port = free_port()
        self.address = f"http://{LOOPBACK}:{port}"
        self._sandbox, self._data_dir = sandbox, data_dir
        self._settings = {**shared, "PORT": str(port)}
        self._running = ExitStack()
        self._process: Popen[str] | None = None

    def start(self) -> None:
        """Run it, unless it runs; returns once it answers."""
        if self._process is None or self._process.poll() is not None:
            self.close()
            program = dashboard(self._sandbox, self._data_dir, self._settings, stopping_time=STOPPING_TIME)
            self._process = self._running.enter_context(program).process

    def terminate(self) -> None:
        """Tell it to stop, as an operator does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait_for_end(self) -> int:
        """Its exit status, once it has ended."""
        assert self._process is not None
        return self._process.wait(STOPPING_TIME)

    def close(self) -> None:
        """Stop it, if it runs."""
        self._running.close()

    def state(self, part: str) -> Any:
        """What /readyz tells of a part, None while it does not answer."""
        try:
            return requests.get(f"{self.address}/readyz", timeout=TIMEOUT).json()[part]["state"]
        except requests.RequestException:
            return None

    def is_leader(self) -> bool:
        """Whether it leads, as far as it can be asked."""
        return bool(self.state("leader") == "leader")

    def is_ready(self) -> bool:
        """Whether it answers, and its storage does."""
        return bool(self.state("storage") == "ok")
