"""The served dashboard while the API is dead or hangs: pages answer, the API is left alone, and all heals."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from time import monotonic

import pytest
import requests

from tests.support.dashboard import COOKIE, log_in, serving
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

USERS = 12
PAGES_EACH = 10
# Shorter than a hanging API takes, and than our own patience with it (seconds).
AT_ONCE = 5.0
PATIENT = 30.0
HEALED_WITHIN = 15.0
# What a page takes while the API is left alone, and what needs no API ever.
TOLD_WITHIN, ALWAYS_WITHIN = 0.2, 1.0
CIRCUIT_OPEN = "The phone system does not answer at the moment."
TROUBLES: dict[str, Callable[[Sandbox], None]] = {
    "dead": lambda sandbox: sandbox.answer_503(times=None),
    "hanging": lambda sandbox: sandbox.be_slow(60),
}


class Site:
    """The dashboard as people use it, each with a cookie of their own."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = [log_in(address, f"user{number}") for number in range(USERS)]

    def get(self, path: str, user: int = 0, timeout: float = AT_ONCE) -> str:
        """A page, which has to be one."""
        cookies = {COOKIE: self.cookies[user]}
        answer = requests.get(f"{self.address}{path}", cookies=cookies, timeout=timeout)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text

    def get_together(self, path: str, *, times: int, timeout: float) -> list[str]:
        """The page as each of these people gets it, so often."""
        with ThreadPoolExecutor(USERS) as pool:
            users = list(range(USERS)) * times
            return list(pool.map(lambda user: self.get(path, user, timeout), users))


@pytest.fixture
def site(sandbox: Sandbox, tmp_path: Path) -> Iterator[Site]:
    """The dashboard, its list read."""
    with serving(sandbox, tmp_path / "data") as address:
        site = Site(address)
        wait_until(lambda: sandbox.calls()[0]["id"] in site.get("/calls"), what="the list")
        yield site
        # What hangs would hold up the end.
        sandbox.clear_faults()


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_pages_answer_from_what_is_known_and_the_api_is_left_alone_until_it_is_back(
    site: Site, sandbox: Sandbox, trouble: Callable[[Sandbox], None]
) -> None:
    path = f"/calls/{sandbox.calls()[0]['id']}"
    trouble(sandbox)
    site.get_together(path, times=1, timeout=PATIENT)
    before = sandbox.counters().requests

    pages = site.get_together(path, times=PAGES_EACH, timeout=PATIENT)
    lists = site.get_together("/calls", times=1, timeout=AT_ONCE)

    # All but a probe now and then are told at once; the list is read behind the pages.
    assert sum(CIRCUIT_OPEN in page for page in pages) >= len(pages) - 2
    assert all("This is the call as of" in page for page in pages)
    assert all(path in page for page in lists)
    assert sandbox.counters().requests - before <= len(pages) / 5
    # Whoever meets a probe waits for it, so that the middle one is looked at.
    assert usual_seconds(lambda: site.get(path, timeout=PATIENT)) <= TOLD_WITHIN
    for open_to_all in ("/login", "/healthz", "/readyz", "/static/dist/manifest.json"):
        assert usual_seconds(lambda: site.get(open_to_all)) <= ALWAYS_WITHIN  # noqa: B023

    sandbox.clear_faults()
    wait_until(lambda: "This is the call as of" not in site.get(path), HEALED_WITHIN, "an up-to-date page")
    wait_until(lambda: _upstream_state(site) == "ok", HEALED_WITHIN, "a list that is read again")


def usual_seconds(get: Callable[[], str]) -> float:
    """What the middle one of nine pages takes, got one after the other."""
    seconds = []
    for _ in range(9):
        began_at = monotonic()
        get()
        seconds.append(monotonic() - began_at)
    return median(seconds)


def _upstream_state(site: Site) -> str:
    answer = requests.get(f"{site.address}/readyz", timeout=AT_ONCE).json()
    return str(answer["upstream"]["state"])


def test_the_list_is_read_again_without_anybody_asking(site: Site, sandbox: Sandbox) -> None:
    sandbox.answer_503(times=None)
    wait_until(lambda: _upstream_state(site) != "ok", PATIENT, "a reading that failed")

    sandbox.clear_faults()

    wait_until(lambda: _upstream_state(site) == "ok", HEALED_WITHIN, "a list that is read again")


@pytest.mark.parametrize("name", ["hangs", "drips"])
def test_a_page_takes_eight_seconds_at_the_most(site: Site, sandbox: Sandbox, name: str) -> None:
    path = f"/calls/{sandbox.calls()[0]['id']}"
    if name == "hangs":
        sandbox.be_slow(60)
    else:
        sandbox.drip(0.5)

    # Without a word before the page is drawn, so that this bounds the whole of it.
    page = site.get(path, timeout=8)

    assert "did not answer in time" in page
