"""Notes: a note is stored once, and no text that was typed is lost."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.person import Person
from tests.support.sandbox import Sandbox


def notes(sandbox: Sandbox, call_id: str) -> list[str]:
    return [note["content"] for note in sandbox.call(call_id)["notes"]]


def write(person: Person, call_id: str, content: str) -> None:
    """Open the call's page and send a note."""
    person.get(f"/calls/{call_id}").submit(f"/calls/{call_id}/notes", content=content)


def text_field(person: Person) -> str:
    return str(person.find("textarea[name=content]").get_text(strip=True))


def form_fields(person: Person, call_id: str) -> dict[str, str]:
    fields = person.get(f"/calls/{call_id}").page.select("#note-form input[value]")
    return {str(field["name"]): str(field["value"]) for field in fields}


def test_a_note_is_added_on_top(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    content = "Called back.\nHe asks for Ann 👋 & <b>no</b> invoice"

    # As browsers send it.
    write(alice, call_id, content.replace("\n", "\r\n"))

    assert notes(sandbox, call_id)[0] == content
    assert "Note added: " in alice.flash
    assert text_field(alice) == ""


def test_a_blank_note_is_refused_at_its_field(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    for content in ("", "\n\t ", "\u200b\u2060"):
        write(alice, call_id, content)

        assert alice.status == 400
        assert "can't be empty" in alice.text
    assert sandbox.counters().notes_added == 0


def test_addresses_and_numbers_in_a_note_are_links(alice: Person, call_id: str) -> None:
    write(alice, call_id, "See https://example.com/?a=1&b=2 and call +33 6 12 34 56 78 <a href=x>y</a>")

    links = {str(link["href"]): link for link in alice.get(f"/calls/{call_id}").page.select("#notes a")}

    assert set(links) == {"https://example.com/?a=1&b=2", "tel:+33-6-12-34-56-78"}
    assert links["https://example.com/?a=1&b=2"]["rel"] == ["noreferrer"]


def test_a_note_that_was_not_saved_stays_in_the_form(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    alice.get(f"/calls/{call_id}")
    sandbox.answer_503(times=100)

    alice.submit(f"/calls/{call_id}/notes", content="Not to be lost")

    assert alice.status == 503
    assert text_field(alice) == "Not to be lost"
    field = alice.find("textarea[name=content]")
    assert field.has_attr("autofocus")
    assert "phone system" in alice.find(f"#note-form #{field['aria-describedby']}[role=alert]").get_text()
    assert not alice.page.select("#call-state .alert--warn")
    assert sandbox.counters().notes_added == 0


def test_a_validation_message_of_the_api_stands_at_the_field(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    body = b'{"statusCode":400,"message":["content must be shorter","content must be kind"],"error":"Bad"}'
    sandbox.answer_with(status=400, body=body, times=1, path=f"/calls/{call_id}/note")

    write(alice, call_id, "Much too long")

    assert alice.status == 400
    assert alice.find("#content-error").get_text() == "content must be shorter content must be kind"
    assert alice.find("textarea[name=content]")["aria-invalid"] == "true"
    assert text_field(alice) == "Much too long"


def test_a_note_that_is_too_large_is_refused(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    write(alice, call_id, "x" * 700_000)

    assert alice.status == 413
    assert "Back button brings it back" in alice.text
    assert sandbox.counters().notes_added == 0


@pytest.mark.parametrize("encoding", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_note_of_fifty_thousand_emojis_is_read_whole(alice: Person, call_id: str, encoding: str) -> None:
    content = "👋" * 50_000
    data = form_fields(alice, call_id) | {"content": content}

    answer = alice.client.post(f"/calls/{call_id}/notes", data=data, content_type=encoding)

    # More than the API takes: it says so, and nothing of the text is lost.
    assert answer.status_code == 503
    assert content in answer.text


def test_a_note_on_a_call_that_is_gone_or_unknown_can_still_be_copied(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    page = alice.get(f"/calls/{call_id}").page
    sandbox.remove_call(call_id)

    alice.submit(f"/calls/{call_id}/notes", content="First\n<b>second</b>")

    assert alice.status == 404
    field = alice.find("textarea[readonly]")
    assert field.get_text().split() == ["First", "<b>second</b>"]
    assert alice.find(f"label[for={field['id']}]").get_text() == "What you wrote"

    alice.page = page
    alice.find("#note-form")["action"] = unknown = "/calls/00000000-0000-4000-8000-000000000000/notes"
    sandbox.answer_503(times=100)
    alice.submit(unknown, content="Not to be lost")

    assert alice.status == 503
    assert alice.find("textarea[readonly]").get_text(strip=True) == "Not to be lost"
    assert not alice.get("/calls/unknown?content=x").page.select("textarea")


def test_a_double_click_or_a_reload_stores_one_note(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    data = form_fields(alice, call_id) | {"content": "Twice clicked"}
    sandbox.be_slow(seconds=0.3, times=2, path=f"/calls/{call_id}/note")

    def click(_: int) -> int:
        return alice.client.post(f"/calls/{call_id}/notes", data=data).status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(click, range(2))) == [303, 303]
    assert click(3) == 303

    assert notes(sandbox, call_id).count("Twice clicked") == 1
    assert sandbox.counters().notes_added == 1


def test_the_same_words_in_a_new_form_are_a_new_note(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    for _ in range(2):
        write(alice, call_id, "No answer")

    assert notes(sandbox, call_id).count("No answer") == 2


def test_a_note_of_unknown_outcome_stays_in_the_form_and_is_stored_once(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    sandbox.reset_after_send(times=1, applied=False, path=f"/calls/{call_id}/note")
    write(alice, call_id, "Perhaps saved")
    assert alice.status == 503
    assert "did not say whether" in alice.text
    assert text_field(alice) == "Perhaps saved"
    # It was stored late.
    sandbox.add_note(call_id, "Perhaps saved")

    alice.submit(f"/calls/{call_id}/notes", content="Perhaps saved")

    assert "Note added: " in alice.flash
    assert notes(sandbox, call_id).count("Perhaps saved") == 1
    assert sandbox.counters().notes_added == 0


class Broken(io.BytesIO):
    """A form that does not arrive, as the server tells the application."""

    def read(self, _size: int | None = -1, /) -> bytes:
        raise TimeoutError


def test_a_note_that_does_not_arrive_is_no_mistake_of_ours(alice: Person, call_id: str) -> None:
    form = "application/x-www-form-urlencoded"
    answer = alice.client.post(f"/calls/{call_id}/notes", input_stream=Broken(b"x" * 100), content_type=form)

    assert answer.status_code == 400
