"""Ticking rows, by the mouse and by the keyboard."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages import call_ids, expect_archived, expect_live, shown, sign_in
from tests.e2e.troubles import Visitor


@pytest.fixture
def page(shared_address: str, visitor: Visitor) -> Page:
    """Alice's list of ten calls, live."""
    page = sign_in(visitor(shared_address, viewport={"width": 1280, "height": 800}).new_page())
    page.goto("/calls?view=all&per_page=10")
    expect_live(page)
    return page


def box(page: Page, place: int) -> Locator:
    """The box of the row at this place from the top."""
    return page.locator("#list [name=ids]").nth(place)


def expect_ticked(page: Page, number: int) -> None:
    """So many rows are ticked, and the toolbar says so."""
    expect(page.locator("#list [name=ids]:checked")).to_have_count(number)
    if number:
        expect(page.locator("#picked-count")).to_have_text(f"{number} selected")
    else:
        expect(page.get_by_role("group", name="Selected calls")).to_be_hidden()


def test_all_rows_are_ticked_at_once_and_unticked(page: Page) -> None:
    every = page.get_by_role("checkbox", name="All calls on this page")

    every.check()
    expect_ticked(page, 10)
    box(page, 3).uncheck()
    expect(every).to_have_js_property("indeterminate", True)
    expect_ticked(page, 9)
    page.get_by_role("button", name="Clear selection").click()

    expect_ticked(page, 0)
    expect(every).not_to_be_checked()
    expect(every).to_have_js_property("indeterminate", False)


def test_shift_ticks_all_from_the_last_one(page: Page) -> None:
    box(page, 6).check()
    box(page, 2).click(modifiers=["Shift"])

    expect_ticked(page, 5)


def test_enter_on_a_box_unticks_it_and_archives_nothing(page: Page) -> None:
    call_id = call_ids(page)[0]
    was_archived = shown(page, call_id).get_attribute("data-archived") == "true"
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    box(page, 0).focus()

    page.keyboard.press("Enter")
    expect_ticked(page, 1)
    page.keyboard.press("Enter")

    expect_ticked(page, 0)
    expect(box(page, 0)).to_be_focused()
    expect_archived(page, call_id, is_archived=was_archived)
    assert sent == []


def test_ticks_stay_while_the_list_is_drawn_anew(page: Page) -> None:
    ticked = call_ids(page)[1]
    box(page, 1).check()

    page.get_by_role("searchbox").fill("+33")
    expect(page).to_have_url(re.compile("q="))

    expect(shown(page, ticked).get_by_role("checkbox")).to_be_checked()
    expect_ticked(page, 1)
