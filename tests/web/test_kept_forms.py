"""What was typed when the session ended is there again after the login: for its author, filled in, unsent."""

import pytest

from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.web.kept import TEXT, keep_notes, log_in, lose_session, typed


@pytest.mark.parametrize("how", ["logged out elsewhere", "refused for good"])
def test_a_note_waits_in_its_form_after_the_login(alice: Person, sandbox: Sandbox, how: str) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}?type=missed")
    if how == "logged out elsewhere":
        lose_session(alice)
    else:
        sandbox.refuse_refresh()
        sandbox.expire_access_tokens()

    alice.submit(f"/calls/{call_id}/notes", content=TEXT)
    assert alice.path == "/login"
    sandbox.clear_faults()
    alice.submit("/login", username="alice", password="x")

    assert alice.path == f"/calls/{call_id}"
    assert typed(alice) == TEXT
    assert "Your note was not sent yet. It is in the form" in alice.text
    assert sandbox.counters().notes_added == 0
    alice.submit(f"/calls/{call_id}/notes", content=typed(alice))
    assert sandbox.counters().notes_added == 1
    assert typed(alice) == ""


def test_a_note_from_before_another_login_is_shown_again_instead_of_an_error(
    alice: Person, sandbox: Sandbox
) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}")
    page = alice.page
    lose_session(alice)
    alice.get("/login").submit("/login", username="alice", password="x")
    alice.page = page

    alice.submit(f"/calls/{call_id}/notes", content=TEXT)

    assert alice.path == f"/calls/{call_id}"
    assert typed(alice) == TEXT
    assert "nothing was sent yet" in alice.text
    assert sandbox.counters().notes_added == 0


def test_ticked_calls_are_asked_for_again(alice: Person, sandbox: Sandbox) -> None:
    ids = alice.call_ids[:3]
    lose_session(alice)

    alice.submit("/calls/archive", archived="true", ids=ids)
    alice.submit("/login", username="alice", password="x")

    assert "Archive 3 calls?" in alice.text
    assert sandbox.counters().archive_flips == 0
    alice.submit("/calls/archive", archived="true")
    assert all(sandbox.call(call_id)["is_archived"] for call_id in ids)


def test_ticked_calls_that_were_kept_are_no_answer_to_another_question(alice: Person) -> None:
    ids = alice.call_ids[:3]
    lose_session(alice)
    alice.submit("/calls/archive", archived="true", ids=ids)
    alice.submit("/login", username="alice", password="x")

    alice.get("/calls/archive?archived=true&type=missed")

    assert "Archive 3 calls?" not in alice.text
    assert "in the inbox, missed" in alice.text


def test_the_notes_of_several_tabs_are_all_kept(alice: Person) -> None:
    one, other = alice.call_ids[:2]

    keep_notes(alice, {one: "Of one call", other: "Of another"})
    log_in(alice)

    assert typed(alice.get(f"/calls/{one}")) == "Of one call"
    assert typed(alice.get(f"/calls/{other}")) == "Of another"


@pytest.mark.parametrize("action", ["a note on another call", "archiving many", "archiving one"])
def test_what_is_done_elsewhere_leaves_a_kept_note_alone(alice: Person, action: str) -> None:
    call_id, other = alice.call_ids[:2]
    keep_notes(alice, {call_id: TEXT})
    log_in(alice)

    if action == "a note on another call":
        alice.get(f"/calls/{other}").submit(f"/calls/{other}/notes", content="Sent")
    elif action == "archiving many":
        alice.get("/calls").submit("/calls/archive", archived="true", ids=[other])
    else:
        alice.get("/calls").submit(f"/calls/{other}/archive", archived="true")

    assert typed(alice.get(f"/calls/{call_id}")) == TEXT


def test_an_action_that_no_page_can_show_again_takes_no_kept_notes_place(alice: Person) -> None:
    call_id, other = alice.call_ids[:2]
    list_page = alice.page
    keep_notes(alice, {call_id: TEXT})
    alice.page = list_page

    alice.submit(f"/calls/{other}/archive", archived="true")
    log_in(alice)

    assert typed(alice.get(f"/calls/{call_id}")) == TEXT


def test_a_kept_note_outlives_another_end_of_the_session(alice: Person, sandbox: Sandbox) -> None:
    call_id, other = alice.call_ids[:2]
    keep_notes(alice, {call_id: TEXT})
    log_in(alice)
    sandbox.refuse_refresh()
    sandbox.expire_access_tokens()

    alice.get(f"/calls/{other}")
    assert alice.path == "/login"
    sandbox.clear_faults()
    log_in(alice)

    assert typed(alice.get(f"/calls/{call_id}")) == TEXT


def test_an_action_from_before_another_login_is_not_spoken_of_as_a_text(
    alice: Person, sandbox: Sandbox
) -> None:
    call_id, page = alice.call_ids[0], alice.page
    lose_session(alice)
    log_in(alice)
    alice.page = page

    alice.submit(f"/calls/{call_id}/archive", archived="true")

    assert alice.path == "/calls"
    notice = alice.find("#notices").get_text()
    assert "this was not done yet. Try again." in notice
    assert "wrote" not in notice
    assert sandbox.counters().archive_flips == 0


def test_a_refused_note_is_not_taken_for_the_kept_one(alice: Person) -> None:
    call_id = alice.call_ids[0]
    keep_notes(alice, {call_id: TEXT})
    log_in(alice)

    alice.get(f"/calls/{call_id}").submit(f"/calls/{call_id}/notes", content="  ")

    assert alice.status == 400
    assert typed(alice).strip() == ""
    assert "not sent yet" not in alice.text
