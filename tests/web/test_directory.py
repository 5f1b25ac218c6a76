"""The directory's pages: every form, its conflicts and refusals, and nothing typed is lost."""

import csv
import io
import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from aircall.models import User
from aircall.team.entries import Draft, Entry, Kind
from tests.support.person import Person
from tests.web.conftest import NewCall, services_of

BOB = User(id="2", username="bob")
HOSTILE = "<b onclick=x>{{ 1 }}</b>&amp;%(x)s מרי"


def entries(app: Flask) -> list[Entry]:
    return list(services_of(app).team.directory.all_entries())


def add(app: Flask, name: str, *numbers: str, **given: Any) -> Entry:
    return services_of(app).team.directory.create(Draft.of(name=name, numbers=numbers, **given), BOB)


def value(person: Person, name: str) -> str:
    """What stands in a field."""
    field = person.find(f"#entry-{name}")
    return str(field["value"]) if field.name == "input" else field.get_text().removeprefix("\n")


def test_a_number_is_named_on_its_calls_page_and_the_way_leads_back(
    app: Flask, alice: Person, new_call: NewCall
) -> None:
    call_id = new_call(**{"from": "+33612345678", "direction": "inbound", "is_archived": False})
    alice.get(f"/calls/{call_id}").submit("/directory", name="  Marie \n Curie ", company="Radium SA")

    assert alice.path == f"/calls/{call_id}"
    assert "“Marie Curie” is in the directory." in alice.flash
    assert alice.find("h1").text.strip() == "Marie Curie"
    (entry,) = entries(app)
    assert (entry.draft, entry.updated_by) == (
        Draft.of(name="Marie Curie", company="Radium SA", numbers=["+33612345678"]),
        "alice",
    )
    # The form has given way to a link.
    assert not alice.page.select("details.naming")
    link = alice.page.select(".facts__edit")[0]
    alice.get(str(link["href"])).submit(f"/directory/{entry.id}", name="M. Curie", number="+33612345678")
    assert alice.path == f"/calls/{call_id}"
    assert alice.find("h1").text.strip() == "M. Curie"


def test_entries_are_listed_searched_by_words_and_numbers_and_filtered_by_kind(
    app: Flask, alice: Person
) -> None:
    for n in range(60):
        add(app, f"Person {n:02}", f"+3361234{n:04}", company="Zürich AG" if n % 2 else "")
    add(app, "Support FR", "+33118842251", kind=Kind.LINE)

    assert "61 entries" in alice.get("/directory").text
    assert len(alice.page.select("li[data-entry]")) == 50
    assert len(alice.get(str(alice.find("[rel=next]")["href"])).page.select("li[data-entry]")) == 11
    assert "1 entry" in alice.get("/directory?kind=line").text
    assert "30 entries" in alice.get("/directory?q=zurich+pers").text
    assert "1 entry" in alice.get("/directory?q=0612340059").text
    assert "No entries found" in alice.get("/directory?q=nobody&kind=fax&page=99999999999999999999").text


def test_what_cannot_be_stored_comes_back_with_the_reason_at_its_field(app: Flask, alice: Person) -> None:
    alice.get("/directory/new")
    alice.submit("/directory", name=" ", company="x" * 121, kind="fax", number="+33612345678\nanonymous")

    assert alice.status == 400
    assert "A name is missing." in alice.find("#name-error").text
    assert "longer than 120" in alice.find("#company-error").text
    assert "not a number" in alice.find("#number-error").text
    assert "Choose a type." in alice.find("#kind-error").text
    assert (value(alice, "company"), value(alice, "number")) == ("x" * 121, "+33612345678\nanonymous")
    assert entries(app) == []


