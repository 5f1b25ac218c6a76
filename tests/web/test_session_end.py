"""Tokens run out and are renewed unnoticed; a session that is over leads to the login and back."""

from flask import Flask

from tests.support.person import Person
from tests.support.sandbox import Sandbox


def test_an_access_token_that_expires_is_noticed_by_nobody(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    for _ in range(3):
        sandbox.expire_access_tokens()

        assert alice.get(f"/calls/{call_id}").status == 200

    assert sandbox.counters().refreshes == 3


def test_a_change_survives_an_expired_token(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}")
    sandbox.expire_access_tokens()

    alice.submit(f"/calls/{call_id}/notes", content="Still here")

    assert sandbox.call(call_id)["notes"][0]["content"] == "Still here"
    assert sandbox.counters().notes_added == 1


def test_a_refused_refresh_ends_the_session_with_a_message_and_the_way_back(
    alice: Person, sandbox: Sandbox
) -> None:
    call_id = alice.call_ids[0]
    sandbox.expire_access_tokens()
    sandbox.refuse_refresh()

    alice.get(f"/calls/{call_id}?view=all")

    assert alice.path == "/login"
    assert "session has ended" in alice.text
    sandbox.clear_faults()
    alice.submit("/login", username="alice", password="x")
    assert alice.path == f"/calls/{call_id}"


def test_a_refresh_that_gets_no_answer_ends_nothing(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    sandbox.expire_access_tokens()
    sandbox.answer_503(times=100)
    alice.get(f"/calls/{call_id}")
    sandbox.clear_faults()

    alice.get(f"/calls/{call_id}")

    assert alice.path == f"/calls/{call_id}"


def test_a_login_without_a_refresh_token_is_kept_by_the_deprecated_way(app: Flask, sandbox: Sandbox) -> None:
    sandbox.login_without_refresh_token()

    person = Person(app).sign_in("ann")

    assert person.get("/calls").path == "/calls"
