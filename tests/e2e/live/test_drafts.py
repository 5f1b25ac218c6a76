"""A note that was begun is kept for its writer alone, until it is sent or somebody logs out."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import call_ids, note_field, notes, sign_in
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox


@pytest.fixture
def page(shared_address: str, visitor: Visitor) -> Page:
    """Alice's list of all calls."""
    page = sign_in(visitor(shared_address).new_page())
    page.goto("/calls?view=all")
    return page


def test_a_draft_is_kept_for_its_call_and_its_writer_until_it_is_sent(
    page: Page, shared_sandbox: Sandbox
) -> None:
    call_id, other_id = call_ids(page)[:2]
    text = "Appel à 14 h — שלום 👋 " * 20
    page.goto(f"/calls/{call_id}")
    note_field(page).fill(text)

    page.goto(f"/calls/{other_id}")
    expect(note_field(page)).to_have_value("")
    page.goto(f"/calls/{call_id}")
    expect(note_field(page)).to_have_value(text)
    page.get_by_role("button", name="Add note").click()
    expect(notes(page).first).to_have_text(text.strip())
    page.reload()

    expect(note_field(page)).to_have_value("")
    assert [note["content"].strip() for note in shared_sandbox.call(call_id)["notes"]].count(
        text.strip()
    ) == 1


def test_logging_out_forgets_drafts(page: Page) -> None:
    call_id = call_ids(page)[0]
    page.goto(f"/calls/{call_id}")
    note_field(page).fill("Not for others")

    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert page.evaluate("() => JSON.stringify(sessionStorage)") == "{}"
    sign_in(page, "bob")
    page.goto(f"/calls/{call_id}")

    expect(note_field(page)).to_have_value("")