def test_two_who_edit_one_entry_see_each_others_words(app: Flask, alice: Person, bob: Person) -> None:
    entry = add(app, "Marie", "+33612345678")
    action = f"/directory/{entry.id}"
    alice.get(action)
    bob.get(action).submit(action, name="Marie Curie", company="Radium", number="+33612345678\n+33698765432")

    alice.submit(action, name=HOSTILE, company="Pechblende", number="+33612345678")

    assert alice.status == 409
    stored = alice.find(".entry-conflict").get_text(" ")
    assert "bob has changed this entry in the meantime" in " ".join(stored.split())
    assert all(text in stored for text in ("Marie Curie", "Radium", "+33 6 98 76 54 32"))
    assert (value(alice, "name"), value(alice, "company")) == (HOSTILE, "Pechblende")
    assert entries(app)[0].name == "Marie Curie"
    # Knowingly now; but not over what came after that.
    bob.get(action).submit(action, name="Third", number="+33612345678")
    alice.submit(action, name="Mine", number="+33612345678")
    assert alice.status == 409
    assert "Third" in alice.find(".entry-conflict").text
    alice.submit(action, name="Mine", number="+33612345678")
    assert alice.path == "/directory"
    assert entries(app)[0].name == "Mine"


def test_an_edit_of_what_was_deleted_meanwhile_can_still_be_added(
    app: Flask, alice: Person, bob: Person
) -> None:
    entry = add(app, "Marie", "+33612345678")
    action = f"/directory/{entry.id}"
    alice.get(action)
    bob.get(action).submit(f"{action}/delete")

    alice.submit(action, name="Marie C.", number="+33612345678")
    assert alice.status == 409
    assert "Somebody has deleted this entry in the meantime" in alice.text
    alice.submit("/directory", name=value(alice, "name"), number=value(alice, "number"))
    assert [entry.name for entry in entries(app)] == ["Marie C."]


def test_a_number_of_another_entry_leads_there_or_to_a_merger(app: Flask, alice: Person) -> None:
    one, other = add(app, "Marie", "+33612345678"), add(app, "M. Curie", "+33698765432", company="Radium")
    action = f"/directory/{one.id}"

    alice.get("/directory/new").submit("/directory", name="New", number="06\n+33 6 98 76 54 32")
    assert alice.status == 409
    assert value(alice, "name") == "New"
    assert "already belongs to another entry: M. Curie" in alice.text

    alice.get(action).submit(action, name="Marie", number="+33612345678\n+33698765432")
    assert alice.status == 409
    alice.get(str(alice.find(".alert a[href*=merge]")["href"]))
    assert [field["value"] for field in alice.page.select("[name=name]")] == ["Marie", "M. Curie"]
    assert not alice.page.select("[name=company]")
    alice.submit("/directory/merge", name="M. Curie")
    (merged,) = entries(app)
    assert (merged.name, merged.company, merged.numbers) == (
        "M. Curie",
        "Radium",
        ("+33612345678", "+33698765432"),
    )
    assert other.id != merged.id == one.id


def test_a_merger_of_what_was_changed_meanwhile_is_shown_again(
    app: Flask, alice: Person, bob: Person
) -> None:
    one, other = add(app, "A", "+33612345678"), add(app, "B", "+33698765432")
    alice.get(f"/directory/merge?ids={one.id}&ids={other.id}")
    bob.get(f"/directory/{other.id}").submit(f"/directory/{other.id}", name="B2", number="+33698765432")

    alice.submit("/directory/merge", name="A")
    assert alice.status == 409
    assert "B2" in alice.text
    assert len(entries(app)) == 2
    alice.submit("/directory/merge")
    assert alice.status == 400
    bob.get(f"/directory/{other.id}").submit(f"/directory/{other.id}/delete")
    alice.submit("/directory/merge", name="A")
    assert "One of the two entries has been deleted" in alice.flash
    for ids in ("", f"?ids={one.id}", f"?ids={one.id}&ids={one.id}", "?ids=x&ids=-1"):
        assert "Select the two entries" in alice.get(f"/directory/merge{ids}").flash


