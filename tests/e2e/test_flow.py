"""Triage by keys without a break: over pages, in ranges, out of fields, and to the telephone."""

import re
from threading import Event

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.pages import call_ids, expect_live, note_field, notes, notices, read, shown, sign_in
from tests.e2e.test_keyboard import expect_focus_on
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
    list_page.evaluate("document.execCommand = () => false")
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
    assert sandbox.counters().notes_added == 1
    press(page, "n")
    expect(note_field(page)).to_be_focused()
    page.keyboard.press("Escape")
    press(page, "/")

    expect(search).to_be_focused()
