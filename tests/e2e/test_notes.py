"""What people write is kept to the letter and stored once, whatever becomes of sessions and answers."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.pages import (
    archive_button,
    call_ids,
    expect_archived,
    expect_live,
    expect_sent,
    note_field,
    notes,
    notices,
    read,
    sign_in,
    undo,
)
from tests.e2e.troubles import Troubles, Visitor
from tests.support.sandbox import Sandbox

# Ten thousand characters: line breaks, an emoji, and text from right to left.
TEXT = ("Called back 👋🏽\nנתקשר מחר – אחרי עשר\n\n" * 400)[:9_999] + "."


def open_note(visitor: Visitor, address: str, *, is_live: bool = True, **options: Any) -> Page:
    """Alice's browser on a call's page, live unless it is to hear of nothing."""
    page = read(sign_in(visitor(address, **options).new_page()))
    if not is_live:
        page.route_web_socket(re.compile("socket.io"), lambda _: None)
        page.add_init_script("delete window.BroadcastChannel")
    page.goto(f"/calls/{call_ids(page)[0]}")
    if is_live:
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


def end_from_another_browser(other: Page) -> None:
    """End the session from another browser of the same person. A logout would delete drafts."""
    sign_in(other).goto("/sessions")
    other.get_by_role("button", name="End all others").click()
    expect(other.get_by_role("button", name="End all others")).to_have_count(0)


@pytest.mark.parametrize("is_live", [True, False], ids=["live", "deaf"])
def test_a_note_outlives_the_session_to_the_letter(
    address: str, visitor: Visitor, sandbox: Sandbox, is_live: bool
) -> None:
    page = open_note(visitor, address, is_live=is_live)
    here = page.url
    note_field(page).fill(TEXT)

    # A page that hears of nothing comes to the login when it sends the note.
    end_from_another_browser(visitor(address).new_page())
    if not is_live:
        send(page)
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    sign_in(page)

    expect(page).to_have_url(re.compile(re.escape(here)))
    # The script brings it back once it runs.
    expect(note_field(page)).to_have_value(TEXT)
    assert note_field(page).input_value() == TEXT
    assert sandbox.counters().notes_added == 0
    send(page)
    expect(notes(page).first).to_contain_text("Called back")
    expect_sent(page)
    page.reload()
    expect(note_field(page)).to_have_value("")
    assert sandbox.counters().notes_added == 1


def test_another_user_of_the_same_browser_sees_nothing_of_it(address: str, visitor: Visitor) -> None:
    page = open_note(visitor, address)
    note_field(page).fill(TEXT)

    log_out_elsewhere(page)
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    sign_in(page, "bob")

    expect(note_field(page)).to_have_value("")
    assert "Called back" not in page.content()


def test_what_is_typed_after_the_login_stands_before_what_was_kept(address: str, visitor: Visitor) -> None:
    page = open_note(visitor, address, is_live=False)
    note_field(page).fill("Kept")
    log_out_elsewhere(page)
    send(page)
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    sign_in(page)
    note_field(page).fill("Kept, and more")

    page.reload()

    expect(note_field(page)).to_have_value("Kept, and more")


def test_a_note_from_before_another_login_is_shown_and_can_be_sent(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    page = open_note(visitor, address, is_live=False)
    note_field(page).fill(TEXT)
    log_out_elsewhere(page)
    sign_in(page.context.pages[-1])

    send(page)

    expect(page.locator("#notices")).to_contain_text("nothing was sent")
    # The script brings it back once it runs.
    expect(note_field(page)).to_have_value(TEXT)
    assert sandbox.counters().notes_added == 0
    send(page)
    expect(notes(page).first).to_contain_text("Called back")
    expect_sent(page)
    assert sandbox.counters().notes_added == 1


def test_a_note_stays_in_its_form_while_the_phone_system_is_in_trouble(
    address: str, visitor: Visitor, sandbox: Sandbox, troubles: Troubles
) -> None:
    troubles.expect("answer 503: POST .*/notes")
    page = open_note(visitor, address, viewport={"width": 375, "height": 667})
    call_id = page.locator("#call").get_attribute("data-call-id")
    note_field(page).fill(TEXT)
    sandbox.answer_503(times=None, path=f"/calls/{call_id}/note")

    send(page)
    reason = page.locator("#note-form").get_by_role("alert")
    expect(reason).to_contain_text("The phone system")
    expect(reason).to_be_in_viewport()
    expect(note_field(page)).to_have_accessible_description(re.compile("The phone system"))
    assert note_field(page).input_value() == TEXT

    # The same reason is read out again only where it is a new element.
    reason.evaluate("(element) => { element.isOld = true; }")
    send(page)
    expect_sent(page)
    expect(reason).to_be_visible()
    assert reason.evaluate("(element) => element.isOld") is None

    sandbox.clear_faults()
    send(page)
    expect(notes(page).first).to_contain_text("Called back")
    expect_sent(page)
    assert sandbox.counters().notes_added == 1


def test_a_double_click_adds_one_note(address: str, visitor: Visitor, sandbox: Sandbox) -> None:
    page = open_note(visitor, address)
    call_id = page.locator("#call").get_attribute("data-call-id")
    note_field(page).fill("Clicked twice")
    sandbox.be_slow(0.5, path=f"/calls/{call_id}/note")

    page.get_by_role("button", name="Add note").dblclick()

    expect(page.get_by_text("Note added: ")).to_be_visible()
    expect(notes(page).filter(has_text="Clicked twice")).to_have_count(1)
    assert sandbox.counters().notes_added == 1


def test_archiving_and_undo_leave_the_note_being_typed_alone(address: str, visitor: Visitor) -> None:
    page = open_note(visitor, address)
    call_id = page.locator("#call").get_attribute("data-call-id") or ""
    note_field(page).fill("Half a sent")

    archive_button(page, call_id).click()
    expect_archived(page, call_id)
    expect(note_field(page)).to_have_value("Half a sent")
    undo(page).click()

    expect(notices(page)).to_contain_text("Call moved to the inbox: ")
    expect(note_field(page)).to_have_value("Half a sent")


def lose_answer(route: Route) -> None:
    """The request arrives, its answer does not."""
    route.fetch(max_redirects=0)
    route.abort()


def test_a_note_whose_answer_was_lost_comes_once_after_a_reload_too(
    address: str, visitor: Visitor, sandbox: Sandbox, troubles: Troubles
) -> None:
    troubles.expect("failed: POST .*/notes|ERR_FAILED")
    page = open_note(visitor, address)
    page.route(re.compile("/notes"), lose_answer)
    note_field(page).fill("Stored once")
    send(page)
    expect(notices(page)).to_contain_text("No answer yet: sending 1 action again")
    page.unroute_all()

    page.reload()
    expect(note_field(page)).to_have_value("Stored once")
    send(page)

    expect(note_field(page)).to_have_value("")
    expect_sent(page)
    assert sandbox.counters().notes_added == 1
    # And what is written next is another note, though it says the same.
    note_field(page).fill("Stored once")
    page.reload()
    send(page)
    expect(notes(page).filter(has_text="Stored once")).to_have_count(2)


def test_another_tab_that_reads_its_page_again_leaves_the_undo_to_the_one_that_acted(
    address: str, visitor: Visitor
) -> None:
    page = read(sign_in(visitor(address).new_page()))
    other = page.context.new_page()
    other.goto("/calls")
    expect_live(other)
    token = page.locator("#calls-form [name=csrf_token]").input_value()

    # Between the change and the page that tells of it, the other tab reads its own.
    page.request.post(
        f"/calls/{call_ids(page)[0]}/archive",
        form={"csrf_token": token, "archived": "true"},
        max_redirects=0,
    )
    other.get_by_role("combobox", name="Type").select_option("voicemail")
    expect(other).to_have_url(re.compile("type=voicemail"))
    page.goto("/calls")

    expect(undo(page)).to_be_visible()


def test_a_draft_is_kept_for_its_call_until_it_is_sent_or_its_writer_logs_out(
    shared_address: str, visitor: Visitor, shared_sandbox: Sandbox
) -> None:
    page = sign_in(visitor(shared_address).new_page())
    page.goto("/calls?view=all")
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
    expect_sent(page)
    page.reload()

    expect(note_field(page)).to_have_value("")
    assert [note["content"].strip() for note in shared_sandbox.call(call_id)["notes"]].count(
        text.strip()
    ) == 1
    note_field(page).fill("Not for others")
    tab = page.context.new_page()
    tab.goto(f"{shared_address}/calls/{other_id}")
    note_field(tab).fill("Nor is this")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    tab.wait_for_function("() => !Object.keys(sessionStorage).some((key) => key.startsWith('draft:'))")
    assert page.evaluate("() => JSON.stringify(sessionStorage)") == "{}"
    sign_in(page, "bob")
    page.goto(f"/calls/{call_id}")

    expect(note_field(page)).to_have_value("")
