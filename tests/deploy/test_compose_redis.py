"""The Redis of deploy/compose.yaml, started by its command: who has to know what, and what it keeps."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import AuthenticationError, Redis

from tests.deploy.test_compose import SERVICES
from tests.support.ports import LOOPBACK, free_port
from tests.support.processes import running

PASSWORD = "herring"
READY = "Ready to accept connections"


@pytest.fixture
def port() -> int:
    """Where it answers."""
    return free_port()


@contextmanager
def as_composed(directory: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Run it as its container would, but for the port, and the folder of its file."""
    shell, options, script = SERVICES["redis"]["command"]
    # Compose writes a dollar twice where it is to be one.
    here = script.replace("$$", "$").replace("<<END\n", f"<<END\nbind {LOOPBACK}\nport {port}\n")
    with running(
        [shell, options, here],
        READY,
        environment={"PATH": "/usr/local/bin:/usr/bin:/bin", "REDISCLI_AUTH": PASSWORD},
        directory=directory,
    ) as started:
        yield started.process


def connected(port: int, password: str | None = PASSWORD) -> Redis:
    """A client, which connects when it is first used."""
    return Redis(host=LOOPBACK, port=port, password=password, decode_responses=True)


def test_who_has_not_the_password_gets_nothing_and_nobody_sees_it(tmp_path: Path, port: int) -> None:
    with as_composed(tmp_path, port) as process:
        with connected(port, None) as stranger, pytest.raises(AuthenticationError):
            stranger.get("session")
        with connected(port) as client:
            assert client.ping()
        assert PASSWORD not in Path(f"/proc/{process.pid}/cmdline").read_text()


def test_nothing_is_evicted(tmp_path: Path, port: int) -> None:
    with as_composed(tmp_path, port), connected(port) as client:
        limits = client.config_get("maxmemory*")

    assert limits["maxmemory-policy"] == "noeviction"
    assert int(limits["maxmemory"]) > 0


def test_what_it_holds_outlives_a_restart(tmp_path: Path, port: int) -> None:
    with as_composed(tmp_path, port), connected(port) as client:
        client.set("session", "alice")

    with as_composed(tmp_path, port), connected(port) as client:
        assert client.get("session") == "alice"
