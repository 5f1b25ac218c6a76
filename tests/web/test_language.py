"""The language of the pages: by choice, else by what the browser asks for."""

import re
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup
from bs4.element import PreformattedString

from aircall.web.i18n import CATALOGUES
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

FRENCH = {"Accept-Language": "fr-CA,fr;q=0.9,en;q=0.5"}
# What people read beside the text of a page.
READ_OUT = ("aria-label", "title", "placeholder", "alt")
# What is no sentence of ours, or is written in its own language.
DATA = "script, .number, time, [translate=no], [dir=auto], #filter-line, button[lang]"
# What is written alike in both.
NAMES = {"Callboard", "UTC", "France"}
VALUE = re.compile(r"%\(\w+\)s")
CALL_ID = re.compile("[0-9a-f]{8}-[0-9a-f-]{27}")


def said(page: BeautifulSoup) -> Iterator[str]:
    """Every text of the page that has a word in it, but for data."""
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
    """The sentences that French writes as English does."""
    with (CATALOGUES / "fr" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="fr")
    return {VALUE.sub("", str(each.id)).strip() for each in catalogue if each.id == each.string}


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("fr", "fr"),
        ("fr-CA,en;q=0.5", "fr"),
        ("en-GB,fr;q=0.5", "en"),
        ("de", "en"),
        ("*", "en"),
        (";;", "en"),
    ],
)
def test_who_chose_nothing_gets_what_the_browser_asks_for(
    stranger: Person, asked: str, language: str
) -> None:
    stranger.get("/login", headers={"Accept-Language": asked})

    assert stranger.find("html")["lang"] == language


def test_a_choice_is_kept_and_beats_the_browser(stranger: Person) -> None:
    stranger.get("/login", headers=FRENCH)
    stranger.submit("/language", language="en")
    stranger.get("/login", headers=FRENCH)

    assert stranger.find("html")["lang"] == "en"
    assert stranger.find("form[action='/language'] [aria-current]").text == "English"


def test_a_choice_leads_back_to_the_page_where_it_was_made(alice: Person) -> None:
    alice.get("/calls?view=all&type=missed&page=2")
    alice.submit("/language", language="fr")

    assert alice.path == "/calls"
    assert alice.find("#filter-type option[selected]").text == "Manqué"
    assert "Tous les appels" in alice.text or "Tous" in alice.find("#views").text


def test_a_choice_survives_logging_out(alice: Person) -> None:
    alice.get("/calls")
    alice.submit("/language", language="fr")

    alice.submit("/logout")

    assert alice.path == "/login"
    assert "Mot de passe" in alice.text


@pytest.mark.parametrize("language", ["de", "", "fr/../en", "FR"])
def test_a_language_that_there_is_not_is_refused(alice: Person, language: str) -> None:
    alice.get("/calls")
    alice.submit("/language", language=language)

    assert alice.status == 400
    assert "There are no pages in this language." in alice.text


def test_a_choice_that_comes_without_a_token_is_refused(alice: Person) -> None:
    alice.client.post("/language", data={"language": "fr"})

    assert alice.get("/calls").find("html")["lang"] == "en"


def test_nobody_is_led_to_another_site_by_a_choice(alice: Person) -> None:
    alice.get("/calls")
    alice.submit("/language", language="fr", next="https://evil.example/")

    assert alice.path == "/calls"


@pytest.mark.parametrize(
    "path",
    [
        "/login",
        "/calls",
        "/calls?view=all&type=missed&q=33&per_page=10",
        "/calls?view=archived",
        "/calls?q=nothing-has-this",
        "/calls?type=fax&direction=up&from=x&view=trash&number=anonymous",
        "/insights?view=all",
        "/insights?q=nothing-has-this",
        "/nowhere",
        "CALL",
        "NOTED",
    ],
)
def test_no_english_is_left_on_a_french_page(alice: Person, sandbox: Sandbox, path: str) -> None:
    noted = next(call["id"] for call in sandbox.calls() if call["notes"])
    bare = next(call["id"] for call in sandbox.calls() if not call["notes"])
    path = {"CALL": f"/calls/{bare}", "NOTED": f"/calls/{noted}"}.get(path, path)
    if path == "/login":
        alice.get("/calls").submit("/logout")

    english = set(said(alice.get(path).page))
    french = set(said(alice.get(path, headers=FRENCH).page))

    assert len(french) > 3
    assert english & french <= same_in_french()


def test_numbers_days_and_plurals_are_french(alice: Person, sandbox: Sandbox) -> None:
    call = sandbox.add_call(
        created_at="2026-02-01T10:00:00.000Z", duration=3723, is_archived=False, to="+12025550170"
    )
    alice.client.application.extensions["callboard"].scheduler.request_sync()
    wait_until(lambda: alice.get(f"/calls/{call['id']}", headers=FRENCH).status == 200)

    assert "1er février 2026" in alice.text
    assert "États-Unis" in alice.text
    alice.get("/calls?from=2026-02-01&to=2026-02-01", headers=FRENCH)
    assert "sur 1 appel" in alice.text
    assert re.search(r"dimanche 1er février", alice.text, re.IGNORECASE)


def test_a_notice_and_its_undo_are_french(alice: Person) -> None:
    alice.get("/calls")
    alice.submit("/language", language="fr")
    alice.submit("/calls/archive", ids=alice.call_ids[0], archived="true")

    assert "Appel archivé." in alice.text
    assert "Annuler" in alice.text


def test_rows_that_a_page_asks_for_are_in_its_language(alice: Person) -> None:
    call_id = alice.get("/calls").call_ids[0]

    alice.get(f"/calls/rows?ids={call_id}", headers=FRENCH)

    assert "Archiver" in str(alice.page)


def test_the_export_is_the_same_in_every_language(alice: Person) -> None:
    english = alice.client.get("/calls.csv?view=all").data

    assert alice.client.get("/calls.csv?view=all", headers=FRENCH).data == english


def test_what_the_script_says_is_a_file_that_browsers_keep(alice: Person) -> None:
    page = alice.get("/calls", headers=FRENCH).page
    address = str(page.select_one("meta[name=script-words]")["content"])  # type: ignore[index]  # it is there

    answer = alice.client.get(address)

    assert answer.get_json()["Live"] == "En direct"
    assert answer.get_json()["%(number)s selected"] == ["%(number)s sélectionné", "%(number)s sélectionnés"]
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert "Set-Cookie" not in answer.headers


def test_the_script_needs_no_file_for_its_own_language(alice: Person) -> None:
    assert alice.get("/calls").page.select("meta[name=script-words]") == []


def test_there_is_no_such_file_for_other_languages(stranger: Person) -> None:
    assert stranger.client.get("/words/de.json").status_code == 404
