"""An address shows to whoever opens it what it showed to who sent it, and the way back leads through them."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.pages import call_ids, expect_live, open_call, sign_in
from tests.e2e.troubles import Visitor


def look(page: Page) -> tuple[list[str], str, str, str | None]:
    """What the list shows: its calls, the chosen type, the search and the view."""
    return (
        call_ids(page),
        page.get_by_label("Type", exact=True).input_value(),
        page.get_by_role("searchbox").input_value(),
        page.locator("#views [aria-current]").get_attribute("href"),
    )


def test_the_address_of_a_filtered_list_shows_the_same_to_a_colleague(
    shared_address: str, visitor: Visitor
) -> None:
    page = sign_in(visitor(shared_address).new_page())
    page.goto("/calls?view=all&per_page=10")
    page.get_by_label("Type", exact=True).select_option("missed")
    expect(page).to_have_url(re.compile("type=missed"))
    page.get_by_role("searchbox").fill("33")
    expect(page).to_have_url(re.compile("q=33"))
    page.get_by_role("link", name="Older").click()
    expect(page).to_have_url(re.compile("page=2"))

    colleagues = sign_in(visitor(shared_address).new_page(), "bob")
    colleagues.goto(page.url)

    assert look(colleagues) == look(page)
    open_call(page, call_ids(page)[0])
    colleagues.goto(page.url)
    for neighbour in ("Newer", "Older"):
        address = page.get_by_role("link", name=neighbour).get_attribute("href")
        assert address
        expect(colleagues.get_by_role("link", name=neighbour)).to_have_attribute("href", address)


def test_who_has_to_log_in_first_arrives_where_the_address_leads(
    shared_address: str, visitor: Visitor
) -> None:
    page = visitor(shared_address).new_page()

    page.goto("/calls?view=all&type=voicemail&per_page=10")
    sign_in(page)

    expect(page).to_have_url(re.compile(r"/calls\?.*type=voicemail"))
    expect(page.get_by_label("Type", exact=True)).to_have_value("voicemail")


def test_back_and_forward_go_through_the_choices_made(shared_address: str, visitor: Visitor) -> None:
    page = sign_in(visitor(shared_address).new_page())
    page.goto("/calls?view=all")
    expect_live(page)
    every = look(page)
    page.get_by_label("Type", exact=True).select_option("missed")
    expect(page).to_have_url(re.compile("type=missed"))
    missed = look(page)
    assert missed != every

    page.go_back()
    expect(page.get_by_label("Type", exact=True)).to_have_value("")
    assert look(page) == every
    page.go_forward()

    expect(page.get_by_label("Type", exact=True)).to_have_value("missed")
    assert look(page) == missed
