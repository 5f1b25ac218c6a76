"""A page that was away is right at once: asleep, out of sight or left. Promise 10."""

import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Request

from tests.e2e.conftest import ARGUMENTS
from tests.e2e.live.conftest import Stopwatch
from tests.e2e.pages import call_ids, expect_archived, expect_live, expect_marked, mark, sign_in
from tests.e2e.troubles import Troubles, Visitor, open_context
from tests.support.chromium import Chromium
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# Milliseconds.
AFTER_WAKING = 3000
SLEEP_SECONDS = 60.0


def is_rereading(request: Request) -> bool:
    """Whether the page asks for itself in the background."""
    return urlsplit(request.url).path == "/calls" and request.headers.get("x-requested-with") == "background"


@pytest.mark.timeout(240)
def test_a_laptop_that_wakes_is_right_within_three_seconds(
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
        wait_until(lambda: time.monotonic() > asleep_since + SLEEP_SECONDS, 120, "the end of the night")
        chromium.wake()

        with took("right after waking"):
            expect_archived(page, call_id, is_archived, within=AFTER_WAKING)
        expect_live(page)
        expect_marked(page)
        laptop.close()


def test_a_page_that_nobody_saw_for_long_reads_itself_again(shared_address: str, visitor: Visitor) -> None:
    page = visitor(shared_address).new_page()
    page.clock.install()
    sign_in(page)
    expect_live(page)

    page.clock.fast_forward(20_000)
    with page.expect_request(is_rereading, timeout=AFTER_WAKING):
        page.clock.fast_forward(40_000)

    expect_live(page)


def test_a_page_that_is_come_back_to_is_right(
    shared_address: str, browser: Browser, tmp_path: Path, troubles: Troubles, shared_sandbox: Sandbox
) -> None:
    # Playwright's own Chromium keeps no pages for going back; this one does, as everybody's.
    with Chromium.start(ARGUMENTS, tmp_path / "profile") as chromium:
        everyday = browser.browser_type.connect_over_cdp(chromium.control)
        context = open_context(everyday, troubles, shared_address)
        page = sign_in(context.new_page())
        call_id = call_ids(page)[0]
        page.goto("/calls?view=all")
        expect_live(page)
        mark(page)
        page.goto("/healthz")
        is_archived = shared_sandbox.archive(call_id)["is_archived"]

        page.go_back()

        expect_archived(page, call_id, is_archived)
        expect_live(page)
        everyday.close()