def test_a_deletion_is_undone(app: Flask, alice: Person, bob: Person) -> None:
    entry = add(app, "Marie", "+33612345678", "+33698765432", company="Radium")
    action = f"/directory/{entry.id}"
    alice.get(action)
    bob.get(action).submit(action, name="Marie C.", number="\n".join(entry.numbers))
    alice.submit(f"{action}/delete")
    assert alice.status == 409
    assert "bob has changed this entry" in alice.text
    alice.submit(f"{action}/delete")
    assert "“Marie C.” was deleted." in alice.flash
    assert entries(app) == []

    alice.submit(f"{action}/restore")
    assert "“Marie C.” is back." in alice.flash
    assert [(entry.name, entry.numbers) for entry in entries(app)] == [("Marie C.", entry.numbers)]
    # Nobody else's to undo.
    token = str(bob.get("/directory").page.select("[name=csrf_token]")[0]["value"])
    assert bob.client.post(f"{action}/restore", data={"csrf_token": token}).status_code == 404


def test_an_undo_gives_way_to_who_has_the_number_now(app: Flask, alice: Person) -> None:
    entry = add(app, "Marie", "+33612345678")
    action = f"/directory/{entry.id}"
    page = alice.get(action).submit(f"{action}/delete").page
    add(app, "Somebody", "+33612345678")
    alice.page = page
    alice.submit(f"{action}/restore")
    assert "“Somebody” has one of the numbers now" in alice.flash


@pytest.mark.parametrize("is_new", [True, False])
def test_what_was_typed_when_the_session_ended_is_in_the_form_after_the_login(
    app: Flask, alice: Person, is_new: bool
) -> None:
    entry = add(app, "Marie", "+33612345678")
    path, action = ("/directory/new", "/directory") if is_new else (f"/directory/{entry.id}",) * 2
    page = alice.get(path).page
    alice.get("/calls").submit("/logout")
    alice.page = page

    alice.submit(action, name=HOSTILE, company="C", kind="line", number="+33698765432")
    assert alice.path == "/login"
    alice.submit("/login", username="alice", password="x")

    assert alice.path == path
    assert "This has not been saved yet." in alice.text
    assert (value(alice, "name"), value(alice, "company")) == (HOSTILE, "C")
    assert [entry.name for entry in entries(app)] == ["Marie"]
    alice.submit(action, name=value(alice, "name"), number=value(alice, "number"))
    assert HOSTILE in {entry.name for entry in entries(app)}
    assert "This has not been saved yet." not in alice.get(path).text


def test_a_storage_that_fails_loses_nothing_that_was_typed(
    app: Flask, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk"))

    monkeypatch.setattr(type(services_of(app).team.directory), "create", fail)
    alice.get("/directory/new").submit("/directory", name="Marie", number="+33612345678")

    assert alice.status == 503
    assert "can't reach its own data" in alice.text
    assert value(alice, "name") == "Marie"


def test_hostile_texts_are_texts_on_every_page(app: Flask, alice: Person) -> None:
    one = add(app, HOSTILE, "+33612345678", company=HOSTILE)
    other = add(app, f"{HOSTILE} 2", "+33698765432")

    for path in (
        "/directory",
        f"/directory/{one.id}",
        f"/directory/merge?ids={one.id}&ids={other.id}",
        "/directory/new?number=%3Cscript%3E&kind=x&next=https://evil.example",
    ):
        page = alice.get(path).page
        assert alice.status == 200
        assert not page.select("b, [onclick], main script, a[href*=evil]")
    rows = list(csv.reader(io.StringIO(alice.client.get("/directory.csv").text)))
    assert HOSTILE in {cell for row in rows for cell in row}
    assert re.search(r"^FN:<b", alice.client.get("/directory.vcf").text, re.MULTILINE)


def test_an_entry_that_there_is_not_is_said_so(alice: Person) -> None:
    for path in ("/directory/1", "/directory/x", f"/directory/{9**40}", "/directory/0"):
        assert alice.get(path).status == 404, path
