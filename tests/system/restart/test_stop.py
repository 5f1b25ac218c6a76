"""A server that stops, is killed, and starts again with pages and work open."""

import os
import re
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup
from socketio.exceptions import ConnectionError as RefusedError

from aircall.storage.database import open_database
from aircall.team.database import prepare
from tests.integration.team.versions import set_version
from tests.support.dashboard import COOKIE, TIMEOUT, SharedDashboard, dashboard, log_in, serving, settings
from tests.support.processes import ROOT
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.waiting import wait_until

# Seconds. Below what the server gives to requests under way, by which time it would be killed.
GRACE = 7.5


def test_what_belongs_to_another_api_is_forgotten(sandbox: Sandbox, tmp_path: Path) -> None:
    with serving(sandbox, tmp_path / "data") as address:
        cookie = log_in(address)

    with Sandbox.start() as other, serving(other, tmp_path / "data") as address:
        with pytest.raises(RefusedError), connected(address, cookie):
            pass
        assert other.counters().unauthorized == 0


def test_no_other_user_of_the_machine_can_read_what_is_kept(address: str, shared: SharedDashboard) -> None:
    log_in(address)

    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in shared.data_dir.rglob("*")}

    folders = {path for path in modes if path.is_dir()}
    assert {path.relative_to(shared.data_dir).parts[0] for path in folders} == {"metrics", "jinja"}
    assert {path: mode for path, mode in modes.items() if mode != (0o700 if path in folders else 0o600)} == {}
    assert len(modes) > 5


def test_an_unusable_file_ends_the_start_with_one_line(sandbox: Sandbox, tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_text("This is no database, and it is long enough for that to be seen. " * 20)
    unusable = {"DATABASE_URL": f"sqlite:///{broken}"}
    environment = dict(os.environ) | settings(sandbox, tmp_path / "data") | unusable

    ended = subprocess.run(
        [sys.executable, "app.py"], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert ended.returncode == 1
    assert "broken.db cannot be used" in ended.stderr


@pytest.mark.parametrize(("version", "reason"), [(9999, "newer version"), (0, "cannot be upgraded")])
def test_team_data_of_a_version_that_is_not_known_ends_the_start_with_one_line(
    sandbox: Sandbox, tmp_path: Path, version: int, reason: str
) -> None:
    environment = dict(os.environ) | settings(sandbox, tmp_path)
    engine = open_database(f"sqlite:///{tmp_path / 'team.db'}")
    prepare(engine)
    set_version(engine, version)
    engine.dispose()

    ended = subprocess.run(
        [sys.executable, "app.py"], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("Callboard cannot start: ")
    assert reason in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert len(ended.stderr.splitlines()) == 1


def get(url: str, cookie: str) -> BeautifulSoup:
    """A page, redirects followed."""
    answer = requests.get(url, cookies={COOKIE: cookie}, timeout=TIMEOUT)
    return BeautifulSoup(answer.text, "html.parser")


def archive_all(address: str, cookie: str) -> str:
    """Archive the whole inbox; the path of the page that follows it."""
    (form,) = get(f"{address}/calls/archive?archived=true", cookie).select("form.confirm__actions")
    fields = {str(field["name"]): str(field["value"]) for field in form.select("input")}
    answer = requests.post(
        f"{address}/calls/archive",
        data=fields | {"archived": "true"},
        cookies={COOKIE: cookie},
        timeout=TIMEOUT,
        allow_redirects=False,
    )
    return answer.headers["Location"]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_not_held_up_leaves_no_change_untold_and_signs_nobody_out(
    sandbox: Sandbox, tmp_path: Path, stop: signal.Signals
) -> None:
    with dashboard(sandbox, tmp_path / "data") as started:
        address = started.ready[1]
        cookie = log_in(address)
        sandbox.be_slow(0.4, path="/calls/")
        with connected(address, cookie) as page:
            path = archive_all(address, cookie)
            wait_until(lambda: sandbox.counters().archive_flips, what="the first change")
            started.process.send_signal(stop)
            page.next("disconnect")
        # A page that comes back before the end is hung up on too.
        with suppress(RefusedError), connected(address, cookie) as page:
            page.next("disconnect")
        assert started.process.wait(GRACE) == 0
    sandbox.clear_faults()

    with serving(sandbox, tmp_path / "data") as address:
        with connected(address, cookie) as page:
            assert page.next("caught-up")
        told = get(address + path, cookie)

    said = re.match(r"(\d+) of \d+ calls archived", told.select("h1")[0].get_text(strip=True))
    assert said is not None, told
    assert int(said[1]) == sandbox.counters().archive_flips
    assert "This was stopped." in told.get_text()
    assert told.select("#retry-button")
    assert told.select("#undo-button")


REFRESH = "/auth/refresh-token"


def test_who_was_signed_in_stays_so_when_all_is_killed_in_the_middle_of_a_refresh(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path = f"/calls/{sandbox.calls()[0]['id']}"
    with dashboard(sandbox, tmp_path / "data") as started, ThreadPoolExecutor(2) as pool:
        cookies = [{COOKIE: log_in(started.ready[1], name)} for name in ("alice", "bob")]
        sandbox.expire_access_tokens()
        # One is met before the API has made new tokens, the other after it, when they are lost.
        sandbox.be_slow(30, times=1, path=REFRESH)
        sandbox.apply_and_never_answer(times=1, path=REFRESH, seconds=30)
        refused = sandbox.counters().unauthorized
        pages = [
            pool.submit(requests.get, started.ready[1] + path, cookies=each, timeout=TIMEOUT)
            for each in cookies
        ]
        wait_until(lambda: sandbox.counters().unauthorized >= refused + 2, what="tokens that are refused")
        wait_until(lambda: sandbox.counters().refreshes, what="a refresh")
        started.process.kill()
        assert all(isinstance(page.exception(TIMEOUT), requests.ConnectionError) for page in pages)
    sandbox.clear_faults()

    with serving(sandbox, tmp_path / "data") as address:
        for each in cookies:
            answer = requests.get(address + path, cookies=each, timeout=TIMEOUT)
            assert answer.url == address + path
            assert "This call may have changed since" not in answer.text
    assert sandbox.counters().logins == 2
