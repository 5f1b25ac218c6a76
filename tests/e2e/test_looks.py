"""What settings and screens make of the pages: time zone, forced colors, reduced motion, density, a phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.observer import violations
from tests.e2e.pages import call_ids, note_field, open_live, sign_in
from tests.e2e.tour import choose
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox

# The colour of a side of an element's outline or border.
COLOUR = "(element, name) => getComputedStyle(element)[name]"
MOVING = """() => [...document.querySelectorAll('*')].filter((element) => [null, '::before', '::after']
  .map((part) => getComputedStyle(element, part))
  .some((style) => style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0))
  .map((element) => element.outerHTML.slice(0, 80))"""


def colour(page: Page, selector: str, name: str) -> str:
    """The computed value of a style of the first such element."""
    return str(page.locator(selector).first.evaluate(COLOUR, name))


@pytest.mark.parametrize(("zone", "scripts"), [("America/New_York", True), ("Asia/Tokyo", False)])
def test_the_very_first_list_has_the_times_of_the_browsers_zone(
    shared_address: str, visitor: Visitor, zone: str, scripts: bool
) -> None:
    page = visitor(shared_address, timezone_id=zone, java_script_enabled=scripts).new_page()
    page.goto("/login")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("any")

    with page.expect_response(lambda answer: answer.url.endswith("/calls") and answer.ok) as listed:
        page.get_by_role("button", name="Log in").click()

    assert f'data-zone="{zone if scripts else "UTC"}"' in listed.value.text()


def test_colours_that_are_forced_leave_nothing_untold(shared_address: str, visitor: Visitor) -> None:
    page = open_live(sign_in(visitor(shared_address, forced_colors="active").new_page()), "/calls?view=all")
    ticked, other = call_ids(page)[:2]
    page.locator(f"[name=ids][value='{ticked}']").check()

    assert violations(page) == []
    assert colour(page, ".tabs [aria-current]", "outlineStyle") == "solid"
    # A bar is told from its neighbors only by its colour, so that stays.
    assert colour(page, "#chart .chart__incoming", "fill") != colour(page, "#chart .chart__missed", "fill")
    side = "borderInlineStartColor"
    assert colour(page, f"#call-{ticked}", side) != colour(page, f"#call-{other}", side)


def test_nothing_moves_for_people_who_want_reduced_motion(page: Page) -> None:
    open_live(page, "/calls?view=all")
    page.locator("#list [name=ids]").first.check()

    assert page.evaluate("() => matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert page.evaluate(MOVING) == []
    expect(page.get_by_role("group", name="Selected calls")).to_be_visible()


def test_a_phone_and_a_tablet_show_the_field_for_a_note_and_first_words_at_once(
    shared_address: str, visitor: Visitor, shared_sandbox: Sandbox
) -> None:
    noted = next(call for call in shared_sandbox.calls() if call["notes"])
    for width, height in ((375, 667), (768, 1024)):
        page = sign_in(visitor(shared_address, viewport={"width": width, "height": height}).new_page())
        page.goto(f"/calls/{noted['id']}")
        expect(note_field(page)).to_be_in_viewport(ratio=1)
        expect(page.get_by_role("button", name="Add note")).to_be_in_viewport(ratio=1)
        page.goto(f"/calls?view=all&per_page=100#call-{noted['id']}")
        excerpt = page.locator(f"#call-{noted['id']} .call-row__excerpt")
        expect(excerpt).to_be_visible()
        assert excerpt.evaluate("element => element.clientWidth") > 150


def test_a_compact_list_shows_half_as_many_rows_again(shared_address: str, visitor: Visitor) -> None:
    page = sign_in(visitor(shared_address, viewport={"width": 1280, "height": 800}).new_page())

    def height_of_rows() -> float:
        page.goto("/calls?view=all")
        boxes = [row.bounding_box() for row in page.locator("#list [data-call-id]").all()]
        return sum(box["height"] for box in boxes if box)

    comfortable = height_of_rows()
    choose(page, "Compact")
    assert comfortable / height_of_rows() > 1.4
    for target in page.locator("#list [data-call-id]").first.locator("label, button:visible").all():
        box = target.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 24
