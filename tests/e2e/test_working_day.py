"""Working days, in English and in French: sign in, page through, archive and note; log out."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.pages import (
    add_note,
    archive_button,
    call_ids,
    expect_archived,
    expect_marked,
    mark,
    note_field,
    notes,
    open_call,
    open_live,
    shown,
    sign_in,
)
from tests.e2e.troubles import Troubles, Visitor
from tests.support.sandbox import Sandbox


def test_what_one_does_others_see_without_a_reload(shared_address: str, visitor: Visitor) -> None:
    alice, bob = visitor(shared_address), visitor(shared_address)
    page, bobs_list = sign_in(alice.new_page()), sign_in(bob.new_page(), "bob")
    call_id = call_ids(page)[0]
    open_live(bobs_list, "/calls?view=all")
    bobs_call = open_live(bob.new_page(), f"/calls/{call_id}")

    open_call(page, call_id)
    archive_button(page, call_id).click()
    expect_archived(page, call_id)
    add_note(page, "Called back, all settled")
    expect(note_field(page)).to_have_value("")
    expect(page.locator(":user-invalid")).to_have_count(0)

    expect_archived(bobs_list, call_id)
    expect(shown(bobs_list, call_id)).to_contain_text("Called back, all settled")
    expect_archived(bobs_call, call_id)
    expect(notes(bobs_call).first).to_have_text("Called back, all settled")
    for others in (bobs_list, bobs_call):
        expect_marked(others)


def test_nothing_private_is_left_after_logging_out(shared_address: str, visitor: Visitor) -> None:
    alice = visitor(shared_address)
    page, other_tab = sign_in(alice.new_page()), alice.new_page()
    open_call(page, call_ids(page)[0])
    # It goes to the login, or reads its page anew and comes to it: whichever it hears first of the logout.
    other_tab.goto("/calls?view=all")
    open_live(other_tab, "/calls")

    page.get_by_role("button", name="Log out").click()
    expect_login(page)

    expect_login(other_tab)
    for tab in (page, other_tab):
        tab.go_back()
        expect_login(tab)
    other_tab.goto("/calls")
    expect_login(other_tab)


def expect_login(page: Page) -> None:
    """The login page, and not one call."""
    expect(page).to_have_url(re.compile("/login"))
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    expect(page.locator("[data-call-id]")).to_have_count(0)


def test_a_french_browser_gets_french_pages_and_a_french_script(
    shared_address: str, visitor: Visitor, shared_sandbox: Sandbox, troubles: Troubles
) -> None:
    page = visitor(shared_address, locale="fr-FR").new_page()
    page.goto("/login")
    page.get_by_label(re.compile("^Nom d.utilisateur$")).fill("alice")
    page.get_by_label("Mot de passe").fill("any")
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("status").get_by_text("En direct", exact=True)).to_be_visible()
    expect(page.locator("[data-syncing]")).to_have_count(0)
    first, second, third, *_ = call_ids(page)
    mark(page)
    for call_id in (first, second):
        shown(page, call_id).get_by_role("checkbox").check()
    expect(page.locator("#picked-count")).to_have_text("2 sélectionnés")
    page.get_by_role("group", name="Appels sélectionnés").get_by_role("button", name="Archiver").first.click()
    expect(page.locator("#notices")).to_contain_text("2 appels archivés.")
    shared_sandbox.archive(third)
    expect(page.locator("#announcer")).to_have_text(re.compile(r"appels? mis à jour\."))
    expect_marked(page)
    troubles.expect("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    expect(page.locator("#banner")).to_contain_text("Pas de réseau depuis")
    expect(page.get_by_role("status").get_by_text("Hors ligne", exact=True)).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_role("status").get_by_text("En direct", exact=True)).to_be_visible()
