"""The same with scripts switched off: everything but live updates."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import (
    add_note,
    archive_button,
    call_ids,
    expect_archived,
    notes,
    open_call,
    shown,
    sign_in,
    times,
)
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


@pytest.fixture
def page(shared_address: str, visitor: Visitor) -> Page:
    """Alice's browser, which runs no scripts."""
    return sign_in(visitor(shared_address, java_script_enabled=False).new_page())


def test_paging_shows_every_call_once_newest_first(page: Page, shared_sandbox: Sandbox) -> None:
    count = len(shared_sandbox.calls())
    page.goto("/calls?view=all")
    ids, moments = call_ids(page), times(page)
    while (older := page.get_by_role("link", name="Older")).count():
        following = f"Page {len(ids) // 25 + 1} of {-(-count // 25)}"
        older.click()
        expect(page.get_by_text(following)).to_be_visible()
        ids, moments = ids + call_ids(page), moments + times(page)

    assert len(ids) == count
    assert sorted(ids) == sorted(call["id"] for call in shared_sandbox.calls())
    assert moments == sorted(moments, reverse=True)


def test_what_one_does_another_sees_after_a_reload(shared_address: str, page: Page, visitor: Visitor) -> None:
    bobs_list = sign_in(visitor(shared_address, java_script_enabled=False).new_page(), "bob")
    bobs_list.goto("/calls?view=all")
    call_id = call_ids(page)[0]

    open_call(page, call_id)
    archive_button(page, call_id).click()
    expect_archived(page, call_id)
    add_note(page, "Called back, all settled")

    bobs_list.reload()
    expect_archived(bobs_list, call_id)
    open_call(bobs_list, call_id)
    expect(notes(bobs_list).first).to_have_text("Called back, all settled")


def test_filters_are_applied_by_their_button(page: Page, shared_sandbox: Sandbox) -> None:
    page.goto("/calls?view=all")

    page.get_by_role("combobox", name="Type").select_option("voicemail")
    page.get_by_role("combobox", name="Direction").select_option("inbound")
    page.get_by_role("button", name="Apply").click()

    wanted = [
        call["id"]
        for call in shared_sandbox.calls()
        if (call["call_type"], call["direction"]) == ("voicemail", "inbound")
    ]
    assert 0 < len(wanted) <= 25
    assert sorted(call_ids(page)) == sorted(wanted)
    expect(page.get_by_text(f"of {len(wanted)} call")).to_be_visible()


def test_the_filters_of_the_insights_are_applied_by_their_button(page: Page) -> None:
    page.goto("/insights?view=all")

    page.get_by_role("combobox", name="Type").select_option("voicemail")
    page.get_by_role("button", name="Apply").click()

    expect(page).to_have_url(re.compile(r"/insights\?.*type=voicemail"))
    expect(page.get_by_role("link", name="Back to the list")).to_have_attribute(
        "href", re.compile("type=voicemail")
    )


def test_calls_that_came_are_a_link_away_on_a_later_page(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    page = sign_in(visitor(address, java_script_enabled=False).new_page())
    page.goto("/calls?view=all&per_page=10")
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_text("Page 2 of 10")).to_be_visible()
    ids = call_ids(page)
    new_id = sandbox.add_call()["id"]
    # Nothing announces it; the list is read again when events may have been lost, and otherwise in its time.
    sandbox.drop_sockets()
    offer = page.get_by_role("link", name="1 new call – show")

    def is_offered() -> bool:
        page.reload()
        expect(page.get_by_text("Page 2 of 10")).to_be_visible()
        return offer.is_visible()

    wait_until(is_offered, deadline=30, what="the link to the new call")
    assert call_ids(page) == ids
    offer.click()
    expect(page.locator("[data-call-id]").first).to_have_attribute("data-call-id", new_id)


def test_a_recent_day_is_a_link_away(page: Page) -> None:
    page.goto("/calls?view=all&type=missed")

    page.get_by_text("Dates", exact=True).click()
    page.get_by_role("link", name="Last 7 days").click()

    expect(page).to_have_url(re.compile("type=missed.*&from=.*&to="))
    expect(page.get_by_role("link", name="Clear filters").first).to_be_visible()


def test_the_page_size_is_applied_and_kept(page: Page) -> None:
    page.goto("/calls?view=all")

    page.get_by_role("combobox", name="Per page").select_option("10")
    page.get_by_role("button", name="Apply").click()
    assert len(call_ids(page)) == 10

    page.goto("/calls?view=all")
    assert len(call_ids(page)) == 10


def test_ticked_calls_are_archived_together(page: Page, shared_sandbox: Sandbox) -> None:
    first, second, third = call_ids(page)[:3]
    for call_id in (first, third):
        shown(page, call_id).get_by_role("checkbox", name=re.compile("^Select")).check()

    selected = page.get_by_role("group", name="Selected calls")
    selected.get_by_role("button", name="Archive").click()

    expect(page.get_by_text("2 calls archived.")).to_be_visible()
    assert {call_id for call_id in (first, second, third) if shared_sandbox.call(call_id)["is_archived"]} == {
        first,
        third,
    }
    assert second in call_ids(page)
    assert first not in call_ids(page)


def test_after_logging_out_back_shows_nothing(page: Page) -> None:
    open_call(page, call_ids(page)[0])

    page.get_by_role("button", name="Log out").click()
    page.go_back()

    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    expect(page.locator("[data-call-id]")).to_have_count(0)
