"""What a person has in hand survives what others do, and who else has a call open is seen beside it."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.e2e.pages import (
    archive_button,
    call_ids,
    expect_archived,
    expect_live,
    expect_marked,
    note_field,
    notes,
    open_live,
    shown,
    sign_in,
)
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox

BURST = 50


@pytest.fixture
def page(shared_address: str, visitor: Visitor) -> Page:
    """Alice's list of all calls, live, in a low window."""
    page = sign_in(visitor(shared_address, viewport={"width": 1280, "height": 500}).new_page())
    return open_live(page, "/calls?view=all")


def test_a_burst_of_changes_is_announced_once_and_politely(page: Page, shared_sandbox: Sandbox) -> None:
    open_live(page, "/calls?view=all&per_page=25")
    ids = [call["id"] for call in shared_sandbox.calls()][:BURST]
    on_page = [call_id for call_id in call_ids(page) if call_id in ids]
    page.evaluate("""() => {
        const announcer = document.getElementById('announcer');
        window.said = [];
        new MutationObserver(() => {
            if (announcer.textContent) window.said.push(announcer.textContent);
        }).observe(announcer, { childList: true });
    }""")

    # Together, within the second of quiet that ends a burst.
    with ThreadPoolExecutor(10) as colleagues:
        changed = colleagues.map(shared_sandbox.archive, ids)
    states = {call["id"]: call["is_archived"] for call in changed}
    assert 0 < len(on_page) < BURST
    for call_id in on_page:
        expect_archived(page, call_id, states[call_id])
    expect(page.locator("#announcer")).to_have_text(f"{BURST} calls updated.")

    assert page.evaluate("() => window.said") == [f"{BURST} calls updated."]
    assert page.locator("[aria-live=assertive], [role=alert]").count() == 0
    expect(page.locator("#announcer")).to_have_attribute("role", "status")


def test_focus_tick_selection_and_place_survive_a_colleagues_change(
    page: Page, shared_sandbox: Sandbox
) -> None:
    first, second, third = call_ids(page)[10:13]
    shown(page, second).get_by_role("checkbox").check()
    archive_button(page, first).or_(shown(page, first).get_by_role("button")).first.focus()
    page.evaluate(
        """(id) => {
            const number = document.querySelector(`[data-call-id='${id}'] .num, [data-call-id='${id}'] a`);
            getSelection().selectAllChildren(number);
            window.rowBefore = number.closest('[data-call-id]');
            scrollTo(0, 300);
        }""",
        third,
    )
    selected, place = page.evaluate("() => String(getSelection())"), page.evaluate("() => scrollY")
    geometry = shown(page, third).bounding_box()

    states = {one: shared_sandbox.archive(one)["is_archived"] for one in (first, second, third)}
    for call_id, is_archived in states.items():
        expect_archived(page, call_id, is_archived)

    expect(shown(page, first).get_by_role("button")).to_be_focused()
    expect(shown(page, second).get_by_role("checkbox")).to_be_checked()
    assert page.evaluate("() => String(getSelection())") == selected
    assert page.evaluate("() => window.rowBefore.isConnected")
    assert page.evaluate("() => scrollY") == place
    assert shown(page, third).bounding_box() == geometry
    expect_marked(page)


def test_a_call_that_a_colleague_archives_stays_in_the_inbox_and_says_so(
    page: Page, shared_sandbox: Sandbox
) -> None:
    page.goto("/calls")
    expect_live(page)
    ids = call_ids(page)
    below = shown(page, ids[2]).bounding_box()

    shared_sandbox.archive(ids[1])

    expect_archived(page, ids[1])
    expect(shown(page, ids[1]).get_by_text("Archived", exact=True)).to_be_visible()
    assert call_ids(page) == ids
    assert shown(page, ids[2]).bounding_box() == below
    page.reload()
    expect(shown(page, ids[1])).to_have_count(0)


