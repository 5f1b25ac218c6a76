"""Sixty missed calls cleared over a line of 400 ms and 50 kB/s, by keyboard alone and by mouse in the row.

A person presses a key, or clicks on one spot, every PAUSE seconds as long as there is a row, in Chromium. It
ends when the API has exactly those calls archived that were in the first rows: no key or click may be lost.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bench.figures import Figure
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.pages import expect_live, sign_in
from tests.support.dashboard import serving
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

CALLS, MISSED = 1_000, 60
# The line, in milliseconds and bytes per second.
LATENCY, SPEED = 400, 50_000
LINE = {"offline": False, "latency": LATENCY, "downloadThroughput": SPEED, "uploadThroughput": SPEED}
# Seconds between two keys or clicks, and what all of it may take.
PAUSE, BUDGET = 0.4, 60.0
# Milliseconds until a row goes. Judged by the median: other load on the machine delays some.
AT_ONCE = 50.0
# Notes how long after a key or click the row goes.
STOPWATCH = """() => {
  window.delays = [];
  let began = null;
  for (const name of ['keydown', 'click']) addEventListener(name, () => { began = performance.now(); }, true);
  new MutationObserver((records) => {
    const isGone = records.some(({ removedNodes }) => [...removedNodes].some((node) => node.dataset?.callId
      ?? node.querySelector?.('[data-call-id]')));
    if (isGone && began !== null) requestAnimationFrame(() => window.delays.push(performance.now() - began));
  }).observe(document.getElementById('list'), { childList: true, subtree: true });
}"""
FIRST_ROW = "#list [data-call-id]"


def run() -> list[Figure]:
    """Return for keyboard and mouse how long it took, beside the budget, and how fast rows went."""
    figures = []
    for name, clear in (("keyboard", _press), ("mouse", _click)):
        with _list() as (page, sandbox):
            seconds = _cleared(page, sandbox, clear)
            delays = page.evaluate("() => window.delays")
        figures += [
            Figure(f"triage by {name}, {MISSED} calls", seconds, BUDGET, "s", 1.0),
            Figure(f"triage by {name}, a row goes", statistics.median(delays), AT_ONCE, "ms", 1.0),
        ]
    return figures


@contextmanager
def _list() -> Iterator[tuple[Page, Sandbox]]:
    """The missed calls of an inbox, live, over the slow line."""
    with (
        tempfile.TemporaryDirectory() as data_dir,
        Sandbox.start("--calls", str(CALLS)) as sandbox,
        serving(sandbox, Path(data_dir)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        page = sign_in(browser.new_page(base_url=address))
        page.goto("/calls?type=missed&direction=inbound")
        page.wait_for_selector("html:not(:has([data-syncing]))")
        expect_live(page)
        page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", LINE)
        page.evaluate(STOPWATCH)
        yield page, sandbox
        browser.close()


def _cleared(page: Page, sandbox: Sandbox, clear: Callable[[Page], None]) -> float:
    """Clear the calls; return the seconds until the API has them archived, and no other."""
    before = _inbox(sandbox)
    missed = [call_id for call_id, is_missed in before.items() if is_missed][:MISSED]
    began = time.monotonic()
    clear(page)
    wanted = set(before) - set(missed)
    wait_until(lambda: set(_inbox(sandbox)) == wanted, 2 * BUDGET, "exactly those calls archived")
    return time.monotonic() - began


def _press(page: Page) -> None:
    page.keyboard.press("j")
    for _ in range(MISSED):
        _pause(page)
        page.wait_for_function(f"() => document.activeElement.closest('{FIRST_ROW}')")
        page.keyboard.press("e")


def _click(page: Page) -> None:
    button = page.locator(f"{FIRST_ROW} [name=archived]").first
    button.hover()
    for _ in range(MISSED):
        _pause(page)
        button.wait_for()
        # Where the pointer is.
        page.mouse.down()
        page.mouse.up()


def _pause(page: Page) -> None:
    page.wait_for_timeout(PAUSE * 1000)


def _inbox(sandbox: Sandbox) -> dict[str, bool]:
    """The calls of the inbox, newest first, and whether each was missed."""
    calls = [call for call in sandbox.calls() if not call["is_archived"]]
    calls.sort(key=lambda call: (call["created_at"], call["id"]), reverse=True)
    return {call["id"]: (call["call_type"], call["direction"]) == ("missed", "inbound") for call in calls}
