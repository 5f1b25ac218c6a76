"""A call's own page: its notes as they were written, other calls of the number, the way back."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from tests.e2e.observer import COMBINATIONS, violations
from tests.e2e.pages import expect_live, is_wider_than_its_window, notes, open_call, shown, sign_in
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox

NUMBER = "+33699887766"


def add_calls(page: Page, sandbox: Sandbox, count: int) -> list[str]:
    """The ids of calls that one number made, the newest first, each known to the dashboard."""
    ids = []
    for number in range(count):
        when = datetime.now(UTC) - timedelta(days=number)
        call = sandbox.add_call(
            caller=NUMBER,
            direction="inbound",
            call_type="missed",
            created_at=when.isoformat().replace("+00:00", "Z"),
        )
        sandbox.add_note(call["id"], "Wants to know about " + "a very long name of a product " * 9)
        page.goto(f"/calls/{call['id']}")
        ids.append(call["id"])
    return ids


def test_the_other_calls_with_the_number_are_fit_for_everyone_and_follow_what_happens_to_them(
    page: Page, shared_sandbox: Sandbox
) -> None:
    ids = add_calls(page, shared_sandbox, 3)
    page.goto(f"/calls/{ids[0]}")
    expect_live(page)
    other = page.locator(f"#other-{ids[1]}")
    expect(other).not_to_contain_text("Archived")

    shared_sandbox.archive(ids[1])

    expect(other).to_contain_text("Archived")
    expect(page.locator("#context")).to_contain_text("calls, missed")
    for width, scheme in COMBINATIONS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == []
        assert not is_wider_than_its_window(page)


def test_the_way_back_leads_to_the_place_in_the_list(shared_address: str, visitor: Visitor) -> None:
    page = sign_in(visitor(shared_address, viewport={"width": 1280, "height": 500}).new_page())
    page.goto("/calls?view=all&per_page=50")
    call_id = page.locator("[data-call-id]").nth(40).get_attribute("data-call-id") or ""
    open_call(page, call_id)

    page.get_by_role("link", name="All calls").click()

    expect(page).to_have_url(re.compile("view=all&per_page=50&top="))
    expect(shown(page, call_id)).to_be_in_viewport()


# And in which direction each is read.
ODD = {
    "word " * 10_000: "ltr",
    "x" * 50_000: "ltr",
    "שלם\nשלם 👋🏽": "rtl",
    "\u202eevil\u2066\u2069\u202d": "ltr",
    "e" + "\u0301" * 500: "ltr",
    "javascript:alert(1) https://example.com/?a=<b>": "ltr",
    "</p></li><script>alert(1)</script>": "ltr",
    "first line\n\n  third, indented": "ltr",
}
LINKS = {"javascript:alert(1) https://example.com/?a=<b>": [["A", "https://example.com/?a="]]}
# Of each note: its text, its direction, and what of it is more than text.
LOOK = """(notes) => notes.map((text) => {
  const elements = [...text.querySelectorAll('*')].map((each) => [each.tagName, each.getAttribute('href')]);
  return [text.textContent, getComputedStyle(text).direction, elements];
})"""


def test_odd_notes_are_text_as_they_were_written_and_fit_the_narrowest_screen(
    page: Page, shared_sandbox: Sandbox
) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    call_id = shared_sandbox.add_call()["id"]
    for content in ODD:
        shared_sandbox.add_note(call_id, content)

    page.goto(f"/calls/{call_id}")

    expect(notes(page)).to_have_count(len(ODD))
    looks = [[text, side, LINKS.get(text, [])] for text, side in reversed(ODD.items())]
    assert notes(page).evaluate_all(LOOK) == looks
    assert notes(page).nth(0).inner_text() == "first line\n\n  third, indented"
    assert not is_wider_than_its_window(page)
