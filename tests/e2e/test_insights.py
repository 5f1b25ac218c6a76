"""The charts in a browser: readable for everyone, and a way to the calls of a day."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages import expect_calls, expect_marked, open_live, sign_in
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox


def chart(page: Page) -> Locator:
    """The chart, on the list or on the insights page."""
    return page.get_by_role("figure").filter(has_text="Calls per day")


@pytest.mark.parametrize("path", ["/calls?view=all", "/insights?view=all"])
def test_a_click_on_a_day_shows_its_calls(page: Page, path: str) -> None:
    page.goto(path)
    title = chart(page).locator("a title").last.text_content() or ""

    chart(page).locator("a rect").last.click()

    expect(page).to_have_url(re.compile(r"/calls\?.*from="))
    expect_calls(page)
    query = parse_qs(urlsplit(page.url).query)
    assert query["from"] == query["to"]
    assert query["view"] == ["all"]
    assert f": {page.locator('.toolbar__summary').inner_text().split(' of ')[1]} – " in title


def test_the_chart_follows_the_filters_and_a_day_is_reached_by_keyboard_too(page: Page) -> None:
    page.goto("/calls?view=all")
    expect(chart(page)).to_contain_text("Voicemail")

    page.get_by_label("Type", exact=True).select_option("missed")
    expect(chart(page)).not_to_contain_text("Voicemail")
    page.get_by_role("searchbox").fill("nothing like this")
    expect(chart(page)).to_have_count(0)

    page.goto("/calls?view=all")
    page.locator("summary").filter(has_text="Calls per day as a table").focus()
    for key in ("Enter", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile(r"/calls\?.*from="))


def test_the_insights_follow_their_filters_and_lead_back_to_the_list(page: Page) -> None:
    open_live(page, "/insights?view=all")
    first = page.locator(".totals__number").first
    of_all = first.inner_text()

    page.get_by_label("Type", exact=True).select_option("voicemail")

    expect(first).not_to_have_text(of_all)
    expect(page).to_have_url(re.compile(r"/insights\?.*type=voicemail"))
    expect(page.locator("#announcer")).to_have_text(re.compile("calls found"))
    expect_marked(page)
    page.reload()
    expect(page.get_by_label("Type", exact=True)).to_have_value("voicemail")
    total = first.inner_text()
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator(".toolbar__summary")).to_contain_text(f"of {total} calls")


def test_the_figures_follow_what_colleagues_do(address: str, visitor: Visitor, sandbox: Sandbox) -> None:
    page = open_live(sign_in(visitor(address).new_page()), "/insights?view=inbox")
    inbox = [str(call["id"]) for call in sandbox.calls() if not call["is_archived"]]
    read: list[str] = []
    page.on("request", lambda request: read.append(request.url) if "/insights" in request.url else None)

    for call_id in inbox[:20]:
        sandbox.archive(call_id)

    expect(page.locator(".totals__number").first).to_have_text(str(len(inbox) - 20))
    expect(page.get_by_role("link", name=f"Archived {94 - len(inbox) + 20}")).to_be_visible()
    assert len(read) <= 3
    expect_marked(page)


def test_the_figures_are_those_of_the_browsers_zone_without_a_reload(page: Page) -> None:
    page.context.clear_cookies(name="tz")

    page.goto("/insights?view=all")

    expect(page.get_by_text("Time zone: Europe/Paris.")).to_be_visible()


def test_print_fits_a4_and_says_what_the_page_says(page: Page) -> None:
    # A4 less its margins, in CSS pixels.
    page.set_viewport_size({"width": 703, "height": 1030})
    for path, said in (
        ("/calls?view=all&type=missed-call&per_page=10", ["1–10 of ", "Page 1 of ", "missed"]),
        ("/insights", ["All calls", "Voicemail left", "Calls per day as a table"]),
    ):
        page.goto(path)
        page.emulate_media(media="print", color_scheme="dark")
        for words in said:
            expect(page.get_by_text(words).locator("visible=true").first).to_be_visible()
        beyond = page.locator("main *").evaluate_all(
            "(all) => all.filter((each) => each.getBoundingClientRect().right > innerWidth).length"
        )
        assert beyond == 0, path
        assert page.pdf(format="A4").startswith(b"%PDF")
        page.emulate_media(media="screen")
    page.emulate_media(media="print")
    expect(page.locator("#chart-data tbody tr").last).to_be_visible()
