"""Triage by keys without a break: over pages, in ranges, out of fields, and to the telephone."""

import re
from threading import Event

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.observer import violations
from tests.e2e.pages import (
    call_ids,
    expect_archived,
    expect_live,
    expect_marked,
    expect_sent,
    note_field,
    notes,
    notices,
    open_live,
    read,
    shown,
    sign_in,
)
from tests.e2e.test_keyboard import expect_focus_on
from tests.e2e.tour import choose
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox

# What the page would dial. The browser of a test has no telephone.
CATCH_DIALED = """() => addEventListener('click', (event) => {
  const link = event.target.closest('a[href^="tel:"]');
  if (!link) return;
  event.preventDefault();
  window.dialed = link.href;
}, true)"""


@pytest.fixture
def list_page(shared_address: str, visitor: Visitor) -> Page:
    """Alice's list of ten calls a page, live."""
    context = visitor(shared_address, permissions=["clipboard-read", "clipboard-write"])
    page = read(sign_in(context.new_page()))
    page.goto("/calls?per_page=10")
    expect_live(page)
    return page


def press(page: Page, keys: str) -> None:
    """Press these single keys, one right after the other."""
    for key in keys:
        page.keyboard.press(key)


def ticked(page: Page) -> list[str]:
    """The calls that are ticked, from the top."""
    return [box.input_value() for box in page.locator("#list [name=ids]:checked").all()]


def test_the_list_is_walked_over_its_pages(list_page: Page) -> None:
    first_page = call_ids(list_page)
    press(list_page, "j" * len(first_page))
    expect_focus_on(list_page, first_page[-1])

    press(list_page, "j")
    expect(list_page).to_have_url(re.compile("page=2"))
    expect(list_page.locator(".toolbar__summary")).to_contain_text("11–20")
    second_page = call_ids(list_page)
    expect_focus_on(list_page, second_page[0])
    press(list_page, "k")
    expect_focus_on(list_page, first_page[-1])
    assert call_ids(list_page) == first_page

    list_page.go_back()
    expect(list_page).to_have_url(re.compile("page=2"))
    expect(shown(list_page, second_page[0])).to_be_visible()


def test_keys_pressed_while_the_next_page_loads_act_on_it(list_page: Page) -> None:
    first_page = call_ids(list_page)
    may_come = Event()

    def hold(route: Route) -> None:
        held.append(route)
        if may_come.is_set():
            route.continue_()

    held: list[Route] = []
    list_page.route(re.compile(r"/calls\?.*page=[23]"), hold)
    press(list_page, "j" * len(first_page))

    with list_page.expect_request(re.compile("page=2")):
        press(list_page, "jjxjx")
    # On the second page to its end, and over it.
    press(list_page, "j" * 8 + "x")
    assert ticked(list_page) == []
    assert call_ids(list_page) == first_page
    may_come.set()
    held[0].continue_()

    expect(list_page).to_have_url(re.compile("page=3"))
    expect(list_page.locator("#list [name=ids]:checked")).to_have_count(1)
    assert ticked(list_page) == call_ids(list_page)[:1]
    expect_focus_on(list_page, call_ids(list_page)[0])


def test_ranges_are_ticked_by_keys_and_numbers_copied_and_dialed(list_page: Page) -> None:
    ids = call_ids(list_page)
    list_page.evaluate(CATCH_DIALED)

    press(list_page, "jjxjj")
    list_page.keyboard.press("Shift+x")
    assert ticked(list_page) == ids[1:4]

    number = shown(list_page, ids[3]).get_attribute("data-phone")
    assert number
    press(list_page, "y")
    expect(notices(list_page)).to_contain_text(f"{number} copied.")
    assert list_page.evaluate("navigator.clipboard.readText()") == number
    expect_focus_on(list_page, ids[3])
    press(list_page, "c")
    assert list_page.evaluate("window.dialed") == f"tel:{number}"

    list_page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    press(list_page, "y")
    expect(notices(list_page)).to_contain_text(f"The number is {number}.")


