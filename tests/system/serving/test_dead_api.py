"""The served dashboard while the API is dead or hangs: pages answer, the API is spared, and all heals."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import monotonic

import pytest
import requests

from tests.support.dashboard import COOKIE, SharedDashboard, log_in, serving, shared_dashboard
from tests.support.quick_app import QUICK
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

PEOPLE, TABS = 3, 12
PAGES_EACH = 5
# Seconds. Shorter than a hanging API takes.
AT_ONCE = 15.0
PATIENT = 45.0
# Seconds. The circuit is tried again after two, the list is read again within three.
HEALED_WITHIN = 20.0
# Seconds. What a page takes while the API is left alone (the promise is 0.2), and what needs no API ever (1).
TOLD_WITHIN, ALWAYS_WITHIN = 1.0, 3.0
# Seconds. What a page takes at the most while the API hangs (the promise is 8), with production's times.
LONGEST = 12.0
# What a page says whose call the API could not be asked for.
OLD = "This call may have changed since"
CIRCUIT_OPEN = "The phone system is not answering right now."
TROUBLES: dict[str, Callable[[Sandbox], None]] = {
    "dead": lambda sandbox: sandbox.answer_503(times=None),
    "hanging": lambda sandbox: sandbox.be_slow(60),
}


class Site:
    """The dashboard as a few people use it, in several tabs."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = [log_in(address, f"user{number}") for number in range(PEOPLE)]

    def get(self, path: str, tab: int = 0, timeout: float = AT_ONCE) -> str:
        """A page, which has to be one."""
        cookies = {COOKIE: self.cookies[tab % PEOPLE]}
        answer = requests.get(f"{self.address}{path}", cookies=cookies, timeout=timeout)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text

    def get_together(self, path: str, times: int = 1) -> list[str]:
        """The page as each of these tabs gets it, so often."""
        with ThreadPoolExecutor(TABS) as pool:
            return list(pool.map(lambda tab: self.get(path, tab, PATIENT), list(range(TABS)) * times))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedDashboard]:
    """A dashboard with short times whose circuits may be open for a while after a test."""
    with shared_dashboard(tmp_path_factory.mktemp("data"), is_quick=True) as shared:
        yield shared


@pytest.fixture
def site(address: str, sandbox: Sandbox) -> Iterator[Site]:
    """The dashboard, its list read and its circuits closed."""
    site = Site(address)
    call_id = sandbox.calls()[0]["id"]
    wait_until(lambda: call_id in site.get("/calls"), HEALED_WITHIN, "the list")
    wait_until(lambda: OLD not in site.get(f"/calls/{call_id}"), HEALED_WITHIN, "an up-to-date page")
    yield site
    # What hangs would hold up the end.
    sandbox.clear_faults()


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_pages_answer_from_what_is_known_and_the_api_is_left_alone_until_it_is_back(
    site: Site, sandbox: Sandbox, trouble: Callable[[Sandbox], None]
) -> None:
    path = f"/calls/{sandbox.calls()[0]['id']}"
    trouble(sandbox)
    site.get_together(path)
    before, began_at = sandbox.counters().requests, monotonic()

    pages = site.get_together(path, PAGES_EACH)
    lists = site.get_together("/calls")

    # All but a probe now and then are told at once; the list is read behind the pages.
    probes = 2 + (monotonic() - began_at) / QUICK.breaker_pause
    assert sum(CIRCUIT_OPEN in page for page in pages) >= len(pages) - probes
    assert all(OLD in page for page in pages)
    assert all(path in page for page in lists)
    assert sandbox.counters().requests - before <= 4 * probes
    # A page that meets a probe waits for it, so that the middle one is looked at.
    assert usual_seconds(lambda: site.get(path, timeout=PATIENT)) <= TOLD_WITHIN
    for open_to_all in ("/login", "/healthz", "/readyz", "/static/dist/manifest.json"):
        assert usual_seconds(lambda: site.get(open_to_all)) <= ALWAYS_WITHIN  # noqa: B023

    sandbox.clear_faults()
    # The list is read again without being asked for.
    wait_until(lambda: is_list_read(site.address), HEALED_WITHIN, "the list")
    wait_until(lambda: OLD not in site.get(path), HEALED_WITHIN, "an up-to-date page")


def is_list_read(address: str) -> bool:
    state = requests.get(f"{address}/readyz", timeout=AT_ONCE).json()["upstream"]["state"]
    return bool(state == "ok")


def usual_seconds(get: Callable[[], str]) -> float:
    """What the middle one of nine pages takes, got one after the other."""
    began_at = [monotonic()]
    for _ in range(9):
        get()
        began_at.append(monotonic())
    return median(after - before for before, after in pairwise(began_at))


def test_a_page_takes_eight_seconds_at_the_most(sandbox: Sandbox, tmp_path: Path) -> None:
    hangs, drips = (f"/calls/{call['id']}" for call in sandbox.calls()[:2])
    with serving(sandbox, tmp_path / "data") as address, ThreadPoolExecutor(2) as pool:
        site = Site(address)
        wait_until(lambda: drips in site.get("/calls"), HEALED_WITHIN, "the list")
        sandbox.be_slow(60, path=hangs)
        sandbox.drip(0.5, path=drips)

        # Not a byte comes before the page is drawn, so that this bounds the whole of it.
        for page in pool.map(lambda path: site.get(path, timeout=LONGEST), (hangs, drips)):
            assert "did not answer in time" in page
        # What hangs would hold up the end.
        sandbox.clear_faults()
