"""The list while calls come in and colleagues work, and the ticking of its rows."""

import re

import pytest
from playwright.sync_api import FloatRect, Locator, Page, Route, expect

from tests.e2e.held_socket import HeldSocket, Moment
from tests.e2e.pages import (
    WAIT_MS,
    call_ids,
    expect_archived,
    expect_live,
    expect_marked,
    mark,
    open_live,
    shown,
    sign_in,
)
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def open_list(visitor: Visitor, address: str, path: str, username: str = "alice") -> Page:
    """A list that is live, with a mark that a reload would wipe out."""
    return open_live(sign_in(visitor(address).new_page(), username), path)


def new_calls(page: Page, count: int) -> Locator:
    """The link to so many new calls."""
    words = "1 new call" if count == 1 else f"{count} new calls"
    return page.get_by_role("link", name=f"{words} – show")


def tab_count(page: Page, name: str) -> int:
    """How many calls the tab of a view counts."""
    text = page.get_by_role("link", name=re.compile(rf"^{name} [\d,]+$")).inner_text()
    return int(re.sub(r"\D", "", text))


def expect_tab(page: Page, name: str, count: int) -> None:
    """The tab of a view counts so many calls."""
    expect(page.get_by_role("link", name=re.compile(rf"^{name} {count}$"))).to_be_visible()


def a_missed_call(sandbox: Sandbox) -> str:
    """The newest call that has to be called back."""
    waiting = [
        call
        for call in sandbox.calls()
        if (call["call_type"], call["direction"], call["is_archived"]) == ("missed", "inbound", False)
    ]
    return str(max(waiting, key=lambda call: str(call["created_at"]))["id"])


def missed_count(page: Page) -> int:
    """How many missed calls the page's title counts."""
    found = re.match(r"\((\d+)\) ", page.title())
    assert found, page.title()
    return int(found[1])


def test_calls_that_come_move_nothing_on_a_later_page(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    page = open_list(visitor, address, "/calls?view=all")
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_text("Page 2 of 4")).to_be_visible()
    expect_live(page)
    mark(page)
    ids, place = call_ids(page), page.locator("[data-call-id]").first.bounding_box()

    new = {sandbox.add_call()["id"] for _ in range(2)}
    # Nothing announces them; the list is read again when events may have been lost, else in its time.
    sandbox.drop_sockets()

    expect(new_calls(page, 2)).to_be_visible()
    expect_tab(page, "All", 96)
    assert call_ids(page) == ids
    assert page.locator("[data-call-id]").first.bounding_box() == place
    expect_marked(page)
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_text("51–75 of 96 calls")).to_be_visible()
    new_calls(page, 2).click()
    expect(page.get_by_text("1–25 of 96 calls")).to_be_visible()
    expect(page.get_by_text("Page 1 of 4")).to_be_visible()
    assert set(call_ids(page)[:2]) == new


