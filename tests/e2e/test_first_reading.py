"""The first reading of a long history: one sees how far it is, and works with what is there already."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages import archive_button, call_ids, expect_calls, expect_marked, mark, sign_in
from tests.e2e.troubles import Visitor
from tests.support.dashboard import serving
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

CALLS, PAGE_LENGTH = 8000, 200
# Each of the four requests that are under way at once takes so long, in seconds.
SLOWNESS = 1.5


@pytest.fixture
def long_history() -> Iterator[Sandbox]:
    """A sandbox that sends a long list in small pieces, and takes its time."""
    with Sandbox.start("--calls", str(CALLS), "--max-limit", str(PAGE_LENGTH)) as sandbox:
        # Only the list: the first fault that is for a request is the one that it meets.
        sandbox.be_slow(0, path="/calls/")
        sandbox.be_slow(SLOWNESS, path="/calls")
        yield sandbox


@pytest.fixture
def unread(long_history: Sandbox, tmp_path: Path) -> Iterator[str]:
    """Where a dashboard is served that has not begun to read this list."""
    with serving(long_history, tmp_path / "data") as address:
        yield address


def bar(page: Page) -> Locator:
    """The progress bar, by the sentence that goes with it."""
    return page.get_by_role("progressbar", name=re.compile("^Loading the calls"))


def read_count(page: Page) -> int:
    """How many calls the bar says have been read; 0 where it cannot say so yet, or is gone."""
    values = [each.get_attribute("value") for each in bar(page).all()]
    return int(values[0] or 0) if values else 0


def expect_whole(page: Page, sandbox: Sandbox) -> None:
    """The bar is gone, and every call of the API is counted."""
    expect(page.locator("[data-syncing]")).to_have_count(0, timeout=60_000)
    in_inbox = sum(not call["is_archived"] for call in sandbox.calls())
    expect(page.locator("#page-head")).to_contain_text(f"{in_inbox:,} calls")


@pytest.mark.timeout(120)
def test_an_open_page_follows_the_first_reading_and_can_be_worked_with(
    unread: str, visitor: Visitor, long_history: Sandbox
) -> None:
    page = sign_in(visitor(unread).new_page())
    mark(page)
    expect(bar(page)).to_have_attribute("max", str(CALLS))
    expect_calls(page)
    first = read_count(page)
    assert 0 < first < CALLS

    call_id = call_ids(page)[0]
    archive_button(page, call_id).click()
    expect(page.locator("#notices")).to_contain_text("Call archived")
    assert long_history.call(call_id)["is_archived"]
    wait_until(lambda: read_count(page) > first, what="progress", deadline=15)
    expect(page.get_by_text(re.compile(r"Loading the calls: [\d,]+ of 8,000 so far"))).to_be_visible()
    expect(page.get_by_text("You can already work with these")).to_be_visible()

    long_history.clear_faults()
    expect_whole(page, long_history)
    expect_marked(page)
