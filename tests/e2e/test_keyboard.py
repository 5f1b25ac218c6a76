"""A queue worked through with the keyboard alone, and the single keys that make it quick."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages import (
    archive_button,
    call_ids,
    expect_archived,
    expect_calls,
    expect_live,
    note_field,
    notes,
    shown,
    sign_in,
)
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

FOCUSED = "document.activeElement.closest('[data-call-id]')?.dataset.callId"
# Whether what has the focus is there to be seen, and nothing lies above it.
IS_SEEN = """() => {
  const element = document.activeElement;
  const box = (element.closest('.tick') ?? element).getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return top !== null && (element.contains(top) || top.contains(element) || top.closest('a, label') !== null
    && top.closest('[data-call-id]') === element.closest('[data-call-id]'));
}"""

# The end of the page is followed by the browser's own controls, and those by its start.
IS_FOCUS_SEEN = """() => {
  const { activeElement } = document;
  if (activeElement === document.body) return true;
  const { top, bottom } = activeElement.getBoundingClientRect();
  const hasRing = (...of) => getComputedStyle(...of).outlineStyle !== 'none';
  return bottom > 0 && top < innerHeight && (hasRing(activeElement) || hasRing(activeElement, '::after'));
}"""
# No way through a page is longer than this.
MOST_TABS = 60


def focused_call(page: Page) -> str | None:
    """The call whose row has the focus."""
    found: str | None = page.evaluate(FOCUSED)
    return found


def expect_focus_on(page: Page, call_id: str) -> None:
    """The row of this call has the focus."""
    expect(shown(page, call_id).get_by_role("link").first).to_be_focused()


def tab_to(page: Page, control: Locator, key: str = "Tab", is_right: str = IS_SEEN) -> None:
    """Press Tab until this control has the focus; `is_right` is asked of everything on the way."""
    expect(control).to_be_visible()
    for _ in range(MOST_TABS):
        if control.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
        assert page.evaluate(is_right), page.evaluate("document.activeElement.outerHTML")
    raise AssertionError(f"{control} is not reached by {MOST_TABS} tabs")


def button(page: Page, name: str) -> Locator:
    """The button with this name."""
    return page.get_by_role("button", name=name, exact=True)


@pytest.fixture
def page(address: str, visitor: Visitor) -> Page:
    """The login page, in a window as low as a laptop's."""
    page = visitor(address, viewport={"width": 1280, "height": 640}).new_page()
    page.goto("/login")
    return page


@pytest.fixture
def list_page(page: Page) -> Page:
    """Alice's list, live."""
    sign_in(page)
    expect_live(page)
    expect(page.locator("[data-syncing]")).to_have_count(0)
    return page


def test_a_queue_is_worked_through_by_keys_alone(page: Page, sandbox: Sandbox) -> None:
    sign_in_by_keys(page)
    filter_to_missed(page)
    first, second, third, fourth, *_ = call_ids(page)

    archive_by_keys(page, sandbox, first, second, third, following=fourth)
    page.keyboard.press("z")
    expect_archived(page, third, is_archived=False)
    expect_focus_on(page, third)
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile(f"/calls/{third}"))
    expect_live(page)
    add_note_by_keys(page, "Je rappelle à 14 h / ?")
    tab_to(page, button(page, "Log out"), "Shift+Tab")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/login"))
    assert [sandbox.call(each)["is_archived"] for each in (first, second, third)] == [True, True, False]


def sign_in_by_keys(page: Page) -> None:
    """Alice's list, live."""
    tab_to(page, page.get_by_label("Username", exact=True))
    page.keyboard.type("alice")
    tab_to(page, page.get_by_label("Password", exact=True))
    page.keyboard.type("any")
    page.keyboard.press("Enter")
    expect_live(page)
    expect(page.locator("[data-syncing]")).to_have_count(0)


def filter_to_missed(page: Page) -> None:
    """The missed calls alone, with the focus behind the fields of the filters, whose keys are their own."""
    tab_to(page, page.get_by_label("Type", exact=True))
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile("type=missed"))
    expect(page.locator("[data-call-id] .kind__label").first).to_have_text(re.compile("Missed|No answer"))
    for _ in ("Direction", "Line", "Dates"):
        page.keyboard.press("Tab")


def archive_by_keys(page: Page, sandbox: Sandbox, *ids: str, following: str) -> None:
    """These calls, which come one after the other, from the first row on; the focus goes to the next one."""
    page.keyboard.press("j")
    for call_id, next_id in pairwise([*ids, following]):
        expect_focus_on(page, call_id)
        page.keyboard.press("e")
        expect_focus_on(page, next_id)
    wait_until(lambda: all(sandbox.call(each)["is_archived"] for each in ids), 20)


def add_note_by_keys(page: Page, content: str) -> None:
    """A note on the call whose page this is."""
    page.keyboard.press("n")
    expect(note_field(page)).to_be_focused()
    page.keyboard.type(content)
    tab_to(page, button(page, "Add note"))
    page.keyboard.press("Enter")
    expect(notes(page).first).to_have_text(content)


def test_the_rows_are_walked_by_their_keys_and_never_covered(list_page: Page) -> None:
    ids = call_ids(list_page)

    for call_id in ids:
        list_page.keyboard.press("j")
        expect_focus_on(list_page, call_id)
        assert list_page.evaluate(IS_SEEN), call_id
    for call_id in reversed(ids[:-1]):
        list_page.keyboard.press("k")
        expect_focus_on(list_page, call_id)
        assert list_page.evaluate(IS_SEEN), call_id


