"""Theme and language: the chosen one, else that of the system or the browser."""

import re
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup
from bs4.element import PreformattedString
from flask import Flask

from aircall.web.startup import CATALOGS
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.web.conftest import NewCall

FRENCH = {"Accept-Language": "fr-CA,fr;q=0.9,en;q=0.5"}
# Attributes that users see or hear.
READ_OUT = ("aria-label", "title", "placeholder", "alt")
# Elements with data, or with text in its own language.
DATA = "script, .number, time, [translate=no], [dir=auto], #filter-line, button[lang]"
# The same in both languages.
NAMES = {"Callboard", "UTC", "France"}
FRENCH_PAGES = (
    "/login",
    "/calls",
    "/calls?view=all&type=missed&q=33&per_page=10",
    "/calls?view=archived",
    "/calls?q=nothing-has-this",
    "/calls?type=fax&direction=up&from=x&view=trash&number=anonymous",
    "/insights?view=all",
    "/insights?q=nothing-has-this",
    "/sessions",
    "/settings",
    "/nowhere",
)
VALUE = re.compile(r"%\(\w+\)s")
CALL_ID = re.compile("[0-9a-f]{8}-[0-9a-f-]{27}")


def said(page: BeautifulSoup) -> Iterator[str]:
    """Yield every text of the page that contains a word, except data."""
    for data in page.select(DATA):
        data.decompose()
    texts = [str(text) for text in page.find_all(string=True) if not isinstance(text, PreformattedString)]
    texts += [str(element[name]) for name in READ_OUT for element in page.select(f"[{name}]")]
    texts += [str(element["content"]) for element in page.select("meta[name=description]")]
    for text in texts:
        folded = " ".join(CALL_ID.sub("", text).split()).strip(" ·")
        if re.search("[A-Za-z]{2}", folded) and folded not in NAMES:
            yield folded


def same_in_french() -> set[str]:
    """Return the sentences that are the same in French."""
    with (CATALOGS / "fr" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalog = read_po(file, locale="fr")
    return {VALUE.sub("", str(each.id)).strip() for each in catalog if each.id == each.string}


def theme_of(person: Person) -> str | None:
    """Return the theme of the first paint; None if the system decides."""
    theme = person.find("html").get("data-theme")
    return str(theme) if theme else None


def test_without_a_usable_choice_the_system_decides(stranger: Person) -> None:
    for cookie in ("", '"><script>'):
        stranger.client.set_cookie("theme", cookie)
        stranger.get("/login")

        assert theme_of(stranger) is None
        assert stranger.find("meta[name=color-scheme]")["content"] == "light dark"
        assert len(stranger.page.select("meta[name=theme-color][media]")) == 2


def test_a_choice_is_kept_on_every_page_and_over_a_logout(alice: Person) -> None:
    for theme in ("light", "dark"):
        alice.get("/calls?view=all&page=2").submit("/theme", theme=theme)

        assert alice.path == "/calls"
        assert "26–50 of 94 calls" in alice.text
        assert theme_of(alice) == theme
        assert alice.find("meta[name=color-scheme]")["content"] == theme
        assert len(alice.page.select("meta[name=theme-color]")) == 1
        assert alice.find("form[action='/theme'] [aria-current]")["value"] == theme
    alice.submit("/logout")
    assert (alice.path, theme_of(alice)) == ("/login", "dark")

    assert theme_of(alice.submit("/theme", theme="system")) is None


def test_every_page_has_the_chosen_density_and_the_settings_say_what_was_chosen(
    alice: Person,
) -> None:
    assert alice.get("/calls").find("html").get("data-density") is None
    alice.get("/settings").submit("/density", density="compact").submit("/calls-open", calls_open="beside")

    assert alice.path == "/settings"
    chosen = {str(each["name"]): each["value"] for each in alice.page.select("main [aria-current]")}
    assert chosen == {
        "theme": "system",
        "language": "en",
        "density": "compact",
        "after_archiving": "stay",
        "calls_open": "beside",
    }
    for path in ("/calls", "/callers", "/directory", "/nowhere"):
        assert alice.get(path).find("html")["data-density"] == "compact"
    alice.get("/settings").submit("/density", density="comfortable")
    assert alice.get("/calls").find("html").get("data-density") is None


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("theme", ["", "blue", "Dark", '" onload="'], "There is no such theme."),
        ("language", ["", "de", "fr/../en", "FR"], "There are no pages in this language."),
        ("calls-open", ["", "above", "ALONE"], "There is no such choice."),
        ("after-archiving", ["", "go", "NEXT"], "There is no such choice."),
        ("density", ["", "tight", "Compact"], "There is no such choice."),
    ],
)
def test_an_unknown_choice_or_one_without_a_token_is_refused(
    alice: Person, name: str, values: list[str], sentence: str
) -> None:
    for value in values:
        alice.get("/settings").submit(f"/{name}", **{name.replace("-", "_"): value})

        assert alice.status == 400
        assert sentence in alice.text
    alice.client.post("/theme", data={"theme": "dark"})
    alice.client.post("/language", data={"language": "fr"})
    assert theme_of(alice.get("/calls")) is None
    assert alice.find("html")["lang"] == "en"


