"""A PostgreSQL of one's own: a real server in a temporary directory."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.support.ports import free_port
from tests.support.processes import running

LOOPBACK = "127.0.0.1"
USER, PASSWORD = "postgres", "swordfish"
READY = "ready to accept connections"
STARTING_TIME = 60.0
# It need not outlive a crash, and it sorts words as people do, so that a test sees where that matters.
INITDB = ("--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en", "--locale=C.UTF-8", "--no-sync")
SETTINGS = ("--fsync=off", "--full_page_writes=off", "--synchronous_commit=off", "--unix_socket_directories=")
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


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server on a port of the system's choice. Raises AssertionError where PostgreSQL is not installed."""
    programs = _programs()
    # PostgreSQL refuses to run as root.
    owner = USER if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        if owner:
            shutil.chown(directory, owner)
        _make(programs, directory, owner)
        postgres = Postgres(free_port())
        place = ["-D", str(directory / "data"), f"--listen_addresses={LOOPBACK}", f"--port={postgres.port}"]
        command = [str(programs / "postgres"), *place, *SETTINGS]
        with running(command, READY, directory=directory, user=owner) as started:
            try:
                yield postgres
            finally:
                # A fast shutdown: sessions that are still open are ended.
                started.process.send_signal(signal.SIGINT)


def _programs() -> Path:
    """Return the folder of initdb and postgres."""
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if config := shutil.which("pg_config"):
        folders.append(Path(subprocess.check_output([config, "--bindir"], text=True).strip()))
    if initdb := shutil.which("initdb"):
        folders.append(Path(initdb).parent)
    found = [folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()]
    assert found, "These tests need PostgreSQL: run scripts/install-postgresql, or install it yourself."
    return found[0]


def _make(programs: Path, directory: Path, owner: str | None) -> None:
    password = directory / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    place = [f"--pgdata={directory / 'data'}", f"--username={USER}", f"--pwfile={password}"]
    command = [str(programs / "initdb"), *place, "--auth=scram-sha-256", *INITDB]
    made = subprocess.run(command, capture_output=True, cwd=directory, timeout=STARTING_TIME, user=owner)
    assert made.returncode == 0, made.stderr.decode()
