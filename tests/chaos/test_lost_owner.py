"""The process that keeps the list and the events dies, or stands still, while calls change all the time."""

import signal
import time

import pytest

from tests.chaos.colleague import colleague_at_work
from tests.chaos.conftest import Serve
from tests.chaos.instance import Instance
from tests.chaos.lasting_page import LastingPage, Shown, lasting_pages, truth, wait_until_right
from tests.support.dashboard import log_in
from tests.support.postgres import Postgres
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until

Pair = tuple[Instance, Instance]
# Within so many seconds every page is right; a freeze is longer than a lease.
RIGHT, FREEZE = 10.0, 12.0

pytestmark = pytest.mark.timeout(150)


@pytest.fixture(params=["sqlite", "postgresql"])
def pair(request: pytest.FixtureRequest, serve: Serve, sandbox: Sandbox) -> Pair:
    """The owner and another one, on a file or on a server."""
    more = {}
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        more = {"DATABASE_URL": postgres.url}
    first, second = serve(**more), serve(**more)
    log_in(first.address, "somebody")
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, 20, "the subscription")
    return (first, second) if first.is_leader else (second, first)


@pytest.fixture
def call_ids(sandbox: Sandbox) -> list[str]:
    """Some calls."""
    return [call["id"] for call in sandbox.calls()[:6]]


def steps_back(states: list[tuple[str, Shown]]) -> list[tuple[str, Shown]]:
    """Those that are older than one of the same call that came before."""
    latest: dict[str, int] = {}
    back = []
    for call_id, state in states:
        if state.note_count < latest.get(call_id, 0):
            back.append((call_id, state))
        latest[call_id] = max(latest.get(call_id, 0), state.note_count)
    return back


def test_every_page_is_right_soon_after_the_owners_worker_was_killed(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str], took: Stopwatch
) -> None:
    addresses = [one.address for one in pair] * 2
    with lasting_pages(addresses, cookie, call_ids) as pages:
        with colleague_at_work(sandbox, call_ids):
            wait_until(lambda: all(page.told for page in pages), 10, "changes on every page")
            pair[0].signal_workers(signal.SIGKILL)
            began = time.monotonic()
            wait_until(lambda: time.monotonic() > began + 1, what="changes that nobody hears of")

        with took("4 pages right after the owner's worker was killed"):
            wait_until_right(pages, sandbox, RIGHT - 1)
        wait_until(lambda: all(page.is_live for page in pages), 10, "pages that are live")

        assert sandbox.counters().subscriptions_now == 1
        assert [steps_back(page.told) + steps_back(page.history) for page in pages] == [[]] * len(pages)


def test_no_page_goes_back_to_an_older_state_when_a_frozen_owner_goes_on(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str], took: Stopwatch
) -> None:
    owner, other = pair
    addresses = [one.address for one in pair] * 2
    with lasting_pages(addresses, cookie, call_ids) as pages:
        elsewhere = [page for number, page in enumerate(pages) if number % 2]
        with colleague_at_work(sandbox, call_ids):
            wait_until(lambda: all(page.told for page in pages), 10, "changes on every page")
            owner.signal_workers(signal.SIGSTOP)
            began = time.monotonic()
            try:
                frozen_at = truth(sandbox, call_ids)
                with took("a change after the freeze on the other process's pages"):
                    wait_until(lambda: all(_is_past(page, frozen_at) for page in elsewhere), RIGHT, "news")
                wait_until(lambda: time.monotonic() > began + FREEZE, FREEZE + 1, "the end of the freeze")
            finally:
                owner.signal_workers(signal.SIGCONT)
            thawed_at = time.monotonic()
            wait_until(lambda: time.monotonic() > thawed_at + 1, what="changes after the thaw")

        with took("4 pages right after the last change, 1 s after the thaw"):
            wait_until_right(pages, sandbox, RIGHT - 1)
        wait_until(lambda: all(page.is_live for page in pages), 10, "pages that are live")

        assert (owner.is_leader, other.is_leader) == (False, True)
        assert sandbox.counters().subscriptions_now == 1
        assert [steps_back(page.told) + steps_back(page.history) for page in pages] == [[]] * len(pages)


def _is_past(page: LastingPage, state: dict[str, Shown]) -> bool:
    return all(page.shown[call_id].note_count > shown.note_count for call_id, shown in state.items())
