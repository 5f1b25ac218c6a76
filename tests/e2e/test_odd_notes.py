"""Notes of any length, direction and content, on the narrowest screen: whole, and nothing but text."""

from playwright.sync_api import expect

from tests.e2e.pages import call_ids, notes, sign_in
from tests.e2e.test_accessibility import is_wider_than_its_window
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox

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
# Of each note: its text, its direction, and what of it would be more than text.
LOOK = """(items) => items.map((item) => {
  const text = item.querySelector('p');
  return [text.textContent, getComputedStyle(text).direction, text.children.length];
})"""


def test_odd_notes_are_text_as_they_were_written_and_fit_the_narrowest_screen(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    page = sign_in(visitor(address, viewport={"width": 320, "height": 640}).new_page())
    call_id = call_ids(page)[0]
    for content in ODD:
        sandbox.add_note(call_id, content)

    page.goto(f"/calls/{call_id}")

    expect(notes(page)).to_have_count(len(ODD))
    assert notes(page).evaluate_all(LOOK) == [[text, side, 0] for text, side in reversed(ODD.items())]
    assert notes(page).nth(0).inner_text() == "first line\n\n  third, indented"
    assert not is_wider_than_its_window(page)
