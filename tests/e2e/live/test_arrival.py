"""Changes arrive on every open page, and none between a page and its socket is missed."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import pytest
import requests
from playwright.sync_api import WebSocketRoute

from tests.e2e.held_socket import HeldSocket, Moment
from tests.e2e.pages import call_ids, expect_archived, expect_live, expect_marked, mark, sign_in
from tests.e2e.troubles import Visitor
from tests.support.dashboard import COOKIE, TIMEOUT, log_in, serving
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until

# Milliseconds. How long a change may take to every open page (the promise is 2 s).
ON_EVERY_PAGE = 8000
RUNS, AT_ONCE = 200, 20
# From the reading of a page to its connection, in seconds.
UNTIL_CONNECTED = 0.5


def test_a_change_is_soon_on_eight_open_pages(
    shared_address: str, visitor: Visitor, shared_sandbox: Sandbox, took: Stopwatch
) -> None:
    context = visitor(shared_address)
    sign_in(context.new_page())
    call_id = call_ids(context.pages[0])[0]
    for path in ["/calls"] * 3 + [f"/calls/{call_id}"] * 4:
        context.new_page().goto(path)
    for page in context.pages:
        expect_live(page)

    for _ in range(3):
        is_archived = shared_sandbox.archive(call_id)["is_archived"]
        with took("shown on 8 pages"):
            for page in context.pages:
                expect_archived(page, call_id, is_archived, ON_EVERY_PAGE)


def test_no_change_between_a_page_and_its_socket_is_missed_in_200_runs(tmp_path: Path) -> None:
    with Sandbox.start("--calls", "1000") as sandbox, serving(sandbox, tmp_path / "data") as address:
        cookie = log_in(address)
        wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")
        ids = [call["id"] for call in sandbox.calls()[:RUNS]]

        with ThreadPoolExecutor(AT_ONCE) as pool:
            offsets = [UNTIL_CONNECTED * run / RUNS for run in range(RUNS)]
            arrived = list(pool.map(lambda *run: _arrives(sandbox, address, cookie, *run), ids, offsets))

    assert arrived.count(True) == RUNS


def _arrives(sandbox: Sandbox, address: str, cookie: str, call_id: str, offset: float) -> bool:
    """Whether a page that is read now and connects later learns of a change `offset` seconds from now."""
    changed: list[bool] = []
    colleague = Sandbox(sandbox.url)
    change = Timer(offset, lambda: changed.append(colleague.archive(call_id)["is_archived"]))
    change.start()
    connects_at = time.monotonic() + UNTIL_CONNECTED
    page = requests.get(f"{address}/calls/{call_id}", cookies={COOKIE: cookie}, timeout=TIMEOUT).text
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


@pytest.mark.parametrize(
    ("moment", "is_list"),
    [
        (Moment.BEFORE_OPENING, True),
        (Moment.BEFORE_CONNECTING, False),
        (Moment.BEFORE_ANSWER, True),
        (Moment.BEFORE_ANSWER, False),
    ],
)
def test_a_change_between_the_page_and_its_socket_is_not_missed(
    shared_address: str, visitor: Visitor, shared_sandbox: Sandbox, moment: Moment, is_list: bool
) -> None:
    alice = visitor(shared_address)
    page, witness = sign_in(alice.new_page()), sign_in(visitor(shared_address).new_page(), "bob")
    call_id = call_ids(page)[0]
    expect_live(witness)
    held = HeldSocket(alice, moment)
    page.goto("/calls" if is_list else f"/calls/{call_id}")
    mark(page)
    held.wait(page)

    shared_sandbox.archive(call_id)
    expect_archived(witness, call_id)
    expect_archived(page, call_id, is_archived=False)
    held.let_go()

    expect_archived(page, call_id)
    expect_live(page)
    expect_marked(page)


def test_pages_that_have_to_be_read_again_take_their_time(shared_address: str, visitor: Visitor) -> None:
    context, sockets = visitor(shared_address), list[WebSocketRoute]()

    def pass_on(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    context.route_web_socket(re.compile("/socket.io/"), pass_on)
    page = context.new_page()
    page.add_init_script("Math.random = () => 0.9")
    sign_in(page)
    expect_live(page)

    told_at = time.monotonic()
    with page.expect_request(f"{shared_address}/calls"):
        sockets[-1].send('42["reload",{"position":"another.1"}]')

    assert time.monotonic() - told_at >= 1.7
    expect_live(page)
