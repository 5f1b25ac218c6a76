"""One of several dashboards, a process that ends and comes back at the same address."""

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests

from tests.support.dashboard import READY, settings
from tests.support.ports import LOOPBACK, free_port
from tests.support.processes import Started, running
from tests.support.sandbox import Sandbox

TIMEOUT = 10.0
# What is under way is given eight seconds.
STOPPING_TIME = 15.0


class Instance:
    """A dashboard with files of its own."""

    def __init__(self, sandbox: Sandbox, data_dir: Path, shared: Mapping[str, str]) -> None:
        port = free_port()
        self.address = f"http://{LOOPBACK}:{port}"
        self._environment = (
            dict(os.environ) | settings(sandbox, data_dir) | dict(shared) | {"PORT": str(port)}
        )
        self._running = ExitStack()
        self._started: Started | None = None

    def start(self) -> None:
        """Run it, unless it runs; it listens, which is before it answers."""
        if self._started is not None and self._started.process.poll() is None:
            return
        self.close()
        command = [sys.executable, "app.py"]
        program = running(command, READY, environment=self._environment, stopping_time=STOPPING_TIME)
        self._started = self._running.enter_context(program)

    def send(self, number: signal.Signals) -> None:
        """Send its first process a signal."""
        assert self._started is not None
        self._started.process.send_signal(number)

    def wait_for_end(self) -> int:
        """Its exit status, once it has ended."""
        assert self._started is not None
        return self._started.process.wait(STOPPING_TIME)

    def close(self) -> None:
        """Stop it, if it runs."""
        self._running.close()

    def state(self) -> dict[str, Any]:
        """What /readyz tells, empty while it does not answer."""
        try:
            found: dict[str, Any] = requests.get(f"{self.address}/readyz", timeout=TIMEOUT).json()
        except requests.RequestException:
            return {}
        return found

    def is_leader(self) -> bool:
        """Whether it leads, as far as it can be asked."""
        return bool(self.state().get("leader", {}).get("state") == "leader")

    def is_ready(self) -> bool:
        """Whether it answers, and its storage does."""
        return bool(self.state().get("storage", {}).get("state") == "ok")
