"""The same with scripts switched off: everything but live updates."""

import re

from playwright.sync_api import expect

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


def test_a_day_of_work_needs_no_scripts(
    shared_address: str, visitor: Visitor, shared_sandbox: Sandbox
) -> None:
    page, bobs = (
        sign_in(visitor(shared_address, java_script_enabled=False).new_page(), name)
        for name in ("alice", "bob")
    )
    bobs.goto("/calls?view=all")
    first, second, third = call_ids(page)[:3]

    open_call(page, first)
    archive_button(page, first).click()
    expect_archived(page, first)
    add_note(page, "Called back, all settled")
    bobs.reload()
    expect_archived(bobs, first)
    open_call(bobs, first)
    expect(notes(bobs).first).to_have_text("Called back, all settled")

    page.goto("/calls")
    for call_id in (second, third):
        shown(page, call_id).get_by_role("checkbox", name=re.compile("^Select")).check()
    page.get_by_role("group", name="Selected calls").get_by_role("button", name="Archive").click()
    expect(page.get_by_text("2 calls archived.")).to_be_visible()
    assert {first, second, third}.isdisjoint(call_ids(page))

    page.goto("/calls?view=all")
    page.get_by_role("combobox", name="Type").select_option("voicemail")
    page.get_by_role("combobox", name="Direction").select_option("inbound")
    page.get_by_role("button", name="Apply").click()
    kinds = [(call["call_type"], call["direction"]) for call in shared_sandbox.calls()]
    expect(page.get_by_text(f"of {kinds.count(('voicemail', 'inbound'))} call")).to_be_visible()

    line = max(call["via"] for call in shared_sandbox.calls())
    page.goto("/calls?view=all")
    page.get_by_role("combobox", name="Line").select_option("other")
    page.get_by_label("Number, or a part of it").fill(f"00{line.removeprefix('+')}")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("combobox", name="Line")).to_have_value(line)

    page.get_by_role("button", name="Log out").click()
    # Going back while the browser still changes pages fails in the browser itself.
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    expect(page.locator("[data-call-id]")).to_have_count(0)
