"""Changes arrive on every open page: promises 1, 9 and 13."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import pytest
import requests

from tests.e2e.pages import call_ids, expect_archived, expect_live, sign_in
from tests.e2e.troubles import Visitor
from tests.support.dashboard import COOKIE, log_in, serving
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until

# How long a change may take to every open page, in milliseconds.
ON_EVERY_PAGE = 2000
RUNS, AT_ONCE = 200, 20
# When the change comes in Chromium, from the request for the page, in seconds.
OFFSETS = [tenth / 10 for tenth in range(10)]
# So many changes at once are not told one by one.
MORE_THAN_A_BURST = 101
# From the reading of a page to its connection, in seconds.
UNTIL_CONNECTED = 1.0


def test_a_change_is_on_eight_open_pages_within_two_seconds(
    address: str, visitor: Visitor, sandbox: Sandbox, took: Stopwatch
) -> None:
    context = visitor(address)
    sign_in(context.new_page())
    call_id = call_ids(context.pages[0])[0]
    for path in ["/calls"] * 3 + [f"/calls/{call_id}"] * 4:
        context.new_page().goto(path)
    for page in context.pages:
        expect_live(page)

    for _ in range(5):
        is_archived = sandbox.archive(call_id)["is_archived"]
        with took("shown on 8 pages"):
            for page in context.pages:
                expect_archived(page, call_id, is_archived, ON_EVERY_PAGE)


def test_each_change_is_told_once_however_many_pages_are_open(
    address: str, sandbox: Sandbox, visitor: Visitor
) -> None:
    context = visitor(address)
    ids = call_ids(sign_in(context.new_page()))[:3]
    for _ in range(3):
        context.new_page().goto("/calls")
    with connected(address, log_in(address, "bob")) as bob:
        bob.next("caught-up")

        told = []
        for call_id in ids:
            sandbox.archive(call_id)
            told.append(bob.next("update-call")["call"]["id"])

    assert told == ids
    assert sandbox.counters().subscriptions_now == 1
    assert sandbox.counters().subscriptions_total == 1


def test_a_change_while_the_page_loads_is_not_missed(
    shared_address: str, visitor: Visitor, shared_sandbox: Sandbox
) -> None:
    page = sign_in(visitor(shared_address).new_page())
    call_id = call_ids(page)[0]
    changed: list[bool] = []

    for offset in OFFSETS:
        change = Timer(offset, lambda: changed.append(shared_sandbox.archive(call_id)["is_archived"]))
        change.start()
        page.goto(f"/calls/{call_id}", wait_until="commit")
        change.join()

        expect_archived(page, call_id, changed[-1])
        expect_live(page)


def test_no_change_between_a_page_and_its_socket_is_missed_in_200_runs(tmp_path: Path) -> None:
    with Sandbox.start("--calls", "1000") as sandbox, serving(sandbox, tmp_path / "data") as address:
        cookie = log_in(address)
        wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")
        ids = [call["id"] for call in sandbox.calls()[:RUNS]]

        with ThreadPoolExecutor(AT_ONCE) as pool:
            offsets = [UNTIL_CONNECTED * run / RUNS for run in range(RUNS)]
            arrived = list(pool.map(lambda *run: _arrives(sandbox, address, cookie, *run), ids, offsets))

    assert arrived.count(True) == RUNS


@pytest.mark.parametrize(("drawn", "least", "most"), [(0.0, 0.0, 1.0), (0.9, 1.7, 3.5)])
def test_pages_that_have_to_be_read_again_take_their_time_within_two_seconds(
    address: str, visitor: Visitor, sandbox: Sandbox, drawn: float, least: float, most: float
) -> None:
    page = visitor(address).new_page()
    page.add_init_script(f"Math.random = () => {drawn}")
    told: list[float] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda text: note_reload(told, text)))
    sign_in(page)
    expect_live(page)

    with page.expect_request(lambda request: request.url == f"{address}/calls" and bool(told)):
        for _ in range(MORE_THAN_A_BURST):
            sandbox.add_call()
        told.clear()
        sandbox.drop_sockets()
    seconds = time.monotonic() - told[0]

    assert least <= seconds <= most
    expect_live(page)


def note_reload(told: list[float], frame: str | bytes) -> None:
    """Remember when a page is told to read itself again."""
    if str(frame).startswith('42["reload"'):
        told.append(time.monotonic())


def _arrives(sandbox: Sandbox, address: str, cookie: str, call_id: str, offset: float) -> bool:
    """Whether a page that is read now and connects later learns of a change `offset` seconds from now."""
    changed: list[bool] = []
    colleague = Sandbox(sandbox.url)
    change = Timer(offset, lambda: changed.append(colleague.archive(call_id)["is_archived"]))
    change.start()
    connects_at = time.monotonic() + UNTIL_CONNECTED
    page = requests.get(f"{address}/calls/{call_id}", cookies={COOKIE: cookie}, timeout=10).text
    position = re.findall('data-position="(.*?)"', page)[0]
    was_archived = re.findall('data-archived="(.*?)"', page)[0] == "true"
    wait_until(lambda: time.monotonic() > connects_at, what="the time to connect")
    with connected(address, cookie, position=position) as client:
        change.join()
        colleague.close()
        if was_archived == changed[0]:
            return True
        while True:
            name, payload = client.next_of("update-call", "reload")
            if name == "reload" or payload["call"]["id"] == call_id:
                return True
