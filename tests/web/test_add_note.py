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
    assert alice.find("textarea[name=content]").get_text(strip=True) == "Not to be lost"
    assert sandbox.counters().notes_added == 0


def test_what_the_api_says_of_the_note_stands_at_its_field(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}")
    body = b'{"statusCode":400,"message":["content must be shorter"],"error":"Bad Request"}'
    sandbox.answer_with(status=400, body=body, times=1, path=f"/calls/{call_id}/note")

    alice.submit(f"/calls/{call_id}/notes", content="Much too long")

    assert alice.status == 400
    assert "content must be shorter" in alice.text
    assert alice.find("textarea[name=content]").get_text(strip=True) == "Much too long"


def test_a_note_larger_than_we_take_is_refused(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]

    alice.get(f"/calls/{call_id}").submit(f"/calls/{call_id}/notes", content="x" * 300_000)

    assert alice.status == 413
    assert sandbox.counters().notes_added == 0
