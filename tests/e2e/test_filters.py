"""Filters: what is found is said, stands in the address, and is found there by others."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import call_ids, expect_marked, mark, notices, open_live, sign_in
from tests.e2e.troubles import Troubles, Visitor
from tests.support.sandbox import Call, Sandbox


def newest_first(calls: list[Call]) -> list[str]:
    """The ids of these calls in the list's order."""
    ordered = sorted(calls, key=lambda call: (call["created_at"], call["id"]), reverse=True)
    return [call["id"] for call in ordered]


def expect_found(page: Page, count: int) -> None:
    """So many calls are said to have been found, and counted above the list."""
    words = "1 call found." if count == 1 else f"{count} calls found."
    expect(page.locator("#announcer")).to_have_text(words)
    expect(page.locator(".toolbar__summary")).to_have_text(re.compile(rf"\b{count} calls?$"))


def test_what_is_chosen_and_typed_is_found_said_and_kept_in_the_address(
    page: Page, shared_sandbox: Sandbox
) -> None:
    open_live(page, "/calls?view=all&per_page=100")
    calls = shared_sandbox.calls()
    missed = [call for call in calls if call["call_type"] == "missed"]
    end = missed[0]["from"][-4:]
    both = [call for call in missed if any(end in call[name] for name in ("from", "to", "via"))]

    page.get_by_label("Type", exact=True).select_option("missed")
    expect_found(page, len(missed))
    assert call_ids(page) == newest_first(missed)
    page.get_by_role("searchbox", name="Search").press_sequentially(end)
    expect_found(page, len(both))
    assert call_ids(page) == newest_first(both)

    expect(page).to_have_url(re.compile(rf"view=all.*q={end}.*type=missed"))
    expect_marked(page)
    page.reload()
    assert call_ids(page) == newest_first(both)
    page.get_by_role("link", name="Clear filters").click()
    expect(page.locator(".toolbar__summary")).to_have_text(f"1–{len(calls)} of {len(calls)} calls")
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("")
    expect(page.get_by_label("Type", exact=True)).to_have_value("")


def test_back_and_forward_go_through_the_choices_made_and_nothing_found_is_said_too(page: Page) -> None:
    open_live(page, "/calls?view=all")
    every = look(page)
    page.get_by_label("Type", exact=True).select_option("missed")
    expect(page).to_have_url(re.compile("type=missed"))
    missed = look(page)
    assert missed != every
    page.get_by_role("searchbox", name="Search").fill("nobody wrote this")
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_have_text("0 calls found.")
    expect(page.get_by_role("heading", name="No calls found")).to_be_visible()

    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect(page.locator("[data-call-id]")).to_have_count(len(missed[0]))
    assert look(page) == missed
    page.go_back()
    expect(page.get_by_label("Type", exact=True)).to_have_value("")
    assert look(page) == every
    page.go_forward()
    expect(page.get_by_label("Type", exact=True)).to_have_value("missed")
    assert look(page) == missed


def test_a_line_that_is_not_offered_is_typed(page: Page, shared_sandbox: Sandbox) -> None:
    line = max(call["via"] for call in shared_sandbox.calls())
    open_live(page, "/calls?view=all")
    select, field = page.get_by_role("combobox", name="Line"), page.get_by_label("Number, or a part of it")
    expect(field).to_be_hidden()

    select.select_option("Other…")
    field.fill("nobody")
    page.keyboard.press("Enter")
    problem = page.get_by_text("No line number contains “nobody”")
    expect(problem.and_(page.locator("#line-problem"))).to_be_visible()
    expect(page.locator("#announcer")).to_have_text(re.compile("^No line number contains “nobody”"))
    expect(field).to_have_accessible_description(re.compile("^No line"))
    expect(field).to_be_focused()
    field.fill(f"0{line.removeprefix('+33')}")
    page.keyboard.press("Enter")

    expect(select).to_have_value(line)
    expect(select).to_be_focused()
    expect(field).to_be_hidden()
    expect_found(page, sum(call["via"] == line for call in shared_sandbox.calls()))
    select.select_option("")
    expect_found(page, len(shared_sandbox.calls()))
    assert "via=" not in page.url


def look(page: Page) -> tuple[list[str], str, str, str | None]:
    """What the list shows: its calls, the chosen type, the search and the view."""
    return (
        call_ids(page),
        page.get_by_label("Type", exact=True).input_value(),
        page.get_by_role("searchbox").input_value(),
        page.locator("#views [aria-current]").get_attribute("href"),
    )


def test_a_choice_made_without_a_line_is_shown_once_it_is_back(page: Page, troubles: Troubles) -> None:
    troubles.expect("ERR_INTERNET_DISCONNECTED")
    mark(page)
    kind = page.get_by_label("Type")
    before = page.url
    page.context.set_offline(True)

    kind.select_option("missed")
    expect(notices(page)).to_contain_text("The calls could not be loaded.")
    assert page.url == before
    page.context.set_offline(False)

    expect(page).to_have_url(re.compile("type=missed"))
    expect(kind).to_have_value("missed")
    expect(notices(page).locator("[data-notice]")).to_have_count(0)
    expect_marked(page)
    shown = call_ids(page)
    assert call_ids(open_live(page, page.url)) == shown


@pytest.mark.parametrize("scripts", [True, False])
def test_a_click_beside_the_panel_of_dates_closes_it_and_opens_nothing(
    shared_address: str, visitor: Visitor, scripts: bool
) -> None:
    page = sign_in(visitor(shared_address, java_script_enabled=scripts).new_page())
    page.locator("summary", has_text="Dates").click()
    expect(page.get_by_label("From")).to_be_visible()
    box = page.locator("#list [data-call-id]").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + 300, box["y"] + box["height"] / 2)

    expect(page.get_by_label("From")).to_be_hidden()
    expect(page).to_have_url(re.compile("/calls$"))
    page.locator("summary", has_text="Dates").click()
    page.get_by_role("button", name="Yesterday").or_(page.get_by_role("link", name="Yesterday")).click()
    expect(page).to_have_url(re.compile("from="))