def test_a_change_of_the_call_being_read_never_replaces_it_nor_the_note(
    page: Page, shared_sandbox: Sandbox
) -> None:
    call_id, other_id = call_ids(page)[:2]
    open_live(page, f"/calls/{call_id}")
    note_field(page).press_sequentially("Half a th")

    shared_sandbox.archive(other_id)
    is_archived = shared_sandbox.archive(call_id)["is_archived"]
    shared_sandbox.add_note(call_id, "From a colleague")
    expect_archived(page, call_id, is_archived)
    expect(notes(page).first).to_have_text("From a colleague")
    page.keyboard.type("ought")

    expect(note_field(page)).to_have_value("Half a thought")
    expect(page).to_have_url(re.compile(f"/calls/{call_id}"))
    expect_marked(page)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_changed_row_is_marked_and_only_moves_for_who_likes_that(
    page: Page, shared_sandbox: Sandbox, motion: Literal["no-preference", "reduce"]
) -> None:
    page.emulate_media(reduced_motion=motion)
    call_id = call_ids(page)[0]

    shared_sandbox.archive(call_id)

    row = page.locator(f"[data-call-id='{call_id}'][data-fresh]")
    moves = row.evaluate("row => row.getAnimations({ subtree: true }).length > 0")
    assert moves == (motion == "no-preference")
    assert row.evaluate("row => getComputedStyle(row).boxShadow") != "none"


def test_what_was_opened_stays_open_when_a_colleagues_change_is_drawn(
    page: Page, shared_sandbox: Sandbox
) -> None:
    call_id = call_ids(page)[0]
    open_live(page, "/insights")
    data = page.locator("#chart-data")
    data.locator("summary").click()
    page.evaluate("() => document.addEventListener('callboard:drawn', () => { window.isDrawn = true; })")

    with page.expect_response(re.compile("/insights")):
        shared_sandbox.archive(call_id)
    page.wait_for_function("() => window.isDrawn")

    expect(data).to_have_attribute("open", "")
    expect_marked(page)


def viewers(page: Page, call_id: str) -> Locator:
    """What stands beside the call about who looks at it."""
    return shown(page, call_id).locator("[data-viewers]")


def places_by_width(page: Page) -> list[list[FloatRect | None]]:
    """Where the rows stand, and in them all but the facts in their middle, on a phone and on a desk."""
    found = []
    for width in (375, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        found.append(
            [part.bounding_box() for part in page.locator("#list li, #list li > :not(div)").all()[:50]]
        )
    return found


def test_who_else_has_a_call_open_is_seen_in_the_list_and_on_its_page(
    shared_address: str, visitor: Visitor
) -> None:
    alice, bob = (sign_in(visitor(shared_address).new_page(), name) for name in ("alice", "bob"))
    call_id = call_ids(alice)[0]
    for page in (alice, bob):
        expect_live(page)
    boxes = places_by_width(alice)

    bob.goto(f"/calls/{call_id}")
    expect(viewers(alice, call_id)).to_have_text("bob is viewing")
    expect(viewers(alice, call_id)).to_be_visible()
    expect(alice.locator("[data-viewers]:not(:empty)")).to_have_count(1)
    expect(alice.locator("#announcer")).to_be_empty()
    assert viewers(alice, call_id).evaluate("element => !element.closest('[aria-live], [role=status]')")
    assert places_by_width(alice) == boxes
    expect(viewers(bob, call_id)).to_be_empty()

    alice.goto(f"/calls/{call_id}")
    expect(viewers(alice, call_id)).to_have_text("bob is viewing")
    expect(viewers(bob, call_id)).to_have_text("alice is viewing")
    expect(viewers(bob, call_id)).to_be_visible()
    alice.close()
    expect(viewers(bob, call_id)).to_be_empty()


def test_who_looks_at_a_call_is_no_change_of_it_and_stays_in_sight_over_one(
    shared_address: str, visitor: Visitor, shared_sandbox: Sandbox
) -> None:
    alice = sign_in(visitor(shared_address).new_page())
    bob = sign_in(visitor(shared_address).new_page(), "bob")
    seen, left, last = call_ids(alice)[:3]
    bob.goto(f"/calls/{seen}")
    expect(viewers(alice, seen)).to_have_text("bob is viewing")
    shared_sandbox.archive(left)
    expect_archived(alice, left)
    expect(alice.locator("[data-fresh]")).to_have_count(0)
    alice.evaluate("""() => {
        window.freshIds = [];
        new MutationObserver((changes) => {
            const fresh = changes.map(({ target }) => target.dataset).filter((data) => 'fresh' in data);
            freshIds.push(...fresh.map(({ callId }) => callId));
        }).observe(document.getElementById('list'), { subtree: true, attributeFilter: ['data-fresh'] });
    }""")

    with alice.expect_response(re.compile("/calls$")):
        alice.evaluate("() => dispatchEvent(new Event('online'))")
    shared_sandbox.archive(last)
    expect_archived(alice, last)
    assert alice.evaluate("() => freshIds") == [last]

    shared_sandbox.archive(seen)
    expect_archived(alice, seen)
    expect(viewers(alice, seen)).to_have_text("bob is viewing")
