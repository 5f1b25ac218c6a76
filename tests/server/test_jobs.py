"""A change of many calls while the server stops: what was done is told, and the rest can be tried again."""

import re
import signal
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup, Tag

from tests.support.dashboard import COOKIE, TIMEOUT, dashboard, log_in, serving
from tests.support.sandbox import Sandbox


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
        # Well below the time after which the server would be killed.
        assert started.process.wait(7) == 0
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
