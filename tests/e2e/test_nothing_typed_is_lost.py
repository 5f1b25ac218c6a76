"""What somebody has typed is there again, to the letter, whatever becomes of their session or the answers."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import call_ids, expect_live, note_field, notes, sign_in
from tests.e2e.test_changes import read
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox

# Ten thousand characters: line breaks, an emoji, and text from right to left.
TEXT = ("Called back 👋🏽\nנתקשר מחר – אחרי עשר\n\n" * 400)[:9_999] + "."

with_and_without_scripts = pytest.mark.parametrize("scripts", [True, False])


def open_note(visitor: Visitor, address: str, scripts: bool, *, is_live: bool = True, **options: Any) -> Page:
    """Alice's browser on a call's page, with scripts live unless it is to hear of nothing."""
    page = read(sign_in(visitor(address, java_script_enabled=scripts, **options).new_page()))
    if not is_live:
        page.route_web_socket(re.compile("socket.io"), lambda _: None)
    page.goto(f"/calls/{call_ids(page)[0]}")
    if scripts and is_live:
        expect_live(page)
    return page


def send(page: Page) -> None:
    """Send the note."""
    page.get_by_role("button", name="Add note").click()


def log_out_elsewhere(page: Page) -> None:
    """Log out in another tab."""
    other = page.context.new_page()
    other.goto("/calls")
    other.get_by_role("button", name="Log out").click()
    expect(other.get_by_role("button", name="Log in")).to_be_visible()


def lose_session(page: Page, scripts: bool) -> None:
    """Log out in another tab, and come to the login page here: by script, else by sending the note."""
    log_out_elsewhere(page)
    if not scripts:
        send(page)
    expect(page.get_by_role("button", name="Log in")).to_be_visible()


@with_and_without_scripts
def test_a_note_outlives_the_session_to_the_letter(
    address: str, visitor: Visitor, sandbox: Sandbox, scripts: bool
) -> None:
    page = open_note(visitor, address, scripts)
    here = page.url
    note_field(page).fill(TEXT)

    lose_session(page, scripts)
    sign_in(page)

    expect(page).to_have_url(re.compile(re.escape(here)))
    # The script brings it back once it runs.
    expect(note_field(page)).to_have_value(TEXT)
    assert note_field(page).input_value() == TEXT
    assert sandbox.counters().notes_added == 0
    send(page)
    expect(notes(page).first).to_contain_text("Called back")
    expect(note_field(page)).to_have_value("")
    page.reload()
    expect(note_field(page)).to_have_value("")
    assert sandbox.counters().notes_added == 1


@with_and_without_scripts
def test_somebody_else_at_the_same_browser_sees_nothing_of_it(
    address: str, visitor: Visitor, scripts: bool
) -> None:
    page = open_note(visitor, address, scripts)
    note_field(page).fill(TEXT)

    lose_session(page, scripts)
    sign_in(page, "bob")

    expect(note_field(page)).to_have_value("")
    assert "Called back" not in page.content()


def test_what_is_typed_after_the_login_stands_before_what_was_kept(address: str, visitor: Visitor) -> None:
    page = open_note(visitor, address, scripts=True, is_live=False)
    note_field(page).fill("Kept")
    log_out_elsewhere(page)
    send(page)
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    sign_in(page)
    note_field(page).fill("Kept, and more")

    page.reload()

    expect(note_field(page)).to_have_value("Kept, and more")


@with_and_without_scripts
def test_a_note_from_before_another_login_is_shown_and_can_be_sent(
    address: str, visitor: Visitor, sandbox: Sandbox, scripts: bool
) -> None:
    page = open_note(visitor, address, scripts, is_live=False)
    other = page.context.new_page()
    other.goto("/calls")
    note_field(page).fill(TEXT)
    logged_in_again(other)

    send(page)

    expect(page.locator("#notices")).to_contain_text("nothing was sent yet")
    # The script brings it back once it runs.
    expect(note_field(page)).to_have_value(TEXT)
    assert note_field(page).input_value() == TEXT
    assert sandbox.counters().notes_added == 0
    send(page)
    expect(notes(page).first).to_contain_text("Called back")
    assert sandbox.counters().notes_added == 1


def logged_in_again(page: Page) -> None:
    """Log out and in."""
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    sign_in(page)
