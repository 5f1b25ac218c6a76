"""All numbers of an open page follow together, and are those of the same page read anew."""

import random

from playwright.sync_api import Page, expect

from tests.e2e.pages import call_ids, expect_calls, open_live, shown, sign_in
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

LISTS = ("/calls?per_page=10", "/calls?view=all", "/calls?type=missed&per_page=10")
# Seconds. The chart may take ten of them where it is out of sight.
SOON = 30
NUMBERS = """() => {
  const parts = ['#page-head', '#views', '#range', '#place', '#change-all', '#chart', '#insights'];
  const text = (part) => document.querySelector(part)?.textContent.replace(/\\s+/g, ' ').trim() ?? '';
  return [document.title, ...parts.map(text), document.querySelector('#chart .chart__bars')?.innerHTML ?? ''];
}"""
# Notes each moment at which the toolbar and the tab of an open list name two numbers for the same calls.
WATCH = """() => {
  window.disagreed = [];
  const number = (text) => text.match(/[0-9,]+(?=\\D*$)/)[0];
  const check = () => {
    const tab = document.querySelector('#views [aria-current] [data-count]').textContent;
    const range = number(document.getElementById('range').textContent);
    if (number(tab) !== range) window.disagreed.push([tab, range]);
  };
  new MutationObserver(check).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def numbers(page: Page) -> list[str]:
    """All that counts something on this page."""
    found: list[str] = page.evaluate(NUMBERS)
    return found


def expect_as_read_anew(open_page: Page) -> None:
    """The open page shows the numbers that its address shows when it is opened now."""
    fresh = open_page.context.new_page()

    def is_same() -> bool:
        fresh.goto(open_page.url)
        return numbers(fresh) == numbers(open_page)

    try:
        wait_until(is_same, SOON, f"the numbers of {open_page.url}")
    finally:
        fresh.close()


def test_after_any_mix_of_events_an_open_page_shows_the_numbers_of_a_fresh_one(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    person = visitor(address)
    sign_in(person.new_page())
    pages = [open_live(person.new_page(), path) for path in (*LISTS, "/insights")]
    later = open_live(person.new_page(), LISTS[0])
    later.get_by_role("link", name="Older").click()
    expect_calls(later)
    for page in (*pages[:-1], later):
        page.evaluate(WATCH)
    chance = random.Random(14)  # noqa: S311  # the same mix each time
    ids = [call["id"] for call in sandbox.calls()]

    for _ in range(12):
        sandbox.archive(chance.choice(ids))
    for kind in ("missed", "answered"):
        sandbox.add_call(call_type=kind, direction="inbound", is_archived=False)

    for page in (*pages, later):
        page.bring_to_front()
        expect_as_read_anew(page)
    for page in (*pages[:-1], later):
        assert page.evaluate("() => window.disagreed") == []


def test_rows_that_a_colleague_archives_stay_and_a_fresh_list_is_offered(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    page = open_live(sign_in(visitor(address).new_page()), "/calls")
    first, *more = call_ids(page)[:5]
    offer = page.locator("#left-calls")

    sandbox.archive(first)
    expect(shown(page, first)).to_have_attribute("data-archived", "true")
    expect(offer).to_be_hidden()
    for call_id in more:
        sandbox.archive(call_id)
    expect(offer).to_have_text("5 calls were archived – refresh")
    assert call_ids(page)[:5] == [first, *more]
    offer.click()

    expect(shown(page, first)).to_have_count(0)
    expect(offer).to_be_hidden()
