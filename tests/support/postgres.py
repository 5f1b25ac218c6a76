"""A PostgreSQL of one's own: a real server in a temporary directory."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.support.ports import LOOPBACK, free_port
from tests.support.waiting import wait_until

USER, PASSWORD = "postgres", "swordfish"
STARTING_TIME, STOPPING_TIME = 30.0, 10.0
# It need not outlive a crash, and it sorts words as people do, so that a test sees where that matters.
INITDB = ("--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en", "--locale=C.UTF-8", "--no-sync")
SETTINGS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "unix_socket_directories=")
# What was made there may be extended, but extensions stay: they take long to come.
DROP_TABLES = """DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DROP TABLE public.%I CASCADE', name);
    END LOOP; END $$"""


class Postgres:
    """A running server with one database."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"postgresql://{USER}:{PASSWORD}@{LOOPBACK}:{port}/postgres"

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def clear(self) -> None:
        """Drop every table. Waits for whoever still uses one."""
        self.execute(DROP_TABLES)

    def answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server on a port of the system's choice. Raises AssertionError where PostgreSQL is not installed."""
    programs = _programs()
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        if owner := _owner():
            shutil.chown(directory, owner)
        _make(programs, directory)
        postgres = Postgres(free_port())
        settings = [f"listen_addresses={LOOPBACK}", f"port={postgres.port}", *SETTINGS]
        options = [f"--{setting}" for setting in settings]
        process = _run([str(programs / "postgres"), "-D", str(directory / "data"), *options], directory)
        try:
            wait_until(lambda: process.poll() is not None or postgres.answers(), STARTING_TIME, "PostgreSQL")
            assert process.poll() is None, _output(directory)
            yield postgres
        finally:
            # A fast shutdown: sessions that are still open are ended.
            process.send_signal(signal.SIGINT)
            process.wait(STOPPING_TIME)


def _programs() -> Path:
    """Where initdb and postgres are."""
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if config := shutil.which("pg_config"):
        folders.append(Path(subprocess.check_output([config, "--bindir"], text=True).strip()))
    if initdb := shutil.which("initdb"):
        folders.append(Path(initdb).parent)
    found = [folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()]
    assert found, "These tests need PostgreSQL: run scripts/install-postgresql, or install it yourself."
    return found[0]


def _owner() -> str | None:
    """PostgreSQL refuses to run as root."""
    return USER if os.geteuid() == 0 else None


def _make(programs: Path, directory: Path) -> None:
    password = directory / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    options = [f"--username={USER}", "--auth=scram-sha-256", f"--pwfile={password}", *INITDB]
    made = _run([str(programs / "initdb"), f"--pgdata={directory / 'data'}", *options], directory)
    assert made.wait(STARTING_TIME) == 0, _output(directory)


def _run(command: Sequence[str], directory: Path) -> subprocess.Popen[bytes]:
    as_owner: dict[str, Any] = {"user": _owner()} if _owner() else {}
    with (directory / "output").open("ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=directory, **as_owner
        )


def _output(directory: Path) -> str:
    return (directory / "output").read_text()
