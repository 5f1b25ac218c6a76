"""All open pages of a browser follow: another language or theme, a logout, another day."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import call_ids, expect_live, expect_marked, note_field, open_live, sign_in
from tests.e2e.troubles import Visitor

WITHOUT_CHANNEL = "delete window.BroadcastChannel;"
# The text of a note that is being written elsewhere.
TEXT = "Half a sentence"


def choose(page: Page, name: str) -> None:
    """Choose a theme or a language in the footer of this page."""
    page.get_by_role("contentinfo").get_by_role("button", name=name, exact=True).click()


def let_it_ask(page: Page) -> None:
    """Let a page that has not been told ask the server, as after some time out of sight."""
    page.evaluate("() => window.dispatchEvent(new Event('online'))")


@pytest.mark.parametrize("has_channel", [True, False], ids=["told by the others", "told by the server"])
def test_language_theme_and_logout_reach_every_open_page(
    shared_address: str, visitor: Visitor, has_channel: bool
) -> None:
    person = visitor(shared_address)
    if not has_channel:
        person.add_init_script(WITHOUT_CHANNEL)
    first = open_live(sign_in(person.new_page()), "/calls")
    other = open_live(person.new_page(), f"/calls/{call_ids(first)[0]}")
    note_field(other).fill(TEXT)

    def follow() -> None:
        if not has_channel:
            let_it_ask(other)

    choose(first, "Dark")
    follow()
    expect(other.locator("html")).to_have_attribute("data-theme", "dark")
    expect_live(other)
    choose(first, "Français")
    follow()
    expect(other.locator("html")).to_have_attribute("lang", "fr")
    expect(other.get_by_role("textbox", name="Note")).to_have_value(TEXT)

    first.get_by_role("button", name="Se déconnecter").click()
    expect(other).to_have_url(re.compile("/login"))
    sign_in_in_french(first)
    if not has_channel:
        other.reload()
    expect(other).to_have_url(re.compile("/calls/"))


def sign_in_in_french(page: Page) -> None:
    page.locator("[name=username]").fill("alice")
    page.locator("[name=password]").fill("any")
    page.locator("main form button").first.click()
    expect(page).to_have_url(re.compile("/calls"))


def test_another_day_turns_the_headings_of_an_open_list(page: Page) -> None:
    open_live(page, "/calls")
    heading = page.locator(".day__heading").first
    text = heading.inner_text()

    heading.evaluate("(element) => { element.firstElementChild.textContent = 'Yesterday, as it were'; }")
    today = datetime.now(ZoneInfo("Europe/Paris")).date()
    # Never on the same day as each other.
    ends = ("Pacific/Kiritimati", "Pacific/Pago_Pago")
    zone = next(zone for zone in ends if datetime.now(ZoneInfo(zone)).date() != today)
    page.evaluate("(zone) => { document.documentElement.dataset.zone = zone; }", zone)

    expect(heading).to_have_text(text, use_inner_text=True)
    expect_marked(page)
