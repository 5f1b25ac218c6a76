"""Nonsense in addresses and forms: a clear message or the nearest sensible page, and nothing typed lost."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import (
    archive_button,
    call_ids,
    expect_calls,
    expect_live,
    note_field,
    notes,
    open_call,
    sign_in,
)
from tests.e2e.troubles import Troubles, Visitor
from tests.support.sandbox import Sandbox

MISSING = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def page(shared_address: str, visitor: Visitor) -> Page:
    """Alice's page, signed in."""
    return sign_in(visitor(shared_address).new_page())


def test_an_odd_place_or_size_gives_the_nearest_page(page: Page) -> None:
    for query, place in {
        "view=all&page=-1&per_page=10": "Page 1 of 10",
        "view=all&page=99999&per_page=10": "Page 10 of 10",
        "view=all&page=two&per_page=10": "Page 1 of 10",
        "view=all&per_page=9999": "Page 1 of 1",
        "view=all&per_page=-5": "Page 1 of 10",
        f"view=all&per_page=10&page={'9' * 500}": "Page 1 of 10",
    }.items():
        page.goto(f"/calls?{query}")

        expect(page.get_by_text(place, exact=True)).to_be_visible()
        expect_calls(page)


def test_what_cannot_be_used_of_a_query_is_named_and_left_out(page: Page) -> None:
    for query, message in {
        "from=2026-99-99": "“2026-99-99” is not a usable date",
        "to=0000-00-00": "“0000-00-00” is not a usable date",
        "from=tomorrow": "“tomorrow” is not a usable date",
        "type=fax": "“fax” is not a type we know",
        "direction=%3Cscript%3E": "“<script>” is not a direction we know",
        "view=%00nothing": "is not a view we know",
    }.items():
        page.goto(f"/calls?{query}")

        expect(page.get_by_text(message)).to_be_visible()
        expect_calls(page)


def test_days_that_no_call_can_match_say_so(page: Page) -> None:
    page.goto("/calls?from=2026-02-02&to=2026-01-01&q=%25_%27%22")

    expect(page.get_by_text("The first day is after the last one")).to_be_visible()
    expect(page.get_by_role("heading", name="No calls match")).to_be_visible()
    expect(page.get_by_label("Search")).to_have_value("%_'\"")


def test_a_call_that_does_not_exist_gets_a_page_that_leads_on(page: Page, troubles: Troubles) -> None:
    troubles.expect("answer 404: GET .*/calls/")
    for path in (MISSING, "nonsense", "%00", "..%2f..%2fetc%2fpasswd", "x" * 3000):
        page.goto(f"/calls/{path}")

        expect(page.get_by_text(re.compile("does not exist"))).to_be_visible()
        page.get_by_role("link", name="All calls").click()
        expect_calls(page)


def test_a_note_of_blanks_is_refused_and_stays_to_be_mended(page: Page, troubles: Troubles) -> None:
    troubles.expect("answer 400: POST .*/notes")
    open_call(page, call_ids(page)[0])
    count = notes(page).count()

    note_field(page).fill("   \n ")
    page.get_by_role("button", name="Add note").click()

    expect(page.get_by_text("a note cannot be empty")).to_be_visible()
    expect(note_field(page)).to_have_value("   \n ")
    expect(notes(page)).to_have_count(count)


def test_a_note_that_the_api_refuses_is_not_lost(
    page: Page, shared_sandbox: Sandbox, troubles: Troubles
) -> None:
    troubles.expect("answer 503: POST .*/notes")
    call_id = call_ids(page)[0]
    open_call(page, call_id)
    shared_sandbox.answer_503(None, f"/calls/{call_id}/note")

    note_field(page).fill("Worth keeping <b>&amp;")
    page.get_by_role("button", name="Add note").click()

    expect(page.get_by_text(re.compile("phone system"))).to_be_visible()
    expect(note_field(page)).to_have_value("Worth keeping <b>&amp;")
    shared_sandbox.clear_faults()
    page.get_by_role("button", name="Add note").click()
    expect(notes(page).first).to_have_text("Worth keeping <b>&amp;")


def test_a_call_that_is_gone_says_so_when_it_is_archived(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    page = sign_in(visitor(address).new_page())
    # The list is read again once the link is up: a call that goes before that has gone from the page as well.
    expect_live(page)
    call_id = call_ids(page)[0]

    sandbox.remove_call(call_id)
    archive_button(page, call_id).click()

    expect(page.get_by_role("region", name="Notices")).to_contain_text("This call does not exist")
    # The next full sync takes it off the page; until then it stays in the inbox.
    expect(page.locator(f"[data-call-id='{call_id}'][data-archived=true]")).to_have_count(0)
