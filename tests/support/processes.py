"""Starting programs the tests need, and stopping them by their id."""

import re
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

ROOT = Path(__file__).parents[2]
# How many lines of output are kept to show what went wrong.
LINES_KEPT = 200
# How long a program may take to end on SIGTERM, in seconds.
STOPPING_TIME = 10.0


@dataclass(frozen=True, slots=True)
class Started:
    """A program, and the match of the line that said it was ready."""

    process: subprocess.Popen[str]
    ready: re.Match[str]
    _output: "_Output"

    def output(self) -> str:
        """The last lines it wrote so far; all of them once it was stopped."""
        return self._output.text()


class _Output(Thread):
    """Reads a program's output to its end, so that it never blocks, and looks for a line in it."""

    def __init__(self, process: subprocess.Popen[str], pattern: str) -> None:
        super().__init__(name="process-output", daemon=True)
        self._stream = process.stdout
        self._pattern = re.compile(pattern)
        self._kept: deque[str] = deque(maxlen=LINES_KEPT)
        self.found: re.Match[str] | None = None
        self.decided = Event()

    def run(self) -> None:
        for line in self._stream or ():
            self._kept.append(line)
            if self.found is None and (match := self._pattern.search(line)):
                self.found = match
                self.decided.set()
        self.decided.set()

    def text(self) -> str:
        return "".join(list(self._kept))


@contextmanager
def running(
    command: Sequence[str],
    ready: str,
    *,
    deadline: float = 60.0,
    environment: Mapping[str, str] | None = None,
    directory: Path = ROOT,
    user: str | None = None,
    stopping_time: float = STOPPING_TIME,
) -> Iterator[Started]:
    """Run a command and give it back once a line of its output matches `ready`; stop it at the end.

    Output and errors are one stream. Raises AssertionError, showing it, where the line did not come within
    `deadline` seconds or the program ended first.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd=directory,
        user=user,
    )
    output = _Output(process, ready)
    output.start()
    try:
        output.decided.wait(deadline)
        if output.found is None:
            raise AssertionError(f"{' '.join(command)} was not ready within {deadline:g} s:\n{output.text()}")
        yield Started(process, output.found, output)
    finally:
        stop(process, stopping_time)
        output.join()
        if process.stdout is not None:
            process.stdout.close()


def stop(process: subprocess.Popen[str], stopping_time: float = STOPPING_TIME) -> None:
    """End a program: SIGTERM, and SIGKILL where it does not heed that within `stopping_time` seconds."""
    process.terminate()
    try:
        process.wait(stopping_time)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
