"""The same with scripts switched off: everything but live updates."""

import re
from pathlib import Path

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
    undo,
)
from tests.e2e.troubles import Visitor
from tests.support.arrivals import OURS, PARIS, comes
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


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


def test_callers_and_their_names_need_no_scripts(
    address: str, sandbox: Sandbox, visitor: Visitor, tmp_path: Path
) -> None:
    call_id = comes(sandbox, 30, caller=PARIS, direction="inbound", call_type="missed")
    page, bobs = (
        sign_in(visitor(address, java_script_enabled=False).new_page(), name) for name in ("alice", "bob")
    )

    page.goto("/callers?sort=newest")
    row, bobs_row = (each.locator(f"[data-caller='{PARIS}']") for each in (page, bobs))
    row.get_by_role("button", name=re.compile("^I'm on it")).click()
    expect(row).to_contain_text("alice has been on it since")
    bobs.goto("/callers?sort=newest")
    bobs_row.get_by_role("link", name=re.compile("^Take over")).click()
    bobs.get_by_role("button", name="Take over").click()
    expect(bobs_row).to_contain_text("bob has been on it since")

    row.get_by_role("link").first.click()
    page.get_by_text("Name this number").click()
    page.get_by_role("textbox", name="Name").fill("Léa Martin")
    page.get_by_role("button", name="Save name").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Léa Martin")
    bobs.reload()
    expect(bobs_row).to_contain_text("Léa Martin")
    bobs_row.get_by_role("button", name="Archive all calls with Léa Martin").click()
    expect(bobs_row).to_have_count(0)
    assert sandbox.call(call_id)["is_archived"]
    undo(bobs).click()
    expect(bobs_row).to_have_attribute("data-attempts", "1")

    contacts = tmp_path / "contacts.csv"
    contacts.write_text("name,company,number\nLéa Martin,Fleurs,+33187654321\nJo,,+33187654322\n")
    page.goto("/directory")
    page.get_by_role("link", name="Import…").click()
    page.get_by_label("File").set_input_files(contacts)
    page.get_by_role("button", name="Show what would change").click()
    page.get_by_label("The one in the file").check()
    page.get_by_role("button", name="Import", exact=True).click()
    page.goto("/directory?q=fleurs")
    page.get_by_role("link", name="Léa Martin").click()
    page.get_by_role("textbox", name="Name").fill("Léa Durand")
    page.get_by_role("button", name="Save").click()

    comes(sandbox, 0, caller=OURS, to=PARIS, direction="outbound", call_type="answered", duration=60_000)
    reached = bobs.locator(f"[data-called-back='{PARIS}']")
    wait_until(lambda: bobs.reload() and reached.count(), what="the end of the wait")
    expect(reached).to_contain_text("Léa Durand")
    expect(reached).to_contain_text("1 min")
    bobs.goto("/insights")
    expect(bobs.get_by_role("heading", name="Calling back")).to_be_visible()
