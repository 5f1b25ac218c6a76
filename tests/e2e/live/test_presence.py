"""Who else has a call open is seen beside it, and disturbs nobody."""

import re

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.e2e.pages import call_ids, expect_archived, expect_live, shown, sign_in
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox


def viewers(page: Page, call_id: str) -> Locator:
    """What stands beside the call about who looks at it."""
    return shown(page, call_id).locator("[data-viewers]")


def places(page: Page) -> list[FloatRect | None]:
    """Where the rows stand, and in them all but the facts in their middle."""
    return [part.bounding_box() for part in page.locator("#list li, #list li > :not(div)").all()[:50]]


@pytest.mark.parametrize("width", [375, 1280])
def test_who_else_has_a_call_open_is_seen_in_the_list_and_on_its_page(
    shared_address: str, visitor: Visitor, width: int
) -> None:
    alice, bob = (
        sign_in(visitor(shared_address, viewport={"width": width, "height": 800}).new_page(), name)
        for name in ("alice", "bob")
    )
    call_id = call_ids(alice)[0]
    for page in (alice, bob):
        expect_live(page)
    boxes = places(alice)

    bob.goto(f"/calls/{call_id}")
    expect(viewers(alice, call_id)).to_have_text("bob is viewing")
    expect(viewers(alice, call_id)).to_be_visible()
    expect(alice.locator("[data-viewers]:not(:empty)")).to_have_count(1)
    expect(alice.locator("#announcer")).to_be_empty()
    assert viewers(alice, call_id).evaluate("element => !element.closest('[aria-live], [role=status]')")
    assert places(alice) == boxes
    expect(viewers(bob, call_id)).to_be_empty()

    alice.goto(f"/calls/{call_id}")
    expect(viewers(alice, call_id)).to_have_text("bob is viewing")
    expect(viewers(bob, call_id)).to_have_text("alice is viewing")
    expect(viewers(bob, call_id)).to_be_visible()
    alice.close()
    expect(viewers(bob, call_id)).to_be_empty()


def test_a_change_of_the_call_keeps_in_sight_who_looks_at_it(
    shared_address: str, visitor: Visitor, shared_sandbox: Sandbox
) -> None:
    alice = sign_in(visitor(shared_address).new_page())
    bob = sign_in(visitor(shared_address).new_page(), "bob")
    call_id = call_ids(alice)[0]
    bob.goto(f"/calls/{call_id}")
    expect(viewers(alice, call_id)).to_have_text("bob is viewing")

    is_archived = shared_sandbox.archive(call_id)["is_archived"]

    expect_archived(alice, call_id, is_archived)
    expect(viewers(alice, call_id)).to_have_text("bob is viewing")


def test_who_looks_at_a_call_is_no_change_of_it(
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
    expect(viewers(alice, seen)).to_have_text("bob is viewing")