def test_the_counts_follow_a_colleague_on_every_open_page(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    call_id = a_missed_call(sandbox)
    inbox = open_list(visitor, address, "/calls")
    archived = open_list(visitor, address, "/calls?view=archived", "bob")
    call_page = open_list(visitor, address, f"/calls/{call_ids(inbox)[-1]}", "carol")
    before, missed = tab_count(inbox, "Inbox"), missed_count(inbox)
    archived_before = tab_count(inbox, "Archived")

    sandbox.archive(call_id)

    for page in (inbox, archived):
        expect_tab(page, "Inbox", before - 1)
        expect_tab(page, "Archived", archived_before + 1)
    expect(inbox.get_by_text(f"{before - 1} calls · {missed - 1} missed in the inbox")).to_be_visible()
    for page in (inbox, archived, call_page):
        expect(page).to_have_title(re.compile(rf"^\({missed - 1}\) "))
        expect_marked(page)


def test_a_call_that_a_colleague_moves_back_is_offered_for_as_long_as_it_stays(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    call_id = a_missed_call(sandbox)
    sandbox.archive(call_id)
    page = open_list(visitor, address, "/calls")
    expect(shown(page, call_id)).to_have_count(0)
    ids = call_ids(page)

    sandbox.archive(call_id)
    expect(new_calls(page, 1)).to_be_visible()
    sandbox.archive(call_id)
    expect(page.locator("#new-calls")).to_be_hidden()
    sandbox.archive(call_id)

    expect(new_calls(page, 1)).to_be_visible()
    assert call_ids(page) == ids
    expect_marked(page)
    new_calls(page, 1).click()
    expect_archived(page, call_id, is_archived=False)


def test_only_what_the_search_finds_is_offered(address: str, visitor: Visitor, sandbox: Sandbox) -> None:
    first, second, third = [str(call["id"]) for call in sandbox.calls()[:3]]
    page = open_list(visitor, address, "/calls?view=all&q=refund")
    expect(page.get_by_text("No calls found")).to_be_visible()

    sandbox.add_note(second, "Wants a refund")
    expect(shown(page, second)).to_be_visible()
    sandbox.add_note(third, "Wants nothing")
    sandbox.add_note(first, "Wants a refund as well")

    expect(new_calls(page, 1)).to_be_visible()
    assert call_ids(page) == [second]
    expect_marked(page)


def test_a_burst_of_news_is_counted_once(address: str, visitor: Visitor, sandbox: Sandbox) -> None:
    alice = visitor(address)
    page = sign_in(alice.new_page())
    before = tab_count(page, "Inbox")
    held = HeldSocket(alice, Moment.BEFORE_OPENING)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/counts" in request.url else None)
    page.goto("/calls")
    held.wait(page)

    ids = [call["id"] for call in sandbox.calls() if not call["is_archived"]][:20]
    for call_id in ids:
        sandbox.archive(call_id)
    held.let_go()

    expect_tab(page, "Inbox", before - 20)
    assert len(asked) <= 2


def test_no_row_flashes_when_the_list_is_read_again_after_calls_have_come(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    page = open_list(visitor, address, "/calls?view=all")
    page.evaluate(
        """() => new MutationObserver((found) => found.forEach(({ target }) => {
             if ('fresh' in target.dataset) window.flashed = (window.flashed ?? 0) + 1;
           })).observe(document.getElementById('list'), { subtree: true, attributeFilter: ['data-fresh'] })"""
    )
    sandbox.add_call()
    sandbox.drop_sockets()
    expect(new_calls(page, 1)).to_be_visible()

    with page.expect_response(re.compile(r"/calls\?view=all$")):
        page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    sandbox.archive(call_ids(page)[3])

    expect(page.locator("[data-fresh]")).to_have_count(1)
    assert page.evaluate("() => window.flashed") == 1


def test_a_change_of_a_call_whose_row_is_on_its_way_is_not_missed(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    inbox = [call for call in sandbox.calls() if not call["is_archived"]]
    call_id = sorted(inbox, key=lambda call: str(call["created_at"]), reverse=True)[30]["id"]
    page = sign_in(visitor(address).new_page())
    expect_live(page)
    position = page.evaluate("() => document.body.dataset.position")

    def answer_late(route: Route) -> None:
        answer = route.fetch()
        sandbox.add_note(call_id, "Came while the list was on its way")
        wait_until(
            lambda: page.evaluate("() => document.body.dataset.position") != position, what="the event"
        )
        route.fulfill(response=answer)

    page.route("**/calls?*per_page=50*", answer_late)
    page.get_by_label("Per page").select_option("50")

    expect(shown(page, call_id)).to_contain_text("Came while the list was on its way")


@pytest.fixture
def ten_calls(page: Page) -> Page:
    """Alice's list of ten calls, live."""
    return open_live(page, "/calls?view=all&per_page=10")


def box(page: Page, place: int) -> Locator:
    """The box of the row at this place from the top."""
    return page.locator("#list [name=ids]").nth(place)


def expect_ticked(page: Page, number: int) -> None:
    """So many rows are ticked, and the toolbar says so."""
    expect(page.locator("#list [name=ids]:checked")).to_have_count(number)
    if number:
        expect(page.locator("#picked-count")).to_have_text(f"{number} selected")
    else:
        expect(page.get_by_role("group", name="Selected calls")).to_be_hidden()


def test_rows_are_ticked_one_by_one_all_at_once_and_from_the_last_one_on(ten_calls: Page) -> None:
    page = ten_calls
    every = page.get_by_role("checkbox", name="All calls on this page")

    every.check()
    expect_ticked(page, 10)
    box(page, 3).uncheck()
    expect(every).to_have_js_property("indeterminate", True)
    expect_ticked(page, 9)
    page.get_by_role("button", name="Clear selection").click()
    expect_ticked(page, 0)
    expect(every).not_to_be_checked()
    expect(every).to_have_js_property("indeterminate", False)

    box(page, 6).check()
    box(page, 2).click(modifiers=["Shift"])
    expect_ticked(page, 5)


def test_enter_on_a_box_unticks_it_and_archives_nothing(ten_calls: Page) -> None:
    page = ten_calls
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    box(page, 0).focus()

    page.keyboard.press("Enter")
    expect_ticked(page, 1)
    page.keyboard.press("Enter")

    expect_ticked(page, 0)
    expect(box(page, 0)).to_be_focused()
    assert sent == []


def test_ticks_stay_while_the_list_is_drawn_anew(ten_calls: Page) -> None:
    page = ten_calls
    ticked = call_ids(page)[1]
    box(page, 1).check()

    page.get_by_role("searchbox").fill("+33")
    expect(page).to_have_url(re.compile("q="))

    expect(shown(page, ticked).get_by_role("checkbox")).to_be_checked()
    expect_ticked(page, 1)


def test_a_click_turns_the_page_as_soon_as_it_is_drawn(shared_address: str, visitor: Visitor) -> None:
    # With motion, and by the mouse, which waits for nothing: an animation between pages takes clicks away.
    window = {"width": 1280, "height": 1400}
    context = visitor(shared_address, reduced_motion="no-preference", viewport=window)
    page = sign_in(context.new_page())
    page.goto("/calls?view=all&per_page=10")
    for number in range(2, 8):
        older = page.get_by_role("link", name="Older")
        expect(older).to_have_attribute("href", re.compile(rf"page={number}\b"))
        box = older.bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_url(re.compile(rf"page={number}\b"), wait_until="commit", timeout=WAIT_MS)
    # A context that is closed while a page loads may hang.
    page.wait_for_load_state()


def test_the_heading_of_a_day_stays_in_sight_covers_no_focused_row_and_follows_what_colleagues_do(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    page = open_live(sign_in(visitor(address).new_page()), "/calls?view=inbox&per_page=100")
    last = max(page.locator("section.day").all(), key=lambda day: day.locator("[data-call-id]").count())
    count, first = last.locator(".day__count"), last.locator("[data-call-id]").first
    number = int(str(count.get_attribute("data-total")))

    sandbox.archive(str(first.get_attribute("data-call-id")))
    expect(count).to_have_text(f"{number - 1} calls")

    page.locator("#list a").last.focus()
    for _ in range(12):
        page.keyboard.press("k")
    row = page.evaluate("document.activeElement.closest('.call-row').getBoundingClientRect().top")
    headings = page.locator(".day__heading").evaluate_all(
        "(all) => all.map((each) => each.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom])"
    )
    page.mouse.wheel(0, 120)
    assert all(bottom <= row + 1 or top >= row for top, bottom in headings)


@pytest.mark.parametrize("path", ["/calls?view=all", "/callers"])
def test_the_number_of_a_row_is_selected_with_the_pointer_and_the_call_stays_closed(
    shared_address: str, visitor: Visitor, path: str
) -> None:
    page = open_live(sign_in(visitor(shared_address).new_page()), path)
    number = page.locator(".call-row__who .number").first
    box = number.bounding_box()
    assert box is not None
    row = page.locator(".call-row").first

    for start, end in ((1, box["width"] - 1), (box["width"] - 1, 1)):
        drag(page, box, start, end)
        assert page.evaluate("() => String(getSelection())") == number.inner_text()
    # Beside the number, nothing is selected, nor opened.
    row_box = row.bounding_box()
    assert row_box is not None
    drag(page, row_box, row_box["width"] / 2, row_box["width"] / 2 + 40)
    expect_marked(page)
    assert page.url.endswith(path)

    number.click()
    expect(page).not_to_have_url(re.compile(re.escape(path) + "$"))


def drag(page: Page, box: FloatRect, start: float, end: float) -> None:
    """Press, move and release in the middle of this box, from `start` to `end` pixels from its left."""
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start, y)
    page.mouse.down()
    page.mouse.move(box["x"] + end, y, steps=5)
    page.mouse.up()
