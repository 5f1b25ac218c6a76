"""A server that stops, is killed, and starts again with pages and work open."""

import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup, Tag
from socketio.exceptions import ConnectionError as RefusedError

from tests.support.dashboard import COOKIE, TIMEOUT, SharedDashboard, dashboard, log_in, serving, settings
from tests.support.processes import ROOT
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.waiting import wait_until

GRACE = 7.5


def test_open_pages_do_not_hold_up_a_stop_and_stay_signed_in_over_it(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with dashboard(sandbox, tmp_path / "data") as started:
        address = started.ready[1]
        cookie = log_in(address)
        with connected(address, cookie) as page:
            started.process.send_signal(signal.SIGTERM)
            page.next("disconnect")
        # A page that comes back before the end is hung up on too.
        with suppress(RefusedError), connected(address, cookie) as page:
            page.next("disconnect")

        # Below the grace that the server gives to requests under way, by which time it would be killed.
        assert started.process.wait(GRACE) == 0

    with serving(sandbox, tmp_path / "data") as address, connected(address, cookie) as page:
        assert page.next("caught-up")


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
        [sys.executable, "app.py"], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=30
    )

    assert ended.returncode == 1
    assert "broken.db cannot be used" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def signed_in(cookie: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.cookies.set(COOKIE, cookie)
    return session


def page_of(session: requests.Session, url: str) -> BeautifulSoup:
    return BeautifulSoup(session.get(url, timeout=TIMEOUT).text, "html.parser")


def archive_all(session: requests.Session, address: str) -> str:
    """Archive the whole inbox; the path of the page that follows it."""
    page = page_of(session, f"{address}/calls/archive?archived=true")
    form = page.select_one("form.confirm__actions")
    assert isinstance(form, Tag), page
    fields = {str(field["name"]): str(field["value"]) for field in form.select("input")}
    answer = session.post(
        f"{address}/calls/archive", data=fields | {"archived": "true"}, timeout=TIMEOUT, allow_redirects=False
    )
    return answer.headers["Location"]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_in_the_middle_leaves_no_change_untold(
    sandbox: Sandbox, tmp_path: Path, stop: signal.Signals
) -> None:
    with dashboard(sandbox, tmp_path / "data") as started:
        cookie = log_in(started.ready[1])
        with signed_in(cookie) as session:
            sandbox.be_slow(0.4, path="/calls/")
            path = archive_all(session, started.ready[1])
        assert sandbox.counters().archive_flips

        started.process.send_signal(stop)
        assert started.process.wait(GRACE) == 0
    sandbox.clear_faults()

    with serving(sandbox, tmp_path / "data") as address, signed_in(cookie) as session:
        page = page_of(session, address + path)

    flips = sandbox.counters().archive_flips
    said = re.match(r"(\d+) of \d+ calls archived", page.select_one("h1").get_text(strip=True))  # type: ignore[union-attr]
    assert said is not None, page
    assert int(said[1]) == flips
    assert "not reached before this was stopped" in page.get_text()
    assert page.select("#retry-button")
    assert page.select("#undo-button")


REFRESH = "/auth/refresh-token"
# Before the API has made new tokens, and after it, when they are lost.
MOMENTS: dict[str, Callable[[Sandbox], None]] = {
    "before": lambda sandbox: sandbox.be_slow(30, path=REFRESH),
    "after": lambda sandbox: sandbox.apply_and_never_answer(times=1, seconds=30, path=REFRESH),
}


@pytest.mark.parametrize("meet", MOMENTS.values(), ids=MOMENTS)
def test_who_was_signed_in_stays_so_when_all_is_killed_in_the_middle_of_a_refresh(
    sandbox: Sandbox, tmp_path: Path, meet: Callable[[Sandbox], None]
) -> None:
    path = f"/calls/{sandbox.calls()[0]['id']}"
    with (
        dashboard(sandbox, tmp_path / "data") as started,
        ThreadPoolExecutor(1) as pool,
    ):
        cookies = {COOKIE: log_in(started.ready[1])}
        sandbox.expire_access_tokens()
        meet(sandbox)
        refused = sandbox.counters().unauthorized
        page = pool.submit(requests.get, started.ready[1] + path, cookies=cookies, timeout=TIMEOUT)
        wait_until(lambda: sandbox.counters().unauthorized > refused, what="a token that is refused")
        wait_until(lambda: sandbox.counters().refreshes or meet is MOMENTS["before"], what="a refresh")
        started.process.kill()
        assert isinstance(page.exception(TIMEOUT), requests.ConnectionError)
    sandbox.clear_faults()

    with serving(sandbox, tmp_path / "data") as address:
        answer = requests.get(address + path, cookies=cookies, timeout=TIMEOUT)

    assert answer.url == address + path
    assert "This is the call as of" not in answer.text
    assert sandbox.counters().logins == 1
