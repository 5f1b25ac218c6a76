"""All calls that match: asked first, then done with progress, a stop, another try and a way back."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import call_ids, expect_marked, mark, notices, read, shown, sign_in, tick, undo
from tests.e2e.test_changes import archive_ticked, states
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox


@pytest.fixture
def page(address: str, visitor: Visitor) -> Page:
    """Alice's list."""
    return read(sign_in(visitor(address).new_page()))


def ask(page: Page) -> None:
    """Come to the question whether all missed calls of the inbox are to be archived."""
    page.goto("/calls?type=missed&per_page=10")
    tick(page, call_ids(page)[:1])
    page.get_by_role("link", name=re.compile("^Archive all")).click()


def missed(sandbox: Sandbox) -> set[str]:
    """The missed calls of the inbox."""
    return {c["id"] for c in sandbox.calls() if c["call_type"] == "missed" and not c["is_archived"]}


def confirm(page: Page) -> None:
    """Say yes."""
    page.get_by_role("button", name=re.compile(r"^Archive \d+ calls$")).click()


def outcome(page: Page) -> str:
    """What the page of a change says when it has ended."""
    expect(page.locator("#job")).to_be_visible()
    expect(page.locator("[data-in-flight]")).to_have_count(0, timeout=60_000)
    return page.get_by_role("heading", level=1).inner_text()


def test_the_page_follows_a_long_change_and_ends_with_a_way_back(page: Page, sandbox: Sandbox) -> None:
    wanted, before = missed(sandbox), states(sandbox)
    ask(page)
    sandbox.be_slow(0.8, path="/calls/")

    confirm(page)
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_attribute("max", str(len(wanted)))
    mark(page)
    page.get_by_role("button", name="Stop").focus()
    expect(bar).to_have_attribute("value", re.compile("[1-9]"))
    sandbox.clear_faults()

    words = f"{len(wanted)} of {len(wanted)} calls archived"
    assert outcome(page) == words
    expect(page.get_by_role("heading", name=words)).to_be_focused()
    expect(page).to_have_title(re.compile(words))
    expect_marked(page)
    page.keyboard.press("Control+z")
    expect(page.get_by_text(f"{len(wanted)} calls moved to the inbox")).to_be_visible(timeout=60_000)
    assert states(sandbox) == before


def test_a_change_is_stopped_and_goes_on_later(page: Page, sandbox: Sandbox) -> None:
    wanted, before = missed(sandbox), states(sandbox)
    ask(page)
    sandbox.be_slow(0.8, path="/calls/")

    confirm(page)
    page.get_by_role("button", name="Stop").click()
    assert re.fullmatch(rf"\d+ of {len(wanted)} calls archived", outcome(page))
    expect(page.get_by_text("This was stopped.")).to_be_visible()
    sandbox.clear_faults()
    left = missed(sandbox)
    assert 0 < len(left) < len(wanted)
    page.get_by_role("button", name=f"Try {len(left)} call").click()

    expect(notices(page)).to_contain_text("archived.")
    assert missed(sandbox) == set()
    undo(page).click()
    expect(notices(page)).to_contain_text("moved to the inbox.")
    assert missed(sandbox) == left
    assert {
        call_id for call_id, is_archived in states(sandbox).items() if is_archived != before[call_id]
    } == (wanted - left)


def test_the_end_of_a_change_is_announced(page: Page, sandbox: Sandbox) -> None:
    number = len(missed(sandbox))
    ask(page)
    sandbox.be_slow(0.8, path="/calls/")

    confirm(page)
    expect(page.get_by_role("progressbar")).to_be_visible()
    sandbox.clear_faults()

    expect(page.locator("#announcer")).to_have_text(f"{number} of {number} calls archived")


def test_calls_that_failed_stay_ticked_and_are_tried_again(page: Page, sandbox: Sandbox) -> None:
    ids = call_ids(page)[:3]
    sandbox.answer_with(status=500, body=b"{}", times=100, path=f"/calls/{ids[1]}")
    tick(page, ids)

    archive_ticked(page)
    expect(notices(page)).to_contain_text("2 calls archived. 1 of 3 could not be archived.")
    expect(shown(page, ids[1]).get_by_role("checkbox")).to_be_checked()
    sandbox.clear_faults()
    archive_ticked(page)

    expect(notices(page)).to_contain_text("Call archived: ")
    assert all(sandbox.call(call_id)["is_archived"] for call_id in ids)
