"""A working day in French: what the server says, and what the script says."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import WAIT_MS, call_ids, expect_marked, mark, shown
from tests.e2e.troubles import Troubles, Visitor
from tests.support.sandbox import Sandbox


@pytest.fixture
def page(address: str, visitor: Visitor) -> Page:
    """The list of somebody whose browser asks for French."""
    page = visitor(address, locale="fr-FR").new_page()
    page.goto("/login")
    page.get_by_label(re.compile("^Nom d.utilisateur$")).fill("alice")
    page.get_by_label("Mot de passe").fill("any")
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("status").get_by_text("En direct", exact=True)).to_be_visible(timeout=WAIT_MS)
    return page


def test_a_french_browser_gets_french_pages_and_a_french_script(page: Page, sandbox: Sandbox) -> None:
    expect(page.locator("[data-reading]")).to_have_count(0)
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


def test_trouble_with_the_network_is_told_in_french(page: Page, troubles: Troubles) -> None:
    troubles.expect("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)

    expect(page.locator("#banner")).to_contain_text("Pas de réseau depuis")
    expect(page.get_by_role("status").get_by_text("Hors ligne", exact=True)).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_role("status").get_by_text("En direct", exact=True)).to_be_visible()


def test_the_choice_of_a_language_changes_the_page_at_once(page: Page) -> None:
    page.get_by_role("button", name="English").click()

    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
