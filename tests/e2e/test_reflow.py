"""Long texts, large letters and little room: nothing is cut off or wider than its window; paper."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import ARGUMENTS
from tests.e2e.pages import call_ids, is_wider_than_its_window, open_live, sign_in
from tests.e2e.troubles import Troubles, Visitor, open_context

# What does not fit its box, lies beyond the window, or has no room for its words. The hours of the week and
# the tables of figures scroll in boxes of their own; of a long user name the title tells the rest, of a note
# its page.
CUT_OFF = """() => {
  const pen = document.createElement('canvas').getContext('2d');
  const words = (field) => field.selectedOptions?.[0]?.text ?? field.placeholder ?? '';
  const hasRoom = (each) => {
    const { fontSize, paddingLeft, paddingRight } = getComputedStyle(each);
    const room = each.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    pen.font = getComputedStyle(each, each.placeholder ? '::placeholder' : null).font;
    return room >= (each.matches('dd') ? 4 * parseFloat(fontSize) : pen.measureText(words(each)).width);
  };
  return [...document.querySelectorAll('button, a, label, h1, h2, dt, dd, th, p, select, .input')]
    .filter((each) => each.checkVisibility({ visibilityProperty: true }))
    .filter((each) => !each.closest('.visually-hidden, .skip-link, .header__user, .others__note'))
    .filter((each) => !each.closest('.week, .rates, .chart__data'))
    .filter((each) => getComputedStyle(each).overflow !== 'visible' && each.scrollWidth > each.clientWidth + 1
      || each.getBoundingClientRect().right > innerWidth + 1
      || each.matches('dd, select, .input') && !hasRoom(each))
    .map((each) => each.outerHTML.slice(0, 120));
}"""
# How light a number's letters are, from 0 to 1.
LIGHTNESS = """() => Math.max(...getComputedStyle(document.querySelector('.number')).color
  .match(/[0-9.]+/g).slice(0, 3).map(Number)) / 255"""

WIDTHS = (1920, 1280, 768, 375, 320)


@pytest.fixture
def large_text_browser(browser: Browser) -> Iterator[Browser]:
    """A browser whose user has set letters to twice their size."""
    large = browser.browser_type.launch(
        executable_path=shutil.which("chromium"), args=[*ARGUMENTS, "--blink-settings=defaultFontSize=32"]
    )
    yield large
    large.close()


@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
def test_words_are_neither_cut_off_nor_too_wide(
    shared_address: str, visitor: Visitor, troubles: Troubles, locale: str
) -> None:
    troubles.expect("answer 404: GET .*/nowhere")

    assert what_does_not_fit(visitor(shared_address, locale=locale).new_page(), WIDTHS) == []


@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
def test_large_text_is_neither_cut_off_nor_too_wide(
    shared_address: str, large_text_browser: Browser, troubles: Troubles, locale: str
) -> None:
    troubles.expect("answer 404: GET .*/nowhere")
    context = open_context(large_text_browser, troubles, shared_address, locale=locale)

    assert what_does_not_fit(context.new_page(), (1280, 375)) == []


def what_does_not_fit(page: Page, widths: tuple[int, ...]) -> list[str]:
    """What is cut off, and which pages are too wide, of one page of each kind with long texts on it."""
    page.goto("/login")
    wrong = unfit(page, widths)
    page.locator("[name=username]").fill("somebody.with.a.rather.long.name@subsidiary.example.com")
    page.locator("[name=password]").fill("any")
    page.locator("[name=password]").press("Enter")
    expect(page.locator("[data-call-id]").first).to_be_visible()
    call_id = call_ids(page)[0]
    for address in (
        "/calls",
        "/calls?q=" + "long" * 40,
        "/calls?view=all&per_page=100",
        f"/calls/{call_id}",
        "/insights?view=all",
        "/callers",
        "/directory",
        "/sessions",
        "/settings",
        "/nowhere",
    ):
        page.goto(address)
        wrong += unfit(page, widths)
    page.goto("/calls?view=all")
    page.locator("[name=ids]").first.check()
    return wrong + unfit(page, widths)


def unfit(page: Page, widths: tuple[int, ...]) -> list[str]:
    """What is cut off on this page in a window of each width, and in which the page is too wide."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 720})
        found += [f"{page.url} is wider than {width}"] if is_wider_than_its_window(page) else []
        # What is searched for may be longer than its field.
        found += [f"{page.url} in {width}: {cut}" for cut in page.evaluate(CUT_OFF) if "longlong" not in cut]
    return found


def test_paper_has_calls_facts_and_notes_in_dark_letters_and_nothing_to_press(
    shared_address: str, visitor: Visitor
) -> None:
    a4 = {"width": 794, "height": 1123}
    page = sign_in(visitor(shared_address, color_scheme="dark", viewport=a4).new_page())
    open_live(page, "/calls?view=all&type=missed")

    page.emulate_media(media="print", color_scheme="dark")

    expect(page.get_by_role("button").locator("visible=true")).to_have_count(0)
    expect(page.get_by_role("textbox").locator("visible=true")).to_have_count(0)
    expect(page.locator("[data-call-id] .call-row__who .number").first).to_be_visible()
    expect(page.locator("[data-call-id] .kind__label").first).to_be_visible()
    expect(page.locator("[data-call-id] .call-row__excerpt").first).to_be_visible()
    assert page.evaluate(LIGHTNESS) < 0.2

    page.emulate_media(media="screen")
    page.goto(f"/calls/{call_ids(page)[0]}")
    page.emulate_media(media="print")
    expect(page.get_by_role("button").locator("visible=true")).to_have_count(0)
    expect(page.get_by_text("Rang", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Notes")).to_be_visible()
