"""A Redis of one's own: a real server in a temporary directory, which can be killed, frozen and come back."""

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from tests.support.ports import LOOPBACK, free_port
from tests.support.waiting import wait_until

STARTING_TIME, STOPPING_TIME = 20.0, 10.0


class RedisServer:
    """A server on a port of its own, which it keeps when it is restarted."""

    def __init__(self, directory: Path, *, is_durable: bool = False) -> None:
        self._options = ["--appendonly", "yes"] if is_durable else []
        self.port = free_port()
        self.url = f"redis://{LOOPBACK}:{self.port}"
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, empty unless it is durable. Raises AssertionError where it cannot be started."""
        command = ["redis-server", "--port", str(self.port), "--bind", LOOPBACK, "--save", ""]
        with (self._directory / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [*command, *self._options, "--dir", str(self._directory)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        process = self._process
        wait_until(lambda: process.poll() is not None or self._answers(), STARTING_TIME, "Redis")
        assert process.poll() is None, (self._directory / "output").read_text()

    def stop(self) -> None:
        """End it as an operator does, if it runs."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Start it again on the same port, empty unless it is durable."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Keep its connections open, and answer nobody."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on where it was frozen."""
        self._signal(signal.SIGCONT)

    def execute(self, *command: str | float) -> Any:
        with Redis(host=LOOPBACK, port=self.port) as client:
            return client.execute_command(*command)

    def clear(self) -> None:
        self.execute("FLUSHALL")

    def _answers(self) -> bool:
        try:
            return bool(self.execute("PING"))
        except RedisError:
            return False

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            # A frozen one would not heed it.
            self._process.send_signal(signal.SIGCONT)
            self._process.wait(STOPPING_TIME)
            self._process = None


@contextmanager
def running_redis(*, is_durable: bool = False) -> Iterator[RedisServer]:
    """A server that holds nothing. A durable one keeps what it was told, but for its last second."""
    with tempfile.TemporaryDirectory(prefix="redis-", ignore_cleanup_errors=True) as name:
        server = RedisServer(Path(name), is_durable=is_durable)
        try:
            server.start()
            yield server
        finally:
            server.stop()
