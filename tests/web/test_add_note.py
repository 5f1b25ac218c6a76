"""Adding a note, and losing nothing that was typed."""

import pytest

from tests.support.person import Person
from tests.support.sandbox import Sandbox


def test_a_note_is_added_on_top(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    content = "Called back.\nHe asks for Ann 👋 & <b>no</b> invoice"

    alice.get(f"/calls/{call_id}").submit(f"/calls/{call_id}/notes", content=content)

    assert sandbox.call(call_id)["notes"][0]["content"].splitlines() == content.splitlines()
    assert "Note added." in alice.find("#notices").get_text()
    assert not alice.find("textarea[name=content]").get_text(strip=True)


@pytest.mark.parametrize("content", ["", "   ", "\n\t "])
def test_a_note_of_blanks_is_refused_at_its_field(alice: Person, sandbox: Sandbox, content: str) -> None:
    call_id = alice.call_ids[0]

    alice.get(f"/calls/{call_id}").submit(f"/calls/{call_id}/notes", content=content)

    assert alice.status == 400
    assert "cannot be empty" in alice.text
    assert sandbox.counters().notes_added == 0


def test_a_note_that_was_not_saved_stays_in_the_form(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}")
    sandbox.answer_503(times=100)

    alice.submit(f"/calls/{call_id}/notes", content="Not to be lost")

    assert alice.status == 503
    field = alice.find("textarea[name=content]")
    assert field.get_text(strip=True) == "Not to be lost"
    assert field.has_attr("autofocus")
    assert "phone system" in alice.find(f"#note-form #{field['aria-describedby']}[role=alert]").get_text()
    assert not alice.page.select("#call-state .alert--warn")
    assert sandbox.counters().notes_added == 0


def test_what_the_api_says_of_the_note_stands_at_its_field(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}")
    body = b'{"statusCode":400,"message":["content must be shorter","content must be kind"],"error":"Bad"}'
    sandbox.answer_with(status=400, body=body, times=1, path=f"/calls/{call_id}/note")

    alice.submit(f"/calls/{call_id}/notes", content="Much too long")

    assert alice.status == 400
    assert alice.find("#content-error").get_text() == "content must be shorter content must be kind"
    assert alice.find("textarea[name=content]")["aria-invalid"] == "true"
    assert alice.find("textarea[name=content]").get_text(strip=True) == "Much too long"


def test_a_note_larger_than_we_take_is_refused(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]

    alice.get(f"/calls/{call_id}").submit(f"/calls/{call_id}/notes", content="x" * 700_000)

    assert alice.status == 413
    assert "Back button brings it back" in alice.text
    assert sandbox.counters().notes_added == 0


@pytest.mark.parametrize("encoding", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_note_of_fifty_thousand_emojis_is_read_whole(alice: Person, encoding: str) -> None:
    call_id, content = alice.call_ids[0], "👋" * 50_000
    fields = alice.get(f"/calls/{call_id}").page.select("#note-form input[type=hidden]")
    data = {str(field["name"]): str(field["value"]) for field in fields} | {"content": content}

    answer = alice.client.post(f"/calls/{call_id}/notes", data=data, content_type=encoding)

    # It is more than the API takes, which says so; nothing of it is lost.
    assert answer.status_code == 503
    assert content in answer.text


def test_a_note_on_a_call_that_is_gone_can_still_be_copied(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}")
    sandbox.remove_call(call_id)

    alice.submit(f"/calls/{call_id}/notes", content="First\n<b>second</b>")

    assert alice.status == 404
    field = alice.find("textarea[readonly]")
    assert field.get_text().split() == ["First", "<b>second</b>"]
    assert alice.find(f"label[for={field['id']}]").get_text() == "What you wrote"


def test_a_note_on_a_call_that_we_never_knew_can_still_be_copied(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}")
    form = alice.find("#note-form")
    form["action"] = "/calls/00000000-0000-4000-8000-000000000000/notes"
    sandbox.answer_503(times=100)

    alice.submit(str(form["action"]), content="Not to be lost")

    assert alice.status == 503
    assert alice.find("textarea[readonly]").get_text(strip=True) == "Not to be lost"


def test_an_error_without_a_note_shows_no_field(alice: Person) -> None:
    assert alice.get("/calls/unknown?content=x").status == 404
    assert not alice.page.select("textarea")
