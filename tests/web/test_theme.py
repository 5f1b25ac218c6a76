"""Light or dark, by choice: from the first paint, without a script."""

import pytest

from tests.support.person import Person


def theme_of(person: Person) -> str | None:
    """The theme that the page is drawn in from the first paint; None where the system decides."""
    theme = person.find("html").get("data-theme")
    return str(theme) if theme else None


def test_without_a_choice_the_system_decides(stranger: Person) -> None:
    stranger.get("/login")

    assert theme_of(stranger) is None
    assert stranger.find("meta[name=color-scheme]")["content"] == "light dark"
    assert len(stranger.page.select("meta[name=theme-color][media]")) == 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_choice_is_kept_on_every_page_and_over_a_logout(alice: Person, theme: str) -> None:
    alice.get("/calls?view=all&page=2")
    alice.submit("/theme", theme=theme)

    assert alice.path == "/calls"
    assert "26–50 of 94 calls" in alice.text
    assert theme_of(alice) == theme
    assert alice.find("meta[name=color-scheme]")["content"] == theme
    assert len(alice.page.select("meta[name=theme-color]")) == 1
    assert alice.find("form[action='/theme'] [aria-current]")["value"] == theme
    alice.submit("/logout")
    assert (alice.path, theme_of(alice)) == ("/login", theme)


def test_the_system_can_be_chosen_again(alice: Person) -> None:
    alice.get("/calls").submit("/theme", theme="dark").submit("/theme", theme="system")

    assert theme_of(alice) is None


@pytest.mark.parametrize("theme", ["", "blue", "Dark", '" onload="'])
def test_a_theme_that_there_is_not_is_refused(alice: Person, theme: str) -> None:
    alice.get("/calls").submit("/theme", theme=theme)

    assert alice.status == 400
    assert "There is no such theme." in alice.text


def test_a_cookie_that_says_nonsense_does_no_harm(alice: Person) -> None:
    alice.client.set_cookie("theme", '"><script>')

    assert theme_of(alice.get("/calls")) is None


def test_a_choice_that_comes_without_a_token_is_refused(alice: Person) -> None:
    alice.client.post("/theme", data={"theme": "dark"})

    assert theme_of(alice.get("/calls")) is None
