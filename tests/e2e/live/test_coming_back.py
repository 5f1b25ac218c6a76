"""A page that was away, or whose server was, is right at once."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, Request, Response, expect

from tests.e2e.conftest import ARGUMENTS
from tests.e2e.pages import (
    call_ids,
    claimed,
    expect_archived,
    expect_live,
    expect_marked,
    expect_not_live,
    mark,
    note_field,
    notes,
    open_call,
    sign_in,
    watch_connection,
)
from tests.e2e.troubles import Troubles, Visitor, open_context
from tests.support.chromium import Chromium
from tests.support.dashboard import COOKIE, TIMEOUT, dashboard, log_in, serving
from tests.support.relay import Relay
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until

# Milliseconds. The promise is 3 s after waking.
AFTER_WAKING = 9000
FALLBACK = 30_000
# In seconds; the page takes half a minute without a timer for a sleep.
SLEEP = 33.0


def is_rereading(request: Request) -> bool:
    """Whether the page asks for itself in the background."""
    return urlsplit(request.url).path == "/calls" and request.headers.get("x-requested-with") == "background"


def is_answer(response: Response) -> bool:
    """Whether the page was answered what it asked of itself."""
    return is_rereading(response.request)


def rereadings(page: Page) -> list[Request]:
    """What the page asks for itself from now on."""
    found: list[Request] = []
    page.on("request", lambda request: found.append(request) if is_rereading(request) else None)
    return found


def put_out_of_sight(page: Page, *, is_hidden: bool = True) -> None:
    """Tell the page that it is hidden: a Chromium without windows never does."""
    page.evaluate(
        """(isHidden) => {
            Object.defineProperty(document, 'hidden', { configurable: true, get: () => isHidden });
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        is_hidden,
    )


def put_in_sight(page: Page) -> None:
    """Tell the page that it is visible again."""
    put_out_of_sight(page, is_hidden=False)


def test_a_laptop_that_wakes_is_soon_right(
    shared_address: str,
    tmp_path: Path,
    browser: Browser,
    troubles: Troubles,
    shared_sandbox: Sandbox,
    took: Stopwatch,
) -> None:
    with Chromium.start(ARGUMENTS, tmp_path / "profile") as chromium:
        laptop = browser.browser_type.connect_over_cdp(chromium.control)
        context = open_context(laptop, troubles, shared_address)
        page = sign_in(context.new_page())
        call_id = call_ids(page)[0]
        expect_live(page)
        mark(page)

        chromium.sleep()
        asleep_since = time.monotonic()
        is_archived = shared_sandbox.archive(call_id)["is_archived"]
        wait_until(lambda: time.monotonic() > asleep_since + SLEEP, 2 * SLEEP, "the end of the night")
        chromium.wake()

        with took("right after waking"):
            expect_archived(page, call_id, is_archived, within=AFTER_WAKING)
        expect_live(page)
        expect_marked(page)
        laptop.close()


@pytest.fixture
def page(shared_address: str, visitor: Visitor) -> Page:
    """Alice's list, live, with a clock that can be turned."""
    page = visitor(shared_address).new_page()
    page.clock.install()
    sign_in(page)
    expect_live(page)
    return page


@pytest.mark.parametrize("seconds", [20, 60])
def test_a_sleep_is_not_worth_a_word_where_the_page_is_soon_live_again(page: Page, seconds: int) -> None:
    watch_connection(page)

    with page.expect_websocket():
        page.clock.fast_forward(seconds * 1000)

    expect_live(page)
    assert claimed(page) == ["live"]


def test_a_page_that_nobody_saw_for_long_reads_itself_again(page: Page) -> None:
    page.clock.fast_forward(20_000)
    with page.expect_request(is_rereading, timeout=AFTER_WAKING):
        page.clock.fast_forward(40_000)

    expect_live(page)


