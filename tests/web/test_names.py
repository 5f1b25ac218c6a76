"""Names of the directory stand wherever a number does, as text, and a change of one is told to open pages."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import Tag
from flask import Flask
from sqlalchemy.exc import OperationalError

from aircall.models import Call, User
from aircall.team.directory import EntryVersion
from aircall.team.entries import Draft, Entry, Kind
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.web.conftest import NewCall, services_of
from tests.web.test_sockets import connected, events

CALLER, LINE, US = "+33612345678", "+33118842251", "+33189394635"
ALICE = User(id="1", username="alice")
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "{{ 7*7 }}",
    "%(number)s",
    "&#0;",
    "مريم",
]


@pytest.fixture
def named(app: Flask) -> Callable[..., Entry]:
    """Names a number."""

    def add(number: str, name: str, **given: Any) -> Entry:
        draft = Draft.of(name=name, numbers=[number], **given)
        return services_of(app).team.directory.create(draft, ALICE)

    return add


@pytest.fixture
def call_of_caller(alice: Person, new_call: NewCall) -> str:
    """The newest call: by the caller, on the line."""
    assert alice.status == 200
    return new_call(**{"from": CALLER, "to": US, "via": LINE, "direction": "inbound", "is_archived": False})


def row(person: Person, call_id: str, path: str = "/calls") -> Tag:
    return person.get(path).find(f"#call-{call_id}")


def test_a_name_stands_in_rows_pages_titles_filters_and_files(
    alice: Person, named: Callable[..., Entry], call_of_caller: str
) -> None:
    assert "+33 6 12 34 56 78" in row(alice, call_of_caller).get_text()
    # In another spelling than the call has.
    named("0033 6 12 34 56 78", "Marie Curie", company="Radium SA")
    named(LINE, "Support FR", kind=Kind.LINE)
    named(US, "Zoé", kind=Kind.COLLEAGUE)

    shown = " ".join(row(alice, call_of_caller).get_text(" ").split())
    assert "Marie Curie +33 6 12 34 56 78 · Radium SA" in shown
    assert "via Support FR" in shown
    assert "Select call with Marie Curie" in shown
    options = [option.text for option in alice.page.select("#filter-line option")]
    assert "Support FR · +33 1 18 84 22 51" in options

    alice.get(f"/calls/{call_of_caller}")
    assert "Marie Curie" in alice.find("title").text
    assert alice.find("h1").text.strip() == "Marie Curie"
    facts = " ".join(alice.find(".facts").get_text(" ").split())
    assert "From Marie Curie +33 6 12 34 56 78 · Radium SA France" in facts
    assert "To Zoé +33 1 89 39 46 35" in facts
    assert "Line Support FR +33 1 18 84 22 51 Edit name Support FR" in facts

    only = f"/calls?number={CALLER}".replace("+", "%2B")
    assert "Marie Curie" in alice.get(only).find(".toolbar").text
    assert "via Support FR" in alice.get(f"/calls/archive?archived=true&line={LINE}".replace("+", "%2B")).text
    assert "Support FR" in alice.get("/insights").find("#filter-line").text

    rows = list(csv.DictReader(io.StringIO(alice.client.get("/calls.csv").text)))
    found = next(row for row in rows if row["\ufeffid"] == call_of_caller)
    named_there = [found[name] for name in ("name", "company", "line_name")]
    assert named_there == ["Marie Curie", "Radium SA", "Support FR"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_is_text_everywhere(
    alice: Person, named: Callable[..., Entry], call_of_caller: str, text: str
) -> None:
    named(CALLER, text, company=text)
    named(LINE, text)

    names = row(alice, call_of_caller).select("bdi.name")
    assert names
    assert {name.text for name in names} == {text}
    assert not alice.page.select("img[onerror], main script")
    assert text in alice.find("#filter-line").text
    assert alice.get(f"/calls/{call_of_caller}").find("h1").text.strip() == text
    assert text in alice.find("title").text
    assert not alice.page.select("img[onerror], main script")


def test_a_change_of_a_name_is_told_to_every_page_with_the_numbers_it_is_about(
    app: Flask, alice: Person, bob: Person, named: Callable[..., Entry], call_of_caller: str
) -> None:
    numbers = str(row(alice, call_of_caller)["data-numbers"]).split()
    pages = [connected(app, person) for person in (alice, bob)]

    entry = named(CALLER, "Marie")

    for page in pages:
        (told,) = events(page, "team-change")
        assert (told["topic"], told["numbers"]) == ("directory", ["33612345678"])
        assert set(told["numbers"]) <= set(numbers)
    assert str(told["revision"]) == alice.get("/calls").find("body")["data-directory"]

    services_of(app).team.directory.delete(EntryVersion(entry.id, entry.version), ALICE)
    assert "Marie" not in row(alice, call_of_caller).get_text()
    assert [told["numbers"] for told in events(pages[0], "team-change")] == [["33612345678"]]


def test_a_page_that_connects_after_a_change_is_told_of_it(
    app: Flask, alice: Person, named: Callable[..., Entry]
) -> None:
    before = str(alice.get("/calls").find("body")["data-directory"])
    named(CALLER, "Marie")
    now = str(alice.get("/calls").find("body")["data-directory"])

    def told(revision: object) -> list[dict[str, Any]]:
        return events(connected(app, alice, directory=revision), "team-change")

    assert told(before) == [{"topic": "directory", "revision": int(now), "numbers": None}]
    assert told(now) == told(None) == []
    assert told({"x": 1})[0]["numbers"] is None


def test_a_pushed_row_has_the_names_and_says_of_which_revision(
    app: Flask, alice: Person, sandbox: Sandbox, named: Callable[..., Entry], call_of_caller: str
) -> None:
    page = connected(app, alice, {"language": "en", "zone": "UTC"})
    named(CALLER, "Marie")

    services_of(app).replica.apply(Call.from_json(sandbox.archive(call_of_caller)))

    (pushed,) = events(page, "update-call")
    assert "Marie" in pushed["html"]
    assert str(pushed["directory"]) == alice.get("/calls").find("body")["data-directory"]


def test_the_list_is_shown_without_names_while_they_cannot_be_read(
    app: Flask,
    alice: Person,
    named: Callable[..., Entry],
    call_of_caller: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    named(CALLER, "Marie")

    def fail(_numbers: object) -> None:
        raise OperationalError("SELECT", {}, Exception("disk"))

    monkeypatch.setattr(type(services_of(app).team.known_names), "of", lambda _self, numbers: fail(numbers))

    assert "+33 6 12 34 56 78" in row(alice, call_of_caller).get_text()
    assert "numbers are shown without their names: OperationalError" in caplog.text


def test_a_search_finds_the_calls_of_a_name_or_company_by_words_in_any_order(
    alice: Person, named: Callable[..., Entry], call_of_caller: str
) -> None:
    named(CALLER, "Zoé Müller", company="Pechblende & Fils")

    for words in ("muller", "FILS zoe", "pechblende"):
        assert alice.get("/calls", query_string={"q": words}).call_ids == [call_of_caller], words
        assert "1 call" in alice.find(".page-head__summary").text
        assert alice.get("/insights", query_string={"q": words}).text.count("1 call found.") <= 1
        assert len(alice.client.get("/calls.csv", query_string={"q": words}).text.splitlines()) == 2
    assert alice.get("/calls?q=zoe+nobody").call_ids == []
    assert alice.get("/calls?q=zoe&type=answered&view=archived").call_ids == []
