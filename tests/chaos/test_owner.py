"""The process that keeps the list and the events: one at a time, and another soon after its end."""

import signal
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack

import pytest

from tests.chaos.conftest import Serve
from tests.chaos.instance import Instance
from tests.chaos.page import page_of
from tests.support.bare_socket import BareSocket, come_back
from tests.support.dashboard import log_in
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until

Pair = tuple[Instance, Instance]
# Frozen for longer than a lease, in seconds.
FREEZE = 12.0
# So many pages have to be back within so many seconds, by so few requests to the API.
STORM, ALL_BACK, FEW_READS, AT_ONCE = 300, 15.0, 10, 30


@pytest.fixture
def call_ids(sandbox: Sandbox) -> list[str]:
    """Some calls, all in the inbox."""
    return [call["id"] for call in sandbox.calls() if not call["is_archived"]][:3]


def test_pages_are_right_soon_after_the_owner_was_killed(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str], took: Stopwatch
) -> None:
    owner, other = pair
    with page_of(other, cookie, call_ids) as page:
        owner.kill()
        sandbox.archive(call_ids[0])
        sandbox.archive(call_ids[1])

        with took("right after the owner was killed"):
            page.wait_for(call_ids[0], True, within=10)
            page.wait_for(call_ids[1], True, within=10)
        wait_until(lambda: page.links[-1] == "live", 10, "a link that is live")
        assert other.is_leader
        assert sandbox.counters().subscriptions_now == 1


def test_an_owner_that_was_frozen_brings_no_old_state_back(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str], took: Stopwatch
) -> None:
    owner, other = pair
    changing, staying = call_ids[0], call_ids[1]
    with page_of(other, cookie, call_ids) as page:
        owner.signal_workers(signal.SIGSTOP)
        try:
            # These events wait in the frozen process's socket.
            sandbox.archive(changing)
            sandbox.archive(staying)
            with took("right while the owner is frozen"):
                page.wait_for(changing, True, within=FREEZE)
                page.wait_for(staying, True, within=FREEZE)
            sandbox.archive(changing)
            page.wait_for(changing, False, within=2)
        finally:
            owner.signal_workers(signal.SIGCONT)

        with took("one subscription again after the thaw"):
            wait_until(lambda: not owner.is_leader, 10, "the end of its office")
            wait_until(lambda: sandbox.counters().subscriptions_now == 1, 10, "one subscription")
        sandbox.archive(call_ids[2])
        page.wait_for(call_ids[2], True, within=2)

        states = [is_archived for call_id, is_archived in page.history if call_id == changing]
        assert states == [False, True, False]
        assert other.is_leader


def test_there_is_one_subscription_however_many_processes_come_and_go(
    pair: Pair, serve: Serve, sandbox: Sandbox
) -> None:
    several = serve(WORKERS="3")

    def is_one() -> bool:
        return sandbox.counters().subscriptions_now == 1

    wait_until(lambda: len(several.worker_ids) == 3, 20, "three workers")
    assert is_one()
    before = set(several.worker_ids)
    several.signal_workers(signal.SIGKILL)
    wait_until(lambda: len(set(several.worker_ids) - before) == 3, 20, "three workers again")
    assert is_one()
    pair[0].kill()
    wait_until(is_one, 10, "one subscription")


def test_no_page_calls_itself_live_while_nobody_listens(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str], took: Stopwatch
) -> None:
    with page_of(pair[1], cookie, call_ids) as page:
        wait_until(lambda: page.links[-1:] == ["live"], 10, "a link that is live")
        sandbox.refuse_sockets()

        with took("paused after the link was dropped and refused"):
            sandbox.drop_sockets()
            wait_until(lambda: page.links[-1] != "live", 15, "a page that says so")

        sandbox.refuse_sockets(False)
        wait_until(lambda: page.links[-1] == "live", 30, "a link that is live")


@pytest.mark.timeout(120)
def test_many_pages_come_back_at_once_and_ask_the_api_for_little(
    serve: Serve, sandbox: Sandbox, took: Stopwatch
) -> None:
    several = serve(WORKERS="2")
    cookie = log_in(several.address)
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, 20, "the subscription")
    with ExitStack() as many:
        for _ in range(STORM):
            many.enter_context(BareSocket.connect(several.address, cookie)).next_of("caught-up", "reload")
        reads_before = sandbox.counters().list_reads

        several.signal_workers(signal.SIGKILL)
        with took(f"{STORM} pages back after both workers were killed"), ThreadPoolExecutor(AT_ONCE) as pool:
            back = [pool.submit(come_back, many, several.address, cookie, ALL_BACK) for _ in range(STORM)]
            assert not wait(back, ALL_BACK).not_done

        assert all(page.result() for page in back)
        wait_until(lambda: sandbox.counters().subscriptions_now == 1, 10, "one subscription")
        assert sandbox.counters().list_reads - reads_before <= FEW_READS
