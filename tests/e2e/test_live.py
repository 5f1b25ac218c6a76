"""Live updates: what the indicator claims, what is caught up on, and what never moves or is lost."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.held_socket import HeldSocket, Moment
from tests.e2e.pages import (
    call_ids,
    expect_archived,
    expect_live,
    expect_marked,
    expect_not_live,
    mark,
    note_field,
    notes,
    open_call,
    shown,
    sign_in,
)
from tests.e2e.troubles import Troubles, Visitor
from tests.support.dashboard import serving
from tests.support.sandbox import Sandbox


def test_a_restart_of_the_server_is_shown_and_what_changed_meanwhile_too(
    sandbox: Sandbox, tmp_path: Path, visitor: Visitor, troubles: Troubles
) -> None:
    # While the server is away, nothing of it can be reached.
    troubles.expect("ERR_CONNECTION|WebSocket connection to .* failed")
    with serving(sandbox, tmp_path / "data") as address:
        page = sign_in(visitor(address).new_page())
        call_id = call_ids(page)[0]
        expect_live(page)
        mark(page)

    expect_not_live(page)
    sandbox.archive(call_id)
    sandbox.add_note(call_id, "While you were away")

    with serving(sandbox, tmp_path / "data", {"PORT": str(urlsplit(address).port)}):
        expect_live(page)
        expect_archived(page, call_id)
        expect(shown(page, call_id)).to_contain_text("While you were away")
        expect_marked(page)
        page.close()


def test_a_lost_link_to_the_api_is_shown_and_heals(address: str, visitor: Visitor, sandbox: Sandbox) -> None:
    page = sign_in(visitor(address).new_page())
    call_id = call_ids(page)[0]
    expect_live(page)
    mark(page)

    sandbox.refuse_sockets()
    sandbox.drop_sockets()
    expect_not_live(page)
    sandbox.archive(call_id)
    sandbox.refuse_sockets(on=False)

    expect_live(page)
    expect_archived(page, call_id)
    expect_marked(page)


@pytest.mark.parametrize("is_list", [True, False], ids=["list", "call"])
@pytest.mark.parametrize("moment", Moment)
def test_a_change_between_the_page_and_its_socket_is_not_missed(
    shared_address: str, visitor: Visitor, shared_sandbox: Sandbox, moment: Moment, is_list: bool
) -> None:
    alice = visitor(shared_address)
    page, witness = sign_in(alice.new_page()), sign_in(visitor(shared_address).new_page(), "bob")
    call_id = call_ids(page)[0]
    expect_live(witness)
    held = HeldSocket(alice, moment)
    page.goto("/calls" if is_list else f"/calls/{call_id}")
    mark(page)
    while not held.is_held:
        page.wait_for_timeout(10)

    shared_sandbox.archive(call_id)
    expect_archived(witness, call_id)
    expect_archived(page, call_id, is_archived=False)
    held.let_go()

    expect_archived(page, call_id)
    expect_live(page)
    expect_marked(page)


def test_a_note_being_typed_survives_a_colleagues_note(
    shared_address: str, visitor: Visitor, shared_sandbox: Sandbox
) -> None:
    page = sign_in(visitor(shared_address).new_page())
    call_id = call_ids(page)[0]
    open_call(page, call_id)
    expect_live(page)
    mark(page)
    note_field(page).press_sequentially("I am just writ")

    shared_sandbox.add_note(call_id, "A colleague was faster")
    expect(notes(page).first).to_have_text("A colleague was faster")
    page.keyboard.type("ing this")

    expect(note_field(page)).to_have_value("I am just writing this")
    expect_marked(page)
    page.get_by_role("button", name="Add note").click()
    expect(notes(page).first).to_have_text("I am just writing this")
    expect(notes(page).nth(1)).to_have_text("A colleague was faster")


def test_a_new_call_is_offered_and_moves_nothing(address: str, visitor: Visitor, sandbox: Sandbox) -> None:
    page = sign_in(visitor(address).new_page())
    expect_live(page)
    rows = page.locator("[data-call-id]")
    ids, place = call_ids(page), rows.first.bounding_box()

    new = sandbox.add_call(is_archived=False)
    # Nothing announces it; the list is read again when events may have been lost, and otherwise in its time.
    sandbox.drop_sockets()
    offer = page.get_by_role("link", name="1 new call – show")

    expect(offer).to_be_visible()
    assert call_ids(page) == ids
    assert rows.first.bounding_box() == place
    offer.click()
    expect(rows.first).to_have_attribute("data-call-id", new["id"])
