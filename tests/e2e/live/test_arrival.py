"""Changes arrive on every open page, and none between a page and its socket is missed."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import pytest
import requests

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
# So many changes at once are not told one by one.
MORE_THAN_A_BURST = 101
# From the reading of a page to its connection, in seconds.
UNTIL_CONNECTED = 1.0


def test_a_change_is_soon_on_eight_open_pages(
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


@pytest.mark.timeout(150)
def test_no_change_between_a_page_and_its_socket_is_missed_in_200_runs(tmp_path: Path) -> None:
    with Sandbox.start("--calls", "1000") as sandbox, serving(sandbox, tmp_path / "data") as address:
        cookie = log_in(address)
        wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")
        ids = [call["id"] for call in sandbox.calls()[:RUNS]]

        with ThreadPoolExecutor(AT_ONCE) as pool:
            offsets = [UNTIL_CONNECTED * run / RUNS for run in range(RUNS)]
            arrived = list(pool.map(lambda *run: _arrives(sandbox, address, cookie, *run), ids, offsets))

    assert arrived.count(True) == RUNS


@pytest.mark.parametrize(("drawn", "least", "most"), [(0.0, 0.0, 1.7), (0.9, 1.7, 6.0)])
def test_pages_that_have_to_be_read_again_take_their_time(
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


@pytest.mark.parametrize("is_list", [True, False], ids=["list", "call"])
@pytest.mark.parametrize("moment", Moment)
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
    while not held.is_held:
        page.wait_for_timeout(10)

    shared_sandbox.archive(call_id)
    expect_archived(witness, call_id)
    expect_archived(page, call_id, is_archived=False)
    held.let_go()

    expect_archived(page, call_id)
    expect_live(page)
    expect_marked(page)
