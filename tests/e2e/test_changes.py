"""A change can be taken back where it was made, and takes back nothing but itself."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import (
    archive_button,
    call_ids,
    expect_archived,
    expect_live,
    expect_marked,
    mark,
    notices,
    open_live,
    read,
    shown,
    sign_in,
    tick,
    undo,
)
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox


@pytest.fixture
def page(address: str, visitor: Visitor) -> Page:
    """Alice's list, live, with a mark that a reload would wipe out."""
    page = read(sign_in(visitor(address).new_page()))
    expect_live(page)
    mark(page)
    return page


def archive_ticked(page: Page) -> None:
    """Archive what is ticked."""
    page.get_by_role("group", name="Selected calls").get_by_role("button", name="Archive", exact=True).click()


def states(sandbox: Sandbox) -> dict[str, bool]:
    """Which calls are archived."""
    return {call["id"]: call["is_archived"] for call in sandbox.calls()}


@pytest.mark.parametrize("how", ["button", "Meta+z"])
def test_an_archived_call_comes_back_to_its_place(page: Page, sandbox: Sandbox, how: str) -> None:
    ids, before = call_ids(page), states(sandbox)
    archive_button(page, ids[3]).click()
    expect(notices(page)).to_contain_text("Call archived: ")
    expect(shown(page, ids[3])).to_have_count(0)

    if how == "button":
        undo(page).click()
    else:
        page.keyboard.press(how)

    expect(notices(page)).to_contain_text("Call moved to the inbox: ")
    expect(shown(page, ids[3]).get_by_role("link").first).to_be_focused()
    expect(undo(page)).to_have_count(0)
    expect_marked(page)
    assert call_ids(page) == ids
    assert states(sandbox) == before


def test_a_call_is_moved_back_on_its_own_page(page: Page, sandbox: Sandbox) -> None:
    call_id = call_ids(page)[0]
    open_live(page, f"/calls/{call_id}")
    archive_button(page, call_id).click()
    expect_archived(page, call_id)

    page.keyboard.press("Control+z")

    expect(notices(page)).to_contain_text("Call moved to the inbox: ")
    expect_archived(page, call_id, is_archived=False)
    expect_marked(page)
    assert sandbox.call(call_id)["is_archived"] is False


def test_in_a_field_the_key_is_the_fields_own(page: Page, sandbox: Sandbox) -> None:
    call_id = call_ids(page)[0]
    archive_button(page, call_id).click()
    expect(undo(page)).to_be_visible()

    page.get_by_role("searchbox").focus()
    page.keyboard.press("Control+z")

    expect(page.locator("[data-undo][data-busy]")).to_have_count(0)
    assert sandbox.call(call_id)["is_archived"] is True


def test_undo_draws_the_list_that_is_shown_by_then(page: Page, sandbox: Sandbox) -> None:
    call_id = call_ids(page)[0]
    archive_button(page, call_id).click()
    expect(undo(page)).to_be_visible()

    page.get_by_role("combobox", name="Type").select_option("voicemail")
    expect(page).to_have_url(re.compile("type=voicemail"))
    ids = call_ids(page)
    undo(page).click()

    expect(notices(page)).to_contain_text("Call moved to the inbox: ")
    expect(page).to_have_url(re.compile("type=voicemail"))
    expect(page.get_by_role("combobox", name="Type")).to_have_value("voicemail")
    assert [each for each in call_ids(page) if each != call_id] == ids
    assert sandbox.call(call_id)["is_archived"] is False
    expect_marked(page)


def test_what_a_colleague_has_changed_since_is_left_alone_and_named(page: Page, sandbox: Sandbox) -> None:
    theirs, ours = call_ids(page)[:2]
    number = shown(page, theirs).get_by_role("link").first.locator(".number").inner_text()
    tick(page, [theirs, ours])
    archive_ticked(page)
    expect(notices(page)).to_contain_text("2 calls archived.")
    sandbox.add_note(theirs, "This one is mine")

    undo(page).click()

    expect(notices(page)).to_contain_text("1 call moved to the inbox.")
    expect(notices(page)).to_contain_text(f"1 call left as it is, because it has changed since: {number}")
    assert sandbox.call(ours)["is_archived"] is False
    assert sandbox.call(theirs)["is_archived"] is True


def test_a_call_that_is_gone_says_so_when_it_is_archived(page: Page, sandbox: Sandbox) -> None:
    call_id = call_ids(page)[0]
    sandbox.answer_with(status=404, body=b"{}", times=None, path=f"/calls/{call_id}")

    archive_button(page, call_id).click()

    expect(notices(page)).to_contain_text("This call does not exist")
    expect(page.locator(f"[data-call-id='{call_id}'][data-archived=true]")).to_have_count(0)


def test_a_notice_says_which_call_and_goes_by_itself_as_undo_is_elsewhere(page: Page) -> None:
    page.clock.install()
    notice = page.locator("[data-notice]")
    first, second = call_ids(page)[:2]
    numbers = [shown(page, each).locator(".number").first.inner_text() for each in (first, second)]

    for call_id, number in zip((first, second), numbers, strict=True):
        archive_button(page, call_id).click()
        expect(notice).to_have_count(1)
        expect(notice).to_contain_text(f"Call archived: {number}, ")
    notice.hover()
    page.clock.fast_forward(20_000)
    expect(notice).to_be_visible()
    page.mouse.move(0, 0)
    page.clock.fast_forward(20_000)
    expect(notice).to_have_count(0)

    page.keyboard.press("z")
    expect(notice).to_contain_text(f"Call moved to the inbox: {numbers[1]}, ")


def test_a_notice_of_a_failure_stays_until_it_is_dismissed(page: Page, sandbox: Sandbox) -> None:
    page.clock.install()
    sandbox.answer_with(403, times=None, path="/calls/")

    archive_button(page, call_ids(page)[0]).click()
    expect(page.locator("[data-notice=error]")).to_be_visible()
    page.clock.fast_forward(60_000)

    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("[data-notice]")).to_have_count(0)
