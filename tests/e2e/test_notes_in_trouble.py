"""A note is stored once and never lost, whatever becomes of the answers."""

import re

from playwright.sync_api import Route, expect

from tests.e2e.pages import archive_button, call_ids, expect_archived, expect_live, note_field, notes, sign_in
from tests.e2e.test_changes import notices, read, undo
from tests.e2e.test_nothing_typed_is_lost import TEXT, open_note, send, with_and_without_scripts
from tests.e2e.troubles import Troubles, Visitor
from tests.support.sandbox import Sandbox


@with_and_without_scripts
def test_a_note_stays_in_its_form_while_the_phone_system_is_in_trouble(
    address: str, visitor: Visitor, sandbox: Sandbox, troubles: Troubles, scripts: bool
) -> None:
    troubles.expect("answer 503: POST .*/notes")
    page = open_note(visitor, address, scripts, viewport={"width": 375, "height": 667})
    call_id = page.locator("#call").get_attribute("data-call-id")
    note_field(page).fill(TEXT)
    sandbox.answer_503(times=None, path=f"/calls/{call_id}/note")

    send(page)

    reason = page.locator("#note-form").get_by_role("alert")
    expect(reason).to_contain_text("The phone system")
    expect(reason).to_be_in_viewport()
    expect(note_field(page)).to_have_accessible_description(re.compile("The phone system"))
    assert note_field(page).input_value() == TEXT
    sandbox.clear_faults()
    send(page)
    expect(notes(page).first).to_contain_text("Called back")
    assert sandbox.counters().notes_added == 1


@with_and_without_scripts
def test_a_double_click_adds_one_note(
    address: str, visitor: Visitor, sandbox: Sandbox, scripts: bool
) -> None:
    page = open_note(visitor, address, scripts)
    call_id = page.locator("#call").get_attribute("data-call-id")
    note_field(page).fill("Clicked twice")
    sandbox.be_slow(0.5, path=f"/calls/{call_id}/note")

    page.get_by_role("button", name="Add note").dblclick()

    expect(page.get_by_text("Note added.")).to_be_visible()
    expect(notes(page).filter(has_text="Clicked twice")).to_have_count(1)
    assert sandbox.counters().notes_added == 1


def test_archiving_and_undo_leave_the_note_being_typed_alone(address: str, visitor: Visitor) -> None:
    page = open_note(visitor, address, scripts=True)
    call_id = page.locator("#call").get_attribute("data-call-id") or ""
    note_field(page).fill("Half a sent")

    archive_button(page, call_id).click()
    expect_archived(page, call_id)
    expect(note_field(page)).to_have_value("Half a sent")
    undo(page).click()

    expect(notices(page)).to_contain_text("Call moved to the inbox.")
    expect(note_field(page)).to_have_value("Half a sent")


def lose_answer(route: Route) -> None:
    """The request arrives, its answer does not."""
    route.fetch(max_redirects=0)
    route.abort()


def test_a_note_whose_answer_was_lost_comes_once_after_a_reload_too(
    address: str, visitor: Visitor, sandbox: Sandbox, troubles: Troubles
) -> None:
    troubles.expect("failed: POST .*/notes|ERR_FAILED")
    page = open_note(visitor, address, scripts=True)
    page.route(re.compile("/notes"), lose_answer)
    note_field(page).fill("Stored once")
    send(page)
    expect(notices(page)).to_contain_text("may or may not have been done")
    page.unroute_all()

    page.reload()
    expect(note_field(page)).to_have_value("Stored once")
    send(page)

    expect(note_field(page)).to_have_value("")
    assert sandbox.counters().notes_added == 1
    # And what is written next is another note, though it says the same.
    note_field(page).fill("Stored once")
    page.reload()
    send(page)
    expect(notes(page).filter(has_text="Stored once")).to_have_count(2)


def test_the_same_reason_is_read_out_each_time(
    address: str, visitor: Visitor, sandbox: Sandbox, troubles: Troubles
) -> None:
    troubles.expect("answer 503: POST .*/notes")
    page = open_note(visitor, address, scripts=True)
    call_id = page.locator("#call").get_attribute("data-call-id")
    reason = page.locator("#note-form").get_by_role("alert")
    sandbox.answer_503(times=None, path=f"/calls/{call_id}/note")
    note_field(page).fill("Text")
    send(page)
    expect(reason).to_be_visible()
    reason.evaluate("(element) => { element.isOld = true; }")

    send(page)

    expect(page.locator("[data-busy]")).to_have_count(0)
    expect(reason).to_be_visible()
    assert reason.evaluate("(element) => element.isOld") is None


def test_another_tab_that_reads_its_page_again_leaves_the_undo_to_who_acted(
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
