"""Working days, in English and in French: sign in, page through, archive and note; log out."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import (
    WAIT_MS,
    add_note,
    archive_button,
    call_ids,
    expect_archived,
    expect_calls,
    expect_live,
    expect_marked,
    mark,
    note_field,
    notes,
    open_call,
    shown,
    sign_in,
    times,
)
from tests.e2e.troubles import Troubles, Visitor
from tests.support.sandbox import Sandbox


def test_paging_shows_every_call_once_newest_first(address: str, visitor: Visitor, sandbox: Sandbox) -> None:
    page = sign_in(visitor(address).new_page())

    page.goto("/calls?view=all")
    ids, moments = call_ids(page), times(page)
    while (older := page.get_by_role("link", name="Older")).count():
        following = f"Page {len(ids) // 25 + 1} of 4"
        older.click()
        expect(page.get_by_text(following)).to_be_visible()
        ids, moments = ids + call_ids(page), moments + times(page)

    assert len(ids) == 94
    assert sorted(ids) == sorted(call["id"] for call in sandbox.calls())
    assert moments == sorted(moments, reverse=True)
    assert moments == sorted((call["created_at"] for call in sandbox.calls()), reverse=True)


def test_what_one_does_others_see_without_a_reload(shared_address: str, visitor: Visitor) -> None:
    alice, bob = visitor(shared_address), visitor(shared_address)
    page, bobs_list = sign_in(alice.new_page()), sign_in(bob.new_page(), "bob")
    bobs_list.goto("/calls?view=all")
    call_id = call_ids(page)[0]
    bobs_call = bob.new_page()
    bobs_call.goto(f"/calls/{call_id}")
    for others in (bobs_list, bobs_call):
        expect_live(others)
        mark(others)

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
    other_tab.goto("/calls")
    expect_live(other_tab)

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


def test_the_list_is_grouped_by_day_and_names_the_user(shared_address: str, visitor: Visitor) -> None:
    page = sign_in(visitor(shared_address).new_page(), "Zoë Ångström")

    expect_calls(page)
    expect(page.get_by_role("heading", level=2).first).to_be_visible()
    expect(page.get_by_role("banner")).to_contain_text("Logged in as Zoë Ångström")


@pytest.fixture
def french_page(address: str, visitor: Visitor) -> Page:
    """The list in a browser that asks for French."""
    page = visitor(address, locale="fr-FR").new_page()
    page.goto("/login")
    page.get_by_label(re.compile("^Nom d.utilisateur$")).fill("alice")
    page.get_by_label("Mot de passe").fill("any")
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("status").get_by_text("En direct", exact=True)).to_be_visible(timeout=WAIT_MS)
    return page


def test_a_french_browser_gets_french_pages_and_a_french_script(french_page: Page, sandbox: Sandbox) -> None:
    page = french_page
    expect(page.locator("[data-syncing]")).to_have_count(0)
    first, second, third, *_ = call_ids(page)
    mark(page)

    for call_id in (first, second):
        shown(page, call_id).get_by_role("checkbox").check()
    expect(page.locator("#picked-count")).to_have_text("2 sélectionnés")
    page.get_by_role("group", name="Appels sélectionnés").get_by_role("button", name="Archiver").first.click()
    expect(page.locator("#notices")).to_contain_text("2 appels archivés.")
    sandbox.archive(third)
    expect(page.locator("#announcer")).to_have_text(re.compile(r"appels? mis à jour\."))

    expect_marked(page)


def test_trouble_with_the_network_is_told_in_french(french_page: Page, troubles: Troubles) -> None:
    page = french_page
    troubles.expect("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)

    expect(page.locator("#banner")).to_contain_text("Pas de réseau depuis")
    expect(page.get_by_role("status").get_by_text("Hors ligne", exact=True)).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_role("status").get_by_text("En direct", exact=True)).to_be_visible()


def test_the_choice_of_a_language_changes_the_page_at_once(french_page: Page) -> None:
    page = french_page
    page.get_by_role("button", name="English").click()

    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
