"""The call-back queue, open while colleagues work: it fills and empties itself, and takes one key."""

from playwright.sync_api import Page, expect

from tests.e2e.observer import violations
from tests.e2e.pages import open_live, sign_in
from tests.e2e.troubles import Visitor
from tests.support.arrivals import OURS, PARIS, comes
from tests.support.sandbox import Sandbox

QUEUE = "/callers?sort=newest&per_page=100"
RACES = 50
# Milliseconds until two browsers press: enough for both to be told.
AHEAD_MS = 60


def test_an_open_queue_follows_what_colleagues_do(address: str, sandbox: Sandbox, visitor: Visitor) -> None:
    page = open_live(sign_in(visitor(address).new_page()), QUEUE)
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
    alice = open_live(sign_in(visitor(address).new_page()), QUEUE)
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


def press_together(pages: list[Page], selector: str) -> None:
    """Press this button in each of the browsers at the same moment."""
    moment = pages[0].evaluate("(ahead) => Date.now() + ahead", AHEAD_MS)
    for page in pages:
        page.evaluate(
            """([selector, moment]) => {
                setTimeout(() => document.querySelector(selector).click(), moment - Date.now());
            }""",
            [selector, moment],
        )


def count_refusals(page: Page) -> None:
    """Count from now on how often this person is told that somebody else was faster."""
    page.evaluate("""() => {
        window.refusals = 0;
        new MutationObserver((changes) => {
            const added = changes.flatMap(({ addedNodes }) => [...addedNodes]);
            if (added.some(({ textContent }) => textContent.includes('was faster'))) window.refusals += 1;
        }).observe(document.getElementById('notices'), { childList: true, subtree: true });
    }""")


def test_of_two_who_press_together_one_has_the_caller_and_a_third_person_sees_who(
    address: str, sandbox: Sandbox, visitor: Visitor
) -> None:
    numbers = [f"+3318765{place:04}" for place in range(RACES)]
    for number in numbers:
        comes(sandbox, 5, caller=number, direction="inbound", call_type="missed")
    names = ("alice", "bob", "carol")
    pages = [open_live(sign_in(visitor(address).new_page(), name), QUEUE) for name in names]
    rivals = pages[:2]
    for page in rivals:
        count_refusals(page)

    won = dict.fromkeys(names[:2], 0)
    for number in numbers:
        row = f"[data-caller='{number}']"
        press_together(rivals, f"{row} [data-take]")
        holders = set()
        for page in pages:
            expect(page.locator(f"{row} [data-claim]")).to_contain_text("has been on it since")
            holders.add(page.locator(f"{row} [data-claim] bdi").inner_text())
        assert len(holders) == 1
        won[holders.pop()] += 1

    assert sum(won.values()) == RACES
    for page, rival in zip(rivals, reversed(names[:2]), strict=True):
        page.wait_for_function("(number) => window.refusals === number", arg=won[rival])

    # One of them speaks with a caller, who then leaves all three screens.
    comes(sandbox, 0, caller=OURS, to=numbers[0], direction="outbound", call_type="answered", duration=60_000)
    for page in pages:
        expect(page.locator(f"[data-called-back='{numbers[0]}']")).to_contain_text("1 min")
        expect(page.locator(f"[data-caller='{numbers[0]}']")).to_have_count(0)
