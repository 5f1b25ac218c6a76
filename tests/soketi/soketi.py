"""A soketi on loopback, with ports of the system's choice. Knows how it starts and stops, and no listener."""

import json
import signal
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from tests.support.node import node_of
from tests.support.processes import running

HERE = Path(__file__).parent
PROGRAM = HERE / "node_modules/@soketi/soketi/bin/server.js"
# The Pusher SDK takes nothing but digits for an id.
APP = {"id": "1001", "key": "app-key", "secret": "app-secret"}
LOOPBACK = "127.0.0.1"
READY = "Websockets server is available"


class Soketi:
    """The server and its one app."""

    def __init__(self, directory: Path) -> None:
        self.port, metrics_port, cluster_port = _free_ports()
        self._config = directory / "soketi.json"
        self._config.write_text(json.dumps(_config(self.port, metrics_port, cluster_port)))
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        assert PROGRAM.exists(), f"First run: npm ci --ignore-scripts --prefix {HERE}"
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self.thaw()
        self._stack.close()

    def crash_and_return(self) -> None:
        """End without a word, connections and all, and come back at the same port."""
        self._process.kill()
        self._stack.close()
        self._start()

    def freeze(self) -> None:
        """Stop, as a machine does that is suspended; connections stay."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        self._process.send_signal(signal.SIGCONT)

    def _start(self) -> None:
        command = [node_of(HERE), str(PROGRAM), "start", f"--config={self._config}"]
        started = self._stack.enter_context(running(command, READY, directory=HERE))
        self._process: subprocess.Popen[str] = started.process


def _free_ports() -> list[int]:
    """Three ports that are free for TCP and UDP alike, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((LOOPBACK, 0))) for _ in range(3)]
        return [tcp_socket.getsockname()[1] for tcp_socket in sockets]


def _config(port: int, metrics_port: int, cluster_port: int) -> dict[str, Any]:
    """Every part on loopback: by itself soketi listens to the whole network, and broadcasts to it."""
    unlimited = {
        "maxConnections": -1,
        "maxBackendEventsPerSecond": -1,
        "maxClientEventsPerSecond": -1,
        "maxReadRequestsPerSecond": -1,
    }
    return {
        "host": LOOPBACK,
        "port": port,
        "debug": False,
        "shutdownGracePeriod": 50,
        "metrics.host": LOOPBACK,
        "metrics.port": metrics_port,
        "cluster.hostname": LOOPBACK,
        "cluster.address": LOOPBACK,
        "cluster.unicast": LOOPBACK,
        "cluster.port": cluster_port,
        "appManager.array.apps": [
            {**APP, **unlimited, "enableClientMessages": False, "enabled": True, "webhooks": []}
        ],
    }
