"""For everybody: no violation that axe finds, nothing wider than a small screen, all of it by keyboard."""

from typing import Any

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
from tests.e2e.troubles import Troubles, Visitor
from tests.support.processes import ROOT
from tests.support.sandbox import Sandbox

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
# No way through a page with one call is longer than this.
MOST_TABS = 60


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("() => axe.run()")
    return [
        f"{violation['id']}: {node['target']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def is_wider_than_its_window(page: Page) -> bool:
    """Whether the page can be scrolled sideways."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_axe_finds_nothing(
    shared_address: str,
    visitor: Visitor,
    shared_sandbox: Sandbox,
    troubles: Troubles,
    width: int,
    scheme: str,
) -> None:
    troubles.expect("answer 401: POST .*/login")
    context = visitor(shared_address, color_scheme=scheme, viewport={"width": width, "height": 800})
    page = context.new_page()
    found = {}

    page.goto("/login")
    found["login"] = violations(page)
    refuse_login(page, shared_sandbox)
    found["login error"] = violations(page)
    sign_in(page)
    found["list"] = violations(page)
    shown(page, call_ids(page)[0]).get_by_role("checkbox").check()
    found["list with a tick"] = violations(page)
    page.goto("/calls?q=nothing+like+this")
    found["empty list"] = violations(page)
    page.goto("/calls?view=all")
    open_call(page, call_ids(page)[0])
    add_note(page, "Called back")
    found["call"] = violations(page)

    assert {name: faults for name, faults in found.items() if faults} == {}


def refuse_login(page: Page, sandbox: Sandbox) -> None:
    """A login that fails, as the page shows it."""
    sandbox.reject_logins()
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    sandbox.clear_faults()


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
