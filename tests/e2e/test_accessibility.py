"""For everybody: long texts fit a small screen, and all of it goes by keyboard."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages import (
    add_note,
    archive_button,
    call_ids,
    expect_archived,
    expect_calls,
    notes,
    open_call,
    shown,
    sign_in,
)
from tests.e2e.troubles import Visitor

# No way through a page with one call is longer than this.
MOST_TABS = 60


def is_wider_than_its_window(page: Page) -> bool:
    """Whether the page can be scrolled sideways."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize("width", [375, 320])
def test_no_page_scrolls_sideways(shared_address: str, visitor: Visitor, width: int) -> None:
    page = visitor(shared_address, viewport={"width": width, "height": 640}).new_page()
    too_wide = []

    page.goto("/login")
    too_wide.append(is_wider_than_its_window(page))
    sign_in(page, "somebody.with.a.rather.long.name@subsidiary.example.com")
    too_wide.append(is_wider_than_its_window(page))
    open_call(page, call_ids(page)[0])
    add_note(page, "https://example.com/" + "without-any-blank" * 20)
    too_wide.append(is_wider_than_its_window(page))
    page.goto("/calls?view=all&per_page=100")
    too_wide.append(is_wider_than_its_window(page))
    page.goto("/calls?q=" + "long" * 40)
    too_wide.append(is_wider_than_its_window(page))

    assert not any(too_wide), too_wide


def test_a_day_of_work_needs_no_mouse(shared_address: str, visitor: Visitor) -> None:
    page = visitor(shared_address).new_page()
    page.goto("/login")

    tab_to(page, page.get_by_label("Username"))
    page.keyboard.type("alice")
    page.keyboard.press("Tab")
    page.keyboard.type("any")
    page.keyboard.press("Enter")
    expect_calls(page)
    call_id = call_ids(page)[0]
    press(page, shown(page, call_id).get_by_role("link").first)
    press(page, archive_button(page, call_id))
    expect_archived(page, call_id)
    tab_to(page, page.get_by_role("textbox", name="Note"))
    page.keyboard.type("By hand")
    press(page, page.get_by_role("button", name="Add note"))
    expect(notes(page).first).to_have_text("By hand")
    press(page, page.get_by_role("button", name="Log out"))

    expect(page.get_by_role("button", name="Log in")).to_be_visible()


def press(page: Page, control: Locator) -> None:
    """Go to a control and press Enter on it."""
    expect(control).to_be_visible()
    tab_to(page, control)
    page.keyboard.press("Enter")


def tab_to(page: Page, control: Locator) -> None:
    """Go to a control by Tab alone, round the page if need be; wherever one is, it can be seen."""
    for _ in range(MOST_TABS):
        if control.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
        assert page.evaluate(IS_FOCUS_SEEN), page.evaluate("() => document.activeElement.outerHTML")
    raise AssertionError(f"{control} is not reached by {MOST_TABS} tabs")


# The end of the page is followed by the browser's own controls, and those by its start.
IS_FOCUS_SEEN = """() => {
  const { activeElement } = document;
  if (activeElement === document.body) return true;
  const { top, bottom } = activeElement.getBoundingClientRect();
  const hasRing = (...of) => getComputedStyle(...of).outlineStyle !== 'none';
  return bottom > 0 && top < innerHeight && (hasRing(activeElement) || hasRing(activeElement, '::after'));
}"""