def test_ticked_rows_are_archived_together(list_page: Page, sandbox: Sandbox) -> None:
    first, second, third, *_ = call_ids(list_page)

    for key in ("j", "x", "j", "x", "j", "e"):
        list_page.keyboard.press(key)

    expect(list_page.locator("#notices")).to_contain_text("2 calls archived.")
    assert [sandbox.call(each)["is_archived"] for each in (first, second, third)] == [True, True, False]


def test_the_search_and_the_list_and_the_next_call_are_a_key_away(list_page: Page) -> None:
    first, second, *_ = call_ids(list_page)

    list_page.keyboard.press("/")
    expect(list_page.get_by_role("searchbox")).to_be_focused()
    list_page.locator("#main").focus()
    list_page.keyboard.press("j")
    list_page.keyboard.press("o")
    expect(list_page).to_have_url(re.compile(f"/calls/{first}"))
    expect(note_field(list_page)).to_be_visible()
    list_page.keyboard.press("j")
    expect(list_page).to_have_url(re.compile(f"/calls/{second}"))
    expect(note_field(list_page)).to_be_visible()
    list_page.keyboard.press("u")

    expect(list_page).to_have_url(re.compile(f"/calls[?#].*call-{second}|/calls#call-{second}"))
    list_page.keyboard.press("k")
    expect_focus_on(list_page, first)


def test_the_keys_are_told_and_can_be_switched_off(list_page: Page) -> None:
    dialog = list_page.get_by_role("dialog", name="Keyboard shortcuts")
    list_page.keyboard.press("j")
    call_id = focused_call(list_page)

    list_page.keyboard.press("?")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    list_page.keyboard.press("e")
    list_page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert call_id
    expect_focus_on(list_page, call_id)
    expect_archived(list_page, call_id, is_archived=False)

    list_page.get_by_role("button", name="Keyboard shortcuts").click()
    dialog.get_by_role("checkbox").uncheck()
    dialog.get_by_role("button", name="Close").click()
    list_page.reload()
    expect_live(list_page)
    for key in ("j", "e", "?", "/"):
        list_page.keyboard.press(key)
    assert focused_call(list_page) is None
    expect(dialog).to_be_hidden()
    expect(list_page.get_by_role("searchbox")).not_to_be_focused()


def test_a_key_with_another_one_held_is_the_browsers_and_one_in_a_field_the_fields(list_page: Page) -> None:
    list_page.keyboard.press("j")
    for held in ("Control", "Alt", "Meta"):
        list_page.keyboard.press(f"{held}+x")
    assert list_page.locator("#list [name=ids]:checked").count() == 0

    search = list_page.get_by_role("searchbox")
    search.focus()

    list_page.keyboard.type("jxe?z")

    expect(search).to_have_value("jxe?z")
    expect(list_page.get_by_role("dialog")).to_be_hidden()


def test_a_day_of_work_needs_neither_mouse_nor_shortcuts(shared_address: str, visitor: Visitor) -> None:
    page = visitor(shared_address).new_page()
    page.goto("/login")

    tab_to(page, page.get_by_label("Username"), is_right=IS_FOCUS_SEEN)
    page.keyboard.type("alice")
    page.keyboard.press("Tab")
    page.keyboard.type("any")
    page.keyboard.press("Enter")
    expect_calls(page)
    call_id = call_ids(page)[0]
    press(page, shown(page, call_id).get_by_role("link").first)
    press(page, archive_button(page, call_id))
    expect_archived(page, call_id)
    tab_to(page, page.get_by_role("textbox", name="Note"), is_right=IS_FOCUS_SEEN)
    page.keyboard.type("By hand")
    press(page, page.get_by_role("button", name="Add note"))
    expect(notes(page).first).to_have_text("By hand")
    press(page, page.get_by_role("button", name="Log out"))

    expect(page.get_by_role("button", name="Log in")).to_be_visible()


def press(page: Page, control: Locator) -> None:
    """Go to a control and press Enter on it."""
    tab_to(page, control, is_right=IS_FOCUS_SEEN)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("width", [1280, 375])
def test_j_reads_the_kind_number_time_and_note_of_a_row(
    list_page: Page, sandbox: Sandbox, width: int
) -> None:
    list_page.set_viewport_size({"width": width, "height": 640})
    call_id = call_ids(list_page)[0]
    sandbox.add_note(call_id, "Asks for a quote")
    expect(shown(list_page, call_id)).to_contain_text("Asks for a quote")
    number = shown(list_page, call_id).locator(".number").first.inner_text()

    list_page.keyboard.press("j")

    expect_focus_on(list_page, call_id)
    who = rf"^(Missed call|Incoming call|Voicemail), {re.escape(number)} ?,"
    name = re.compile(rf"{who} \d+ \w+, \d\d:\d\d Asks for a quote ?$")
    expect(list_page.locator(":focus")).to_have_accessible_name(name)


def test_no_two_rows_or_controls_of_rows_have_the_same_name(list_page: Page) -> None:
    list_page.goto("/calls?view=all&per_page=100")
    seen = list_page.locator("#list ul").first.locator("xpath=../..").aria_snapshot()

    for role in ("link", "button", "checkbox"):
        names = re.findall(rf"- '?{role} \"(.+)\"", seen)
        assert len(names) > 90
        assert len(set(names)) == len(names)