def test_fields_are_left_by_keys_and_the_shortcuts_go_on(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    page = read(sign_in(visitor(address).new_page()))
    search = page.get_by_role("searchbox")
    press(page, "/33")
    expect(page).to_have_url(re.compile("q=33"))
    page.keyboard.press("Escape")
    expect(search).to_have_value("")
    expect(search).to_be_focused()
    expect(page).not_to_have_url(re.compile("q=33"))
    page.keyboard.press("Escape")
    expect(search).not_to_be_focused()
    press(page, "jo")

    expect(note_field(page)).to_be_visible()
    press(page, "n")
    page.keyboard.type("Kept by keys")
    page.keyboard.press("Control+Enter")
    expect(notes(page).first).to_have_text("Kept by keys")
    expect(note_field(page)).not_to_be_focused()
    expect_sent(page)
    assert sandbox.counters().notes_added == 1
    press(page, "n")
    expect(note_field(page)).to_be_focused()
    page.keyboard.press("Escape")
    press(page, "/")

    expect(search).to_be_focused()


def test_every_action_and_page_is_found_by_its_name(list_page: Page) -> None:
    palette = list_page.get_by_role("dialog", name="Commands")
    field = palette.get_by_role("combobox", name="Command")
    second = call_ids(list_page)[1]
    press(list_page, "jj")

    list_page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    names = palette.get_by_role("option").all_inner_texts()
    for part in (
        "Open the call",
        "Archive: ",
        "Older",
        "View / Archived",
        "Insights",
        "Theme / Dark",
        "Log out",
    ):
        assert any(part in name for name in names), part
    assert not any("Inbox 5" in name or "Write a note" in name for name in names)
    assert violations(list_page) == []
    field.fill("DÀRK theme")
    expect(palette.get_by_role("option")).to_have_text(["Theme / Dark"])
    field.fill("no such thing")
    expect(palette.get_by_role("status")).to_have_text("No command found.")
    field.fill("call")
    list_page.keyboard.press("ArrowDown")
    chosen = palette.get_by_role("option", selected=True)
    expect(field).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    list_page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect_focus_on(list_page, second)

    list_page.keyboard.press("Control+k")
    list_page.keyboard.type("select or")
    list_page.keyboard.press("Enter")
    assert ticked(list_page) == [second]
    list_page.get_by_role("button", name="Commands").first.click()
    list_page.keyboard.type("view arch")
    list_page.keyboard.press("Enter")
    expect(list_page).to_have_url(re.compile("view=archived"))
    press(list_page, "jo")
    expect(note_field(list_page)).to_be_visible()
    list_page.keyboard.press("Control+k")
    list_page.keyboard.type("write note")
    list_page.keyboard.press("Enter")
    expect(note_field(list_page)).to_be_focused()


def test_calls_are_gone_through_on_their_pages_and_archived_on_the_way(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    page = read(sign_in(visitor(address).new_page()))
    first, second, third, fourth, fifth, *_ = call_ids(page)
    choose(page, "Next call")
    open_live(page, f"/calls/{first}")

    press(page, "jj")
    expect(shown(page, third)).to_be_visible()
    press(page, "k")
    expect(shown(page, second)).to_be_visible()
    note_field(page).fill("A draft of its own")
    page.go_back()
    expect(page).to_have_url(re.compile(f"/calls/{third}"))
    expect(note_field(page)).to_have_value("")
    page.go_back()
    expect(note_field(page)).to_have_value("A draft of its own")
    page.locator("#main").focus()

    press(page, "eee")
    expect(page).to_have_url(re.compile(f"/calls/{fifth}"))
    assert call_ids(page) == [fifth]
    states = [sandbox.call(each)["is_archived"] for each in (first, second, third, fourth, fifth)]
    assert states == [False, True, True, True, False]
    press(page, "z")
    expect(page).to_have_url(re.compile(f"/calls/{fourth}"))
    expect_archived(page, fourth, is_archived=False)
    expect_marked(page)
    page.reload()
    expect_live(page)
    press(page, "z")
    expect(page).to_have_url(re.compile(f"/calls/{third}"))
    expect_archived(page, third, is_archived=False)
