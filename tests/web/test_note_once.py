"""A note is stored once, however often it is sent and whatever becomes of the answers."""

from concurrent.futures import ThreadPoolExecutor

from tests.support.person import Person
from tests.support.sandbox import Sandbox


def notes(sandbox: Sandbox, call_id: str) -> list[str]:
    return [note["content"] for note in sandbox.call(call_id)["notes"]]


def form_fields(person: Person, call_id: str) -> dict[str, str]:
    person.get(f"/calls/{call_id}")
    return {
        str(field["name"]): str(field["value"]) for field in person.page.select("#note-form input[value]")
    }


def test_a_double_click_stores_one_note(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    data = form_fields(alice, call_id) | {"content": "Twice clicked"}
    sandbox.be_slow(seconds=0.3, times=2, path=f"/calls/{call_id}/note")

    def click(_: int) -> int:
        return alice.client.post(f"/calls/{call_id}/notes", data=data).status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(click, range(2))) == [303, 303]

    assert notes(sandbox, call_id).count("Twice clicked") == 1


def test_sending_the_page_again_stores_nothing_more(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    data = form_fields(alice, call_id) | {"content": "Reloaded"}

    for _ in range(3):
        assert alice.client.post(f"/calls/{call_id}/notes", data=data).status_code == 303

    assert sandbox.counters().notes_added == 1


def test_the_same_words_in_a_new_form_are_a_new_note(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]

    for _ in range(2):
        alice.get(f"/calls/{call_id}").submit(f"/calls/{call_id}/notes", content="No answer")

    assert notes(sandbox, call_id).count("No answer") == 2


def test_a_note_whose_answer_was_lost_is_found_and_not_sent_again(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}")
    sandbox.reset_after_send(times=1, applied=True)

    alice.submit(f"/calls/{call_id}/notes", content="Lost answer\nof two lines")

    assert "Note added." in alice.text
    assert sandbox.counters().notes_added == 1


def test_a_note_of_unknown_fate_stays_in_the_form_and_comes_once(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}")
    sandbox.reset_after_send(times=1, applied=False, path=f"/calls/{call_id}/note")

    alice.submit(f"/calls/{call_id}/notes", content="Perhaps saved")
    assert alice.status == 503
    assert "did not say whether" in alice.text
    assert alice.find("textarea[name=content]").get_text(strip=True) == "Perhaps saved"
    alice.submit(f"/calls/{call_id}/notes", content="Perhaps saved")

    assert "Note added." in alice.text
    assert notes(sandbox, call_id).count("Perhaps saved") == 1


def test_the_next_try_finds_a_note_that_came_late(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}")
    sandbox.reset_after_send(times=1, applied=False, path=f"/calls/{call_id}/note")
    alice.submit(f"/calls/{call_id}/notes", content="Came late")
    sandbox.add_note(call_id, "Came late")

    alice.submit(f"/calls/{call_id}/notes", content="Came late")

    assert "Note added." in alice.text
    assert notes(sandbox, call_id).count("Came late") == 1
    assert sandbox.counters().notes_added == 0
