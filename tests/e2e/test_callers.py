"""The call-back queue, open while colleagues work: it fills and empties itself, and takes one key."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.e2e.observer import violations
from tests.e2e.pages import open_live, sign_in
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox

PARIS, OURS = "+33187654321", "+33189394635"


def comes(sandbox: Sandbox, minutes_ago: float, **given: object) -> str:
    """A call comes in, and is announced by the note that a colleague writes."""
    time = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    created_at = time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    call = sandbox.add_call(created_at=created_at, is_archived=False, **given)
    sandbox.add_note(call["id"], "They called")
    return str(call["id"])


def test_an_open_queue_follows_what_colleagues_do(address: str, sandbox: Sandbox, visitor: Visitor) -> None:
    page = open_live(sign_in(visitor(address).new_page()), "/callers?sort=newest&per_page=100")
    row, tab = page.locator(f"[data-caller='{PARIS}']"), page.locator("[data-count=callers]")
    number = int(tab.inner_text())

    first = comes(sandbox, 30, caller=PARIS, direction="inbound", call_type="missed")
    expect(row).to_have_attribute("data-attempts", "1")
    expect(tab).to_have_text(str(number + 1))
    expect(page.locator("#announcer")).to_have_text(f"{number + 1} callers waiting")
    comes(sandbox, 20, caller=f"00{PARIS[1:]}", direction="inbound", call_type="voicemail")
    expect(row).to_have_attribute("data-attempts", "2")
    assert violations(page) == []

    row.locator("a").first.focus()
    page.keyboard.press("e")
    expect(row).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('#callers > li') !== null")
    assert sandbox.call(first)["is_archived"]
    page.keyboard.press("z")
    expect(row).to_have_attribute("data-attempts", "2")

    comes(sandbox, 3, caller=OURS, to=PARIS, direction="outbound", call_type="answered", duration=180_000)
    expect(page.locator(f"[data-called-back='{PARIS}']")).to_contain_text("3 min")
    expect(row).to_have_count(0)
    expect(tab).to_have_text(str(number))
    assert violations(page) == []

    page.locator(f"[data-called-back='{PARIS}'] a").first.click()
    expect(page.locator("#history [data-call-id]")).to_have_count(3)
    assert violations(page) == []
    comes(sandbox, 1, caller=PARIS, direction="inbound", call_type="missed")
    expect(page.locator("#history [data-call-id]")).to_have_count(4)


def test_the_tab_of_the_queue_comes_when_somebody_waits(
    address: str, sandbox: Sandbox, visitor: Visitor
) -> None:
    for call in sandbox.calls():
        if not call["is_archived"]:
            sandbox.archive(call["id"])
    page = open_live(sign_in(visitor(address).new_page()), "/calls")
    tab = page.get_by_role("navigation", name="View").get_by_role("link", name="To call back")
    expect(page.locator("[data-count=inbox]")).to_have_text("0")
    expect(tab).to_have_count(0)

    comes(sandbox, 1, caller=PARIS, direction="inbound", call_type="missed")

    expect(tab).to_be_visible()
    tab.click()
    expect(page.locator("#callers > li")).to_have_count(1)


def test_two_colleagues_see_at_once_who_has_a_caller(
    address: str, sandbox: Sandbox, visitor: Visitor
) -> None:
    call_id = comes(sandbox, 30, caller=PARIS, direction="inbound", call_type="missed")
    alice = open_live(sign_in(visitor(address).new_page()), "/callers?sort=newest&per_page=100")
    bob = open_live(sign_in(visitor(address).new_page(), "bob"), "/calls?view=all")
    row, seen = alice.locator(f"[data-caller='{PARIS}']"), bob.locator(f"#call-{call_id}")
    expect(row).to_have_count(1)

    row.locator("a").first.focus()
    alice.keyboard.press("a")
    expect(row).to_contain_text("alice has been on it since")
    expect(seen).to_contain_text("alice has been on it since")
    assert violations(alice) == violations(bob) == []

    # Taking over asks.
    seen.locator("a").first.focus()
    bob.keyboard.press("a")
    bob.get_by_role("button", name="Take over").click()
    expect(row).to_contain_text("bob has been on it since")
    expect(bob.get_by_role("button", name="Let go")).to_be_visible()
    assert violations(bob) == []

    comes(sandbox, 0, caller=OURS, to=PARIS, direction="outbound", call_type="answered", duration=60_000)
    expect(bob.get_by_role("button", name="I'm on it")).to_be_visible()
    expect(bob.locator("[data-claim] .tag")).to_have_count(0)

    # The list's row takes the caller, too, and leaves the call where it is.
    open_live(bob, "/calls?view=all")
    seen.locator("a").first.focus()
    bob.keyboard.press("a")
    expect(seen).to_contain_text("bob has been on it since")
    expect(seen).to_have_attribute("data-archived", "false")
