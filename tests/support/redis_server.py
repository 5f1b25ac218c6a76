"""A Redis of one's own: a real server in a temporary directory, which can be killed, frozen and come back."""

import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from redis import Redis

from tests.support.ports import LOOPBACK, free_port
from tests.support.processes import running

READY = "Ready to accept connections"


class RedisServer:
    """A server on a port of its own, which it keeps when it is restarted."""

    def __init__(self, directory: Path, *, is_durable: bool = False) -> None:
        self.port = free_port()
        self.url = f"redis://{LOOPBACK}:{self.port}"
        self._command = ["redis-server", "--port", str(self.port), "--bind", LOOPBACK, "--save", ""]
        self._command += ["--appendonly", "yes" if is_durable else "no"]
        self._directory = directory
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        """Start it, empty unless it is durable. Raises AssertionError where it cannot be started."""
        started = self._running.enter_context(running(self._command, READY, directory=self._directory))
        self._process = started.process

    def stop(self) -> None:
        """End it as an operator does, if it runs."""
        # A frozen one would not heed it.
        self.thaw()
        self._running.close()

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._process.kill()
        self._running.close()

    def restart(self) -> None:
        """Start it again on the same port, empty unless it is durable."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Keep its connections open, and answer nobody."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def execute(self, *command: str | float) -> Any:
        with Redis(host=LOOPBACK, port=self.port) as client:
            return client.execute_command(*command)

    def clear(self) -> None:
        self.execute("FLUSHALL")


@contextmanager
def running_redis(*, is_durable: bool = False) -> Iterator[RedisServer]:
    """A server that holds nothing. A durable one keeps what it was told, but for its last second."""
    with tempfile.TemporaryDirectory(prefix="redis-", ignore_cleanup_errors=True) as name:
        server = RedisServer(Path(name), is_durable=is_durable)
        try:
            yield server
        finally:
            server.stop()