def test_without_a_choice_the_browser_decides(stranger: Person) -> None:
    for asked, language in (
        ("fr", "fr"), ("fr-CA,en;q=0.5", "fr"), ("en-GB,fr;q=0.5", "en"),
        ("de", "en"), ("*", "en"), (";;", "en"),
    ):  # fmt: skip
        stranger.get("/login", headers={"Accept-Language": asked})

        assert stranger.find("html")["lang"] == language, asked


def test_days_and_times_are_written_as_in_the_browsers_region(stranger: Person) -> None:
    for asked, written in (
        ("en-US,en;q=0.9", "en-US"), ("en-GB,en-US;q=0.5", "en"), ("en-NZ", "en-AU"), ("en", "en"),
        ("fr-CA", "fr"), ("de,en-US;q=0.3", "en-US"), ("xx-US", "en"), ("en-<x>", "en"),
    ):  # fmt: skip
        stranger.get("/login", headers={"Accept-Language": asked})

        assert stranger.find("html")["data-format"] == written, asked


def test_a_choice_is_kept_and_beats_the_browser(stranger: Person) -> None:
    stranger.get("/login", headers=FRENCH)
    stranger.submit("/language", language="en")
    stranger.get("/login", headers=FRENCH)

    assert stranger.find("html")["lang"] == "en"
    assert stranger.find("form[action='/language'] [aria-current]").text == "English"


def test_no_english_is_left_on_a_french_page(alice: Person, stranger: Person, sandbox: Sandbox) -> None:
    noted = next(call["id"] for call in sandbox.calls() if call["notes"])
    bare = next(call["id"] for call in sandbox.calls() if not call["notes"])
    for path in (*FRENCH_PAGES, f"/calls/{noted}", f"/calls/{bare}", f"/calls/rows?ids={noted}"):
        person = stranger if path == "/login" else alice

        english = set(said(person.get(path).page))
        french = set(said(person.get(path, headers=FRENCH).page))

        assert len(french) > 3
        assert english & french <= same_in_french(), path


def test_numbers_days_and_plurals_are_french(alice: Person, new_call: NewCall) -> None:
    given = {"created_at": "2026-02-01T10:00:00.000Z", "is_archived": False, "to": "+12025550170"}
    alice.get(f"/calls/{new_call(**given)}", headers=FRENCH)

    assert "1er février 2026" in alice.text
    assert "États-Unis" in alice.text
    alice.get("/calls?from=2026-02-01&to=2026-02-01", headers=FRENCH)
    assert alice.find(".toolbar__summary").get_text(strip=True) == "1 appel"
    assert re.search(r"dimanche 1er février", alice.text, re.IGNORECASE)


def test_a_notice_and_its_undo_are_french(alice: Person) -> None:
    alice.get("/calls")
    alice.submit("/language", language="fr", next="https://evil.example/")
    assert alice.path == "/calls"
    alice.submit("/calls/archive", ids=alice.call_ids[0], archived="true")

    assert re.search(r"Appel archivé : \+[\d ]+, \d\d:\d\d\.", alice.flash)
    assert "Annuler" in alice.text


def test_the_export_is_the_same_in_every_language(alice: Person) -> None:
    english = alice.client.get("/calls.csv?view=all").data

    assert alice.client.get("/calls.csv?view=all", headers=FRENCH).data == english


def test_the_messages_of_the_script_are_a_cacheable_file(alice: Person) -> None:
    page = alice.get("/calls", headers=FRENCH).page
    address = str(page.select_one("meta[name=script-words]")["content"])  # type: ignore[index]  # it is there

    answer = alice.client.get(address)

    assert answer.get_json()["Live"] == "En direct"
    assert answer.get_json()["%(number)s selected"] == ["%(number)s sélectionné", "%(number)s sélectionnés"]
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert "Set-Cookie" not in answer.headers

    assert alice.get("/calls").page.select("meta[name=script-words]") == []
    assert alice.client.get("/words/de.json").status_code == 404


def test_by_https_a_preference_is_kept_in_a_cookie_that_no_other_host_of_the_domain_can_set(
    app: Flask, stranger: Person
) -> None:
    app.config.update(SESSION_COOKIE_NAME="__Host-callboard", SESSION_COOKIE_SECURE=True)
    token = stranger.get("/login", base_url="https://localhost").find("form.card [name=csrf_token]")["value"]

    answer = stranger.client.post(
        "/theme",
        data={"theme": "dark", "csrf_token": token},
        base_url="https://localhost",
        headers={"Referer": "https://localhost/login"},
    )

    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-theme=dark;")
    assert "Secure; HttpOnly; Path=/;" in cookie
    assert theme_of(stranger.get("/login", base_url="https://localhost")) == "dark"
    other = Person(app)
    for name in ("theme", "tz", "language"):
        other.client.set_cookie(name, {"theme": "dark", "tz": "Europe/Paris", "language": "fr"}[name])
    other.get("/login", base_url="https://localhost")
    assert theme_of(other) is None
    assert other.find("html")["lang"] == "en"