@pytest.mark.parametrize(("seconds", "times"), [(20, 0), (40, 1)])
def test_a_page_that_was_out_of_sight_for_long_reads_itself_again(
    page: Page, shared_sandbox: Sandbox, seconds: int, times: int
) -> None:
    readings = rereadings(page)

    put_out_of_sight(page)
    page.clock.run_for(seconds * 1000)
    assert readings == []
    put_in_sight(page)

    expect_live(page)
    call_id = call_ids(page)[0]
    is_archived = shared_sandbox.archive(call_id)["is_archived"]
    expect_archived(page, call_id, is_archived)
    assert len(readings) == times


def test_a_page_without_a_socket_asks_for_nothing_while_it_is_out_of_sight(
    shared_address: str, visitor: Visitor
) -> None:
    context = visitor(shared_address)
    context.route_web_socket(re.compile("/socket.io/"), lambda socket: socket.close())
    page = context.new_page()
    page.clock.install()
    sign_in(page)
    readings = rereadings(page)
    with page.expect_response(is_answer):
        page.clock.run_for(FALLBACK)

    put_out_of_sight(page)
    page.clock.run_for(10 * FALLBACK)
    asked_out_of_sight = len(readings) - 1
    with page.expect_response(is_answer):
        put_in_sight(page)

    assert asked_out_of_sight == 0


def let_it_be_kept(answer: bytes) -> bytes:
    """The server's answer without the word that has Chromium keep no page for going back, as others do."""
    return answer.replace(b"no-store", b"no-cache")


def test_a_page_that_is_come_back_to_is_right(
    shared_address: str, browser: Browser, tmp_path: Path, troubles: Troubles, shared_sandbox: Sandbox
) -> None:
    # Playwright's own Chromium keeps no pages for going back; this one does, as usual browsers.
    with (
        Relay.to(shared_address, let_it_be_kept) as relay,
        Chromium.start(ARGUMENTS, tmp_path / "profile") as chromium,
    ):
        everyday = browser.browser_type.connect_over_cdp(chromium.control)
        page = sign_in(open_context(everyday, troubles, relay.address).new_page())
        call_id = call_ids(page)[0]
        page.goto("/calls?view=all")
        expect_live(page)
        mark(page)
        page.goto("/healthz")
        is_archived = shared_sandbox.archive(call_id)["is_archived"]

        # A page that was kept is not loaded, for which `go_back` would wait.
        page.evaluate("() => history.back()")

        expect_archived(page, call_id, is_archived)
        expect_live(page)
        expect_marked(page)
        everyday.close()


def test_a_restart_of_the_server_is_shown_and_loses_no_request_change_or_typed_text(
    sandbox: Sandbox, tmp_path: Path, visitor: Visitor, troubles: Troubles, took: Stopwatch
) -> None:
    # While the server is away, nothing of it can be reached.
    troubles.expect("ERR_CONNECTION|WebSocket connection to .* failed")
    with dashboard(sandbox, tmp_path / "data", is_quick=True) as server:
        address = server.ready[1]
        page = sign_in(visitor(address).new_page())
        call_id = call_ids(page)[0]
        open_call(page, call_id)
        expect_live(page)
        mark(page)
        note_field(page).fill("Half a thought")
        cookies = {COOKIE: log_in(address, "bob")}
        sandbox.be_slow(2, path=f"/calls/{call_id}", applied=True)
        reads = sandbox.counters().call_reads
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(requests.get, f"{address}/calls/{call_id}", cookies=cookies, timeout=TIMEOUT)
            wait_until(lambda: sandbox.counters().call_reads > reads, what="the request under way")
            server.process.terminate()
            assert slow.result().status_code == 200

    expect_not_live(page)
    sandbox.clear_faults()
    sandbox.archive(call_id)
    sandbox.add_note(call_id, "While you were away")
    port = {"PORT": str(urlsplit(address).port)}
    with took("a page back"), serving(sandbox, tmp_path / "data", port, is_quick=True):
        expect_live(page)
        expect_archived(page, call_id)
        expect(notes(page).first).to_have_text("While you were away")
        expect(note_field(page)).to_have_value("Half a thought")
        expect_marked(page)
        page.close()
