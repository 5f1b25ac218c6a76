"""The dashboard killed while it renews somebody's token: who was signed in still is after the next start."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.support.dashboard import COOKIE, TIMEOUT, dashboard, log_in, serving
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

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
