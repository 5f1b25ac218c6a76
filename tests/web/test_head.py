"""What a page says of itself to the browser's tab, to a search and to who is sent its address."""

import re

import pytest

from tests.support.person import Person


def title_of(person: Person, path: str) -> str:
    """The title of this page, without how many missed calls wait."""
    return re.sub(r"^\(\d+\) ", "", person.get(path).find("head title").get_text())


def test_the_title_says_where_one_is(alice: Person) -> None:
    paths = ("/calls", "/calls?view=archived", "/calls?view=all&per_page=10&page=2", "/insights", "/nowhere")

    assert [title_of(alice, path) for path in paths] == [
        "Inbox · Callboard",
        "Archived calls · Callboard",
        "All calls, page 2 · Callboard",
        "Insights · Callboard",
        "There is nothing here · Callboard",
    ]


def test_the_title_of_a_call_has_its_kind_and_number(alice: Person) -> None:
    alice.get("/calls")
    call_id = alice.call_ids[0]

    title = title_of(alice, f"/calls/{call_id}")

    kind = alice.find("#call .kind__label").get_text()
    assert title == f"{kind}, {alice.find('h1 .number').get_text()} · Callboard"


@pytest.mark.parametrize("path", ["/login", "/calls", "/insights", "/nowhere"])
def test_a_page_has_an_icon_colours_and_words_for_who_shares_it(alice: Person, path: str) -> None:
    if path == "/login":
        alice.get("/calls").submit("/logout")
    alice.get(path)

    with alice.client.get(str(alice.find("link[rel=icon]")["href"])) as icon:
        assert icon.mimetype == "image/svg+xml"
    assert {str(each["media"]) for each in alice.page.select("meta[name=theme-color]")} == {
        "(prefers-color-scheme: light)",
        "(prefers-color-scheme: dark)",
    }
    description = str(alice.find("meta[name=description]")["content"])
    assert "phone calls" in description
    assert alice.find("meta[property='og:description']")["content"] == description
    assert alice.find("meta[property='og:title']")["content"] == "Callboard"
