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
)
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox


@pytest.fixture
def page(shared_address: str, visitor: Visitor) -> Page:
    """Alice's browser, which runs no scripts."""
    return sign_in(visitor(shared_address, java_script_enabled=False).new_page())


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
