"""Nothing moves on its own: every page over a slow line, and the list while somebody types."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import call_ids, expect_live, sign_in
from tests.e2e.troubles import Visitor

# Also of what moves within half a second of a key, which browsers leave out of their score.
WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const parts = entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? node?.textContent);
    window.shifts.push(`${entry.value.toFixed(4)} ${parts.join(' | ')}`);
  }
}).observe({ type: 'layout-shift', buffered: true });
"""
# Seconds and bytes a second of a bad line.
LATENCY, RATE = 400, 50_000


def slow_down(page: Page) -> None:
    """Give the page a bad line, and nothing from its cache."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    conditions = {"offline": False, "latency": LATENCY, "downloadThroughput": RATE, "uploadThroughput": RATE}
    session.send("Network.emulateNetworkConditions", conditions)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (768, 1024), (375, 667)])
def test_no_page_moves_while_it_comes_over_a_slow_line(
    shared_address: str, visitor: Visitor, width: int, height: int
) -> None:
    person = visitor(shared_address, viewport={"width": width, "height": height})
    person.add_init_script(WATCH)
    page = person.new_page()
    sign_in(page)
    call_id = call_ids(page)[0]
    page.goto("/callers")
    caller = page.locator("#callers a").first.get_attribute("href")
    slow_down(page)

    moved = {}
    for path in (
        "/calls", f"/calls/{call_id}", "/callers", str(caller), "/insights", "/directory", "/directory/new",
        "/directory/import", "/actions", "/calls/export", "/settings", "/sessions",
    ):  # fmt: skip
        page.goto(path)
        if page.locator(".connection").count():
            expect_live(page)
        if shifts := page.evaluate("window.shifts"):
            moved[path] = shifts
    # What watches does see what moves.
    page.evaluate(
        "document.body.prepend(Object.assign(document.createElement('p'), { textContent: 'Moved' }))"
    )
    page.wait_for_function("window.shifts.length > 0")
    person.clear_cookies()
    page.goto("/login")
    if shifts := page.evaluate("window.shifts"):
        moved["/login"] = shifts

    assert moved == {}


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (768, 1024), (375, 667)])
def test_typing_into_the_search_moves_neither_field_nor_tabs(
    shared_address: str, visitor: Visitor, width: int, height: int
) -> None:
    page = sign_in(visitor(shared_address, viewport={"width": width, "height": height}).new_page())
    page.goto("/calls?view=all")
    expect_live(page)
    places = ["#search", "#views", "#views a >> nth=0", "#views [aria-current]", ".toolbar"]
    before = [page.locator(place).bounding_box() for place in places]

    page.get_by_role("searchbox", name="Search").press_sequentially("33 1 7")
    expect(page.locator("#page-head [data-total]")).not_to_have_text("94 calls")
    assert [page.locator(place).bounding_box() for place in places] == before
    page.get_by_role("searchbox", name="Search").press_sequentially("nobody wrote this")
    expect(page.get_by_role("heading", name="No calls found")).to_be_visible()
    assert [page.locator(place).bounding_box() for place in places[:-1]] == before[:-1]
