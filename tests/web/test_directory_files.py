"""Contacts from files and into files: a preview first, then all of it or nothing, and no file is trusted."""

import io
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from aircall.models import User
from aircall.team.entries import Draft, Entry
from aircall.web.directory.files import LARGEST_UPLOAD
from tests.support.person import Person
from tests.web.conftest import services_of

BOB = User(id="2", username="bob")
CSV = """name;company;number;kind
Marie Curie;Radium SA;+33 6 12 34 56 78;
Ada;;06 11;colleague
;Nameless;;
Ada;;+33698765432;
<b>Bold</b>;;+33600000001;
"""


def entries(app: Flask) -> list[Entry]:
    return list(services_of(app).team.directory.all_entries())


def send(person: Person, data: bytes | str, name: str = "contacts.csv", **fields: Any) -> TestResponse:
    """Upload a file by the form of its page."""
    data = data.encode() if isinstance(data, str) else data
    token = str(person.get("/directory/import").find("form.confirm [name=csrf_token]")["value"])
    sent = {"csrf_token": token, "file": (io.BytesIO(data), name)} | fields
    answer = person.client.post("/directory/import", data=sent, follow_redirects=True)
    person.take(answer)
    return answer


def test_a_file_is_previewed_and_then_imported_as_it_was_shown(app: Flask, alice: Person) -> None:
    directory = services_of(app).team.directory
    directory.create(Draft.of(name="M. Curie", numbers=["+33612345678"]), BOB)
    directory.create(Draft.of(name="Ada", numbers=["+33698765432"]), BOB)

    send(alice, CSV)

    assert alice.path.startswith("/directory/import/")
    counts = [item.text for item in alice.page.select(".preview__counts li")]
    assert counts == ["2 new entries", "1 entry is different", "1 is already there", "1 can't be imported"]
    assert "Line 4: A name is missing." not in alice.text
    assert "Line 4: A number is missing." in alice.text
    assert "Line 2: M. Curie · Caller" in alice.text
    assert not alice.page.select("main b")
    assert len(entries(app)) == 2

    alice.submit(alice.path, resolution="replace")

    assert "2 entries added. 1 changed. 1 left as it was. 1 left out." in alice.flash
    found = {entry.name: (entry.company, entry.kind, entry.updated_by) for entry in entries(app)}
    assert found["Marie Curie"] == ("Radium SA", "caller", "alice")
    assert found["<b>Bold</b>"][2] == "alice"
    assert len(found) == 3 or "Ada" in found


def test_a_line_may_be_an_exception_to_the_choice(app: Flask, alice: Person) -> None:
    directory = services_of(app).team.directory
    for n in range(2):
        directory.create(Draft.of(name=f"Old {n}", numbers=[f"+3361234567{n}"]), BOB)
    send(alice, "name,number\nNew 0,+33612345670\nNew 1,+33612345671\n")

    alice.submit(alice.path, resolution="keep", other="3")

    assert sorted(entry.name for entry in entries(app)) == ["New 1", "Old 0"]


def test_what_was_changed_since_the_preview_is_previewed_again(app: Flask, alice: Person) -> None:
    send(alice, CSV)
    services_of(app).team.directory.create(Draft.of(name="X", numbers=["+33612345678"]), BOB)

    alice.submit(alice.path)

    assert alice.status == 409
    assert "nothing was imported" in alice.text
    assert len(entries(app)) == 1
    alice.submit(alice.path)
    assert len(entries(app)) > 1


def test_a_forged_fingerprint_and_anothers_preview_import_nothing(
    app: Flask, alice: Person, bob: Person
) -> None:
    send(alice, CSV)
    path = alice.path

    alice.submit(path, fingerprint="0" * 64)
    assert alice.status == 409
    assert bob.get(path).status == 404
    assert "Choose the file again" in bob.text
    token = str(bob.find("form.confirm [name=csrf_token]")["value"])
    assert bob.client.post(path, data={"csrf_token": token}).status_code == 404
    assert entries(app) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "Choose a file first."),
        (b"   \n", "no contacts in this file"),
        (b"a,b\n1,2\n", "must name the columns"),
        (b"\x81\x8d\x00\x9d", "not a text file"),
        (b"name,number\n" + b"A,+331\n" * 20_001, "too many contacts"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_so(app: Flask, alice: Person, data: bytes, reason: str) -> None:
    send(alice, data, kind="line")

    assert alice.status == 400
    assert reason in alice.find("#file-error").text
    assert alice.find("#entry-kind [selected]")["value"] == "line"
    assert entries(app) == []


def test_this_route_alone_takes_a_large_file_and_none_larger(app: Flask, alice: Person) -> None:
    line = b"Somebody with a long name,+3361%07d\n"
    data = b"name,number\n" + b"".join(line % n for n in range(20_000))
    assert 640 * 1024 < len(data) < LARGEST_UPLOAD
    send(alice, data)
    assert "20,000 new entries" in alice.text
    assert "and 19,900 more" in alice.text

    larger = {
        "input_stream": io.BytesIO(b"x" * (LARGEST_UPLOAD + 100_000)),
        "content_length": LARGEST_UPLOAD + 100_000,
    }
    kind = "multipart/form-data; boundary=x"
    assert alice.client.post("/directory/import", content_type=kind, **larger).status_code == 413
    token = str(alice.get("/directory/new").page.select("[name=csrf_token]")[0]["value"])
    fields = {"csrf_token": token, "name": "x" * 700_000, "number": "+33612345678"}
    assert alice.client.post("/directory", data=fields).status_code == 413
    assert entries(app) == []


def test_what_is_exported_is_imported_as_it_was(app: Flask, alice: Person) -> None:
    directory = services_of(app).team.directory
    drafts = [
        Draft.of(name='=Marie, "M."', company="Radium; SA", numbers=["+33612345678", "+33698765432"]),
        Draft.of(name="Support FR", kind="line", numbers=["+33118842251"]),
    ]
    for draft in drafts:
        directory.create(draft, BOB)
    for path, kind in (("/directory.csv", "text/csv"), ("/directory.vcf", "text/vcard")):
        answer = alice.client.get(path)
        assert answer.headers["Content-Type"].startswith(kind)
        assert "attachment; filename=directory-" in answer.headers["Content-Disposition"]

        send(alice, answer.get_data())

        counts = [item.text for item in alice.page.select(".preview__counts li")]
        assert counts == [
            "0 new entries",
            "0 entries are different",
            "2 are already there",
            "0 can't be imported",
        ]
