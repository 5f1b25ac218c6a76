"""Many pages at once, and a server that dies or is restarted under them: promises 12, 14, 15 and 18."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.live.conftest import Serve
from tests.e2e.pages import (
    add_note,
    call_ids,
    expect_live,
    expect_marked,
    mark,
    note_field,
    open_call,
    sign_in,
)
from tests.e2e.troubles import Troubles, Visitor
from tests.support.bare_socket import BareSocket, come_back
from tests.support.dashboard import COOKIE, log_in
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until

# Within which every page is told where it stands after the server died, and has then read itself, in seconds.
ALL_BACK, ALL_READ = 15.0, 45.0
# Within which a page that gives no sign of life is hung up on, in seconds: a ping after 4, 5 for its answer,
# and the library looks at each socket every 5.
MUTE_DROPPED = 15.0
STORM, OPEN, MUTE, LOADS = 300, 200, 50, 40
# What nineteen of twenty of those loads may take at most.
LOAD_SECONDS = 0.5
# Reading the list again is a request or two; all pages together ask for no more than this.
FEW_READS = 10
AT_ONCE = 30


@pytest.fixture
def many() -> Iterator[ExitStack]:
    """Holds sockets until the end of the test."""
    with ExitStack() as stack:
        yield stack


def read_page(address: str, cookie: str) -> int:
    """Load the list; the answer's status."""
    return requests.get(f"{address}/calls", cookies={COOKIE: cookie}, timeout=10).status_code


@pytest.mark.timeout(120)
def test_three_hundred_pages_come_back_after_the_server_was_killed(
    serve: Serve, many: ExitStack, sandbox: Sandbox, took: Stopwatch
) -> None:
    with serve() as server:
        address, cookie = server.ready[1], log_in(server.ready[1])
        for _ in range(STORM):
            many.enter_context(BareSocket.connect(address, cookie)).next_of("caught-up", "reload")
        wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")
        reads_before = sandbox.counters().list_reads
        [worker] = _children(server.process.pid)

        os.kill(worker, signal.SIGKILL)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            with took(f"{STORM} pages told where they stand"):
                back = [pool.submit(come_back, many, address, cookie, ALL_BACK) for _ in range(STORM)]
                assert not wait(back, ALL_BACK).not_done
            with took(f"{STORM} pages read again"):
                told = [page.result() for page in back]
                reads = [pool.submit(read_page, address, cookie) for name in told if name == "reload"]
                assert not wait(reads, ALL_READ).not_done

        assert {page.result() for page in reads} == {200}
        assert sandbox.counters().list_reads - reads_before <= FEW_READS
        wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="one subscription")


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_two_hundred_open_pages_leave_room_for_others(
    address: str, many: ExitStack, sandbox: Sandbox, took: Stopwatch
) -> None:
    cookie = log_in(address)
    for _ in range(OPEN):
        many.enter_context(BareSocket.connect(address, cookie)).next_of("caught-up", "reload")

    loads = []
    with took(f"{LOADS} pages loaded beside {OPEN} open ones"):
        for _ in range(LOADS):
            began = time.monotonic()
            assert read_page(address, cookie) == 200
            loads.append(time.monotonic() - began)

    assert quantiles(loads, n=20)[-1] <= LOAD_SECONDS
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="one subscription")


def test_mute_pages_are_hung_up_on_and_cost_the_others_nothing(
    address: str, many: ExitStack, sandbox: Sandbox, took: Stopwatch
) -> None:
    cookie = log_in(address)
    mute = [many.enter_context(BareSocket.connect(address, cookie)) for _ in range(MUTE)]
    healthy = many.enter_context(BareSocket.connect(address, cookie))
    healthy.next_of("caught-up", "reload")

    call_id = sandbox.calls()[0]["id"]
    sandbox.archive(call_id)
    with took(f"an event beside {MUTE} mute pages"):
        _, payload = healthy.next_of("update-call")
    with took(f"the last of {MUTE} mute pages hung up on"), ThreadPoolExecutor(MUTE) as pool:
        ends = [pool.submit(page.read_to_end) for page in mute]
        assert not wait(ends, MUTE_DROPPED).not_done

    assert payload["call"]["id"] == call_id


def test_a_restart_loses_no_request_and_no_typed_text(
    serve: Serve, visitor: Visitor, troubles: Troubles, sandbox: Sandbox, took: Stopwatch
) -> None:
    # While the server is away, nothing of it can be reached.
    troubles.expect("ERR_CONNECTION|WebSocket connection to .* failed")
    with serve() as server:
        address = server.ready[1]
        page = sign_in(visitor(address).new_page())
        call_id = call_ids(page)[0]
        open_call(page, call_id)
        expect_live(page)
        mark(page)
        note_field(page).fill("Half a thought")
        cookie = log_in(address, "bob")
        sandbox.be_slow(2, path=f"/calls/{call_id}", applied=True)
        reads = sandbox.counters().call_reads
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(
                requests.get, f"{address}/calls/{call_id}", cookies={COOKIE: cookie}, timeout=10
            )
            wait_until(lambda: sandbox.counters().call_reads > reads, what="the request under way")
            server.process.terminate()
            assert slow.result(10).status_code == 200

    sandbox.clear_faults()
    with took("a page back after the restart"), serve(urlsplit(address).port or 0):
        expect_live(page)
        expect(note_field(page)).to_have_value("Half a thought")
        expect_marked(page)
        add_note(page, "A whole thought")
        page.close()
