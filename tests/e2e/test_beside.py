"""A call beside the list, on wide screens and for those who chose so."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.observer import COMBINATIONS, violations
from tests.e2e.pages import (
    call_ids,
    expect_live,
    expect_marked,
    expect_sent,
    is_wider_than_its_window,
    note_field,
    notes,
    notices,
    open_live,
    read,
    shown,
    sign_in,
)
from tests.e2e.test_flow import press
from tests.e2e.test_keyboard import focused_call
from tests.e2e.tour import choose
from tests.e2e.troubles import Troubles, Visitor
from tests.support.sandbox import Sandbox

SHIFTS = """() => {
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifted += entry.value;
  }).observe({ type: 'layout-shift' });
}"""


@pytest.fixture
def page(address: str, visitor: Visitor) -> Page:
    """Alice's list with room for a call beside it, live."""
    page = read(sign_in(visitor(address, viewport={"width": 1280, "height": 800}).new_page()))
    choose(page, "Beside the list")
    return open_live(page, "/calls?per_page=10")


def expect_open(page: Page, call_id: str) -> None:
    """This call is in the pane, its row is marked, and the address leads to it."""
    expect(page.locator("#pane #call")).to_have_attribute("data-call-id", call_id)
    expect(page.locator("#list [aria-current]")).to_have_count(1)
    expect(page.locator(f"#call-{call_id} [aria-current=true]")).to_be_visible()
    expect(page).to_have_url(re.compile(f"/calls/{call_id}"))


def test_the_call_follows_the_row_and_both_follow_what_happens(page: Page, sandbox: Sandbox) -> None:
    ids = call_ids(page)
    page.evaluate(SHIFTS)
    expect(page.get_by_role("heading", name="No call is open")).to_be_visible()

    press(page, "jo")
    expect_open(page, ids[0])
    press(page, "jjj")
    expect_open(page, ids[3])
    assert focused_call(page) == ids[3]
    page.locator(f"#call-{ids[1]} a").click()
    expect_open(page, ids[1])
    assert page.evaluate("window.shifted") == 0
    press(page, "n")
    page.keyboard.type("Beside the list")
    page.keyboard.press("Control+Enter")
    expect(notes(page).first).to_have_text("Beside the list")
    expect_sent(page)
    expect(page.locator(f"#call-{ids[1]} .call-row__notes")).to_be_visible()

    sandbox.archive(ids[1])
    expect(page.locator("#call")).to_have_attribute("data-archived", "true")
    expect(page.locator(f"#call-{ids[1]}")).to_have_attribute("data-archived", "true")
    sandbox.archive(ids[5])
    expect(page.locator(f"#call-{ids[5]}")).to_have_attribute("data-archived", "true")
    expect_open(page, ids[1])
    expect_marked(page)

    for width, scheme in (*COMBINATIONS, (1200, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        page.evaluate("scrollTo(0, 0)")
        assert violations(page) == []
        assert not is_wider_than_its_window(page)
        expect(page.locator("#list")).to_be_visible(visible=width >= 1200)
        expect(page.locator("#call")).to_be_visible()


def test_addresses_and_history_are_those_of_pages(page: Page) -> None:
    ids = call_ids(page)
    press(page, "jojjj")
    expect_open(page, ids[3])

    page.reload()
    expect_live(page)
    expect_open(page, ids[3])
    press(page, "j" * 6)
    expect_open(page, ids[9])
    press(page, "j")
    expect(page.locator(".toolbar__summary")).to_contain_text("11–20")
    second_page = [
        row.get_attribute("data-call-id") or "" for row in page.locator("#list [data-call-id]").all()
    ]
    expect_open(page, second_page[0])
    assert not set(second_page) & set(ids)
    page.reload()
    expect_open(page, second_page[0])
    expect(page.locator(".toolbar__summary")).to_contain_text("11–20")

    page.get_by_label("Type", exact=True).select_option("missed")
    expect(page).to_have_url(re.compile("/calls[?].*type=missed"))
    expect(page.get_by_role("heading", name="No call is open")).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile("/calls"))
    expect(page.locator("#list [data-call-id]").first).to_be_visible()


def test_a_note_is_written_on_the_call_whose_row_has_the_focus(page: Page, troubles: Troubles) -> None:
    first, second, third, *_ = call_ids(page)
    press(page, "jo")
    expect_open(page, first)
    held: list[Route] = []
    page.route(re.compile(f"/calls/{second}"), lambda route: held.append(route))

    with page.expect_request(re.compile(f"/calls/{second}")):
        press(page, "jn")
    page.keyboard.type("ce")
    held[0].continue_()

    expect_open(page, second)
    expect(note_field(page)).to_be_focused()
    expect(note_field(page)).to_have_value("")
    expect(shown(page, second).first).to_have_attribute("data-archived", "false")

    page.keyboard.press("Escape")
    troubles.expect(f"failed: GET .*/calls/{third}|ERR_FAILED")
    page.route(re.compile(f"/calls/{third}"), lambda route: route.abort())
    press(page, "j")
    expect(notices(page)).to_contain_text("The calls could not be loaded.")
    expect_open(page, second)
    assert focused_call(page) == third
    page.unroute_all()
    notices(page).get_by_role("button", name="Try again").click()
    expect_open(page, third)
