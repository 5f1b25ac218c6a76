"""Stopping and starting again with pages open."""

import os
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from socketio.exceptions import ConnectionError as RefusedError

from tests.support.dashboard import dashboard, log_in, serving, settings
from tests.support.processes import ROOT
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected


def test_an_open_page_does_not_hold_up_the_end(sandbox: Sandbox, tmp_path: Path) -> None:
    with dashboard(sandbox, tmp_path / "data") as started:
        address = started.ready[1]
        with connected(address, log_in(address)) as page:
            started.process.send_signal(signal.SIGTERM)

            page.next("disconnect")
            # Well below the grace that the server gives to requests under way.
            assert started.process.wait(6) == 0


def test_a_page_that_comes_back_before_the_end_does_not_hold_it_up(sandbox: Sandbox, tmp_path: Path) -> None:
    with dashboard(sandbox, tmp_path / "data") as started:
        address = started.ready[1]
        cookie = log_in(address)
        with connected(address, cookie) as page:
            started.process.send_signal(signal.SIGTERM)
            page.next("disconnect")
        with suppress(RefusedError), connected(address, cookie) as page:
            page.next("disconnect")

        assert started.process.wait(6) == 0


def test_a_restart_keeps_everybody_signed_in(sandbox: Sandbox, tmp_path: Path) -> None:
    with serving(sandbox, tmp_path / "data") as address:
        cookie = log_in(address)

    with serving(sandbox, tmp_path / "data") as address, connected(address, cookie) as page:
        assert page.next("caught-up")


def test_what_belongs_to_another_api_is_forgotten(sandbox: Sandbox, tmp_path: Path) -> None:
    with serving(sandbox, tmp_path / "data") as address:
        cookie = log_in(address)

    with Sandbox.start() as other, serving(other, tmp_path / "data") as address:
        with pytest.raises(RefusedError), connected(address, cookie):
            pass
        assert other.counters().unauthorized == 0


def test_nobody_else_on_the_machine_can_read_what_is_kept(sandbox: Sandbox, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o755)
    with serving(sandbox, data_dir) as address:
        log_in(address)

        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in data_dir.rglob("*")}
        folders = {path for path in modes if path.is_dir()}

    assert {path.relative_to(data_dir).parts[0] for path in folders} == {"jinja", "metrics"}
    assert {path: mode for path, mode in modes.items() if mode != (0o700 if path in folders else 0o600)} == {}
    assert len(modes) > 5


def test_an_unusable_file_ends_the_start_with_one_line(sandbox: Sandbox, tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_text("This is no database, and it is long enough for that to be seen. " * 20)
    unusable = {"DATABASE_URL": f"sqlite:///{broken}"}
    environment = dict(os.environ) | settings(sandbox, tmp_path / "data") | unusable

    ended = subprocess.run(
        [sys.executable, "app.py"], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=30
    )

    assert ended.returncode == 1
    assert "broken.db cannot be used" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
