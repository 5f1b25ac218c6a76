"""A Chromium of one's own that can be put to sleep whole, as by a laptop's lid."""

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import running

READY = r"DevTools listening on (ws://\S+)"


class Chromium:
    """A running browser: where to control it, and its sleep."""

    def __init__(self, pid: int, control: str) -> None:
        self._pid = pid
        self.control = control

    @classmethod
    @contextmanager
    def start(cls, arguments: Sequence[str], profile: Path) -> Iterator["Chromium"]:
        path = shutil.which("chromium")
        assert path, "Chromium has to be installed so that `chromium` is a command."
        command = [path, "--headless", "--remote-debugging-port=0", f"--user-data-dir={profile}", *arguments]
        with running(command, READY) as started:
            chromium = cls(started.process.pid, started.ready[1])
            try:
                yield chromium
            finally:
                chromium.wake()

    def sleep(self) -> None:
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for pid in _with_descendants(self._pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _with_descendants(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            # A thread may have just ended.
            with contextlib.suppress(OSError):
                found += map(int, children.read_text().split())
    return found
