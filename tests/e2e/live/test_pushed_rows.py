"""A list takes its rows and counts from events, and requests only what the server alone can tell."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.pages import call_ids, expect_archived, expect_live, expect_not_live, open_live, shown, sign_in
from tests.e2e.troubles import Troubles, Visitor
from tests.support.dashboard import COOKIE, log_in
from tests.support.sandbox import Sandbox

ASKED = re.compile(r"/calls/(rows|counts)\?")


@pytest.fixture
def page(shared_address: str, visitor: Visitor) -> Page:
    """Alice's inbox, live."""
    page = sign_in(visitor(shared_address).new_page())
    expect_live(page)
    return page


@pytest.fixture
def asked(page: Page) -> list[str]:
    """What the page requests by itself: `rows` and `counts`."""
    found: list[str] = []

    def note(url: str) -> None:
        if match := ASKED.search(url):
            found.append(match[1])

    page.on("request", lambda request: note(request.url))
    return found


def summary(page: Page) -> str:
    """The words of the page's head and its tabs."""
    parts = [page.locator(part).inner_text() for part in ("#page-head p", "#views")]
    return " ".join(" ".join(parts).split())


def test_an_unfiltered_list_follows_changes_without_a_request(
    page: Page, asked: list[str], shared_sandbox: Sandbox
) -> None:
    first, second = call_ids(page)[:2]
    link = shown(page, first).get_by_role("link").get_attribute("href")

    shared_sandbox.archive(first)
    expect_archived(page, first)
    shared_sandbox.add_note(second, "Called back <b>twice</b> & more")
    expect(shown(page, second)).to_contain_text("Called back <b>twice</b> & more")
    counted = summary(page)

    assert shown(page, first).get_by_role("link").get_attribute("href") == link
    title = page.title()
    page.reload()
    assert (summary(page), page.title()) == (counted, title)
    assert asked == []


def test_a_call_that_belongs_on_the_first_page_is_offered_without_a_request(
    page: Page, asked: list[str], shared_sandbox: Sandbox
) -> None:
    back = call_ids(page)[3]
    shared_sandbox.archive(back)
    expect_archived(page, back)
    open_live(page, "/calls")
    offer = page.get_by_role("link", name="1 new call – show")

    shared_sandbox.archive(back)
    expect(offer).to_be_visible()
    shared_sandbox.archive(back)
    expect(offer).to_be_hidden()
    shared_sandbox.archive(back)
    expect(offer).to_be_visible()
    assert asked == []
    offer.click()

    expect(shown(page, back)).to_have_count(1)
    expect(offer).to_be_hidden()


def test_a_filtered_list_takes_the_row_and_requests_its_counts(
    page: Page, asked: list[str], shared_sandbox: Sandbox
) -> None:
    open_live(page, "/calls?type=missed")
    call_id = call_ids(page)[0]
    before = page.locator("#views").inner_text()

    shared_sandbox.archive(call_id)

    expect_archived(page, call_id)
    expect(page.locator("#views")).not_to_have_text(before, use_inner_text=True)
    assert asked == ["counts"]


def test_each_page_gets_rows_in_its_own_language_and_time_zone(
    shared_address: str, visitor: Visitor, shared_sandbox: Sandbox
) -> None:
    places = (("fr-FR", "Europe/Paris"), ("en-US", "America/New_York"), ("en-GB", "Asia/Tokyo"))
    cookie = log_in(shared_address)
    pages = []
    for locale, zone in places:
        context = visitor(shared_address, locale=locale, timezone_id=zone)
        context.add_cookies([{"name": COOKIE, "value": cookie, "url": shared_address}])
        pages.append(context.new_page())
        pages[-1].goto("/calls")
        expect(pages[-1].locator("#connection")).to_have_attribute("data-state", "live")
        expect(pages[-1].locator("html")).to_have_attribute("data-zone", zone)
    call_id = call_ids(pages[0])[0]

    shared_sandbox.add_note(call_id, "A word")

    rows = [shown(page, call_id) for page in pages]
    for page, row in zip(pages, rows, strict=True):
        expect(row).to_contain_text("A word")
        pushed = row.inner_text()
        page.reload()
        assert row.inner_text() == pushed
    assert len({row.locator("time").inner_text() for row in rows}) == len(pages)


def test_a_requested_row_never_replaces_a_newer_one_from_an_event(
    page: Page, asked: list[str], shared_sandbox: Sandbox
) -> None:
    call_id = call_ids(page)[0]
    held: list[Route] = []
    # Playwright cannot wrap a built-in method.
    page.route("**/calls/rows?*", lambda route: held.append(route))
    # Its rows are requested while the page has another time zone than its connection.
    page.evaluate("() => { document.documentElement.dataset.zone = 'Asia/Tokyo'; }")
    with page.expect_request("**/calls/rows?*"):
        shared_sandbox.add_note(call_id, "Old")
    page.evaluate("() => { document.documentElement.dataset.zone = 'Europe/Paris'; }")
    answer = held[0].fetch()

    shared_sandbox.add_note(call_id, "New")
    expect(shown(page, call_id)).to_contain_text("New")
    with page.expect_response("**/calls/rows?*"):
        held[0].fulfill(response=answer)

    # The answer has been drawn once the next one is asked for.
    shared_sandbox.archive(call_id)
    expect_archived(page, call_id)
    expect(shown(page, call_id)).to_contain_text("New")
    assert asked == ["rows"]


def test_a_page_whose_rows_are_refused_is_not_live_until_they_come(
    page: Page, shared_sandbox: Sandbox, troubles: Troubles
) -> None:
    troubles.expect("414")
    call_id = call_ids(page)[0]
    page.route(re.compile("/calls/rows"), lambda route: route.fulfill(status=414, body=""))
    # Its rows would come in a zone that it no longer has.
    page.evaluate("() => { document.documentElement.dataset.zone = 'Pacific/Auckland'; }")

    is_archived = shared_sandbox.archive(call_id)["is_archived"]
    expect_not_live(page)

    page.unroute_all()
    expect_archived(page, call_id, is_archived)
    expect_live(page)
