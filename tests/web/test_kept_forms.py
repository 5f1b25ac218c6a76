"""What was typed when the session ended is there again after the login: for its author, filled in, unsent."""

import pytest
from flask import Flask

from tests.support.person import Person
from tests.support.sandbox import Sandbox

# Long, with line breaks, an emoji and text from right to left.
TEXT = ("Called back 👋\nנתקשר מחר – אחרי עשר\n" * 400)[:10_000].strip()


def lose_session(person: Person) -> None:
    """As logging out in another tab does."""
    page, path = person.page, person.path
    person.get("/calls").submit("/logout")
    person.page, person.path = page, path


def typed(person: Person) -> str:
    # HTML drops the line break that follows the tag.
    return str(person.find("textarea[name=content]").get_text()).removeprefix("\n").replace("\r\n", "\n")


@pytest.mark.parametrize("how", ["logged out elsewhere", "refused for good"])
def test_a_note_waits_in_its_form_after_the_login(alice: Person, sandbox: Sandbox, how: str) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}?type=missed")
    if how == "logged out elsewhere":
        lose_session(alice)
    else:
        sandbox.expire_access_tokens()
        sandbox.refuse_refresh()

    alice.submit(f"/calls/{call_id}/notes", content=TEXT)
    assert alice.path == "/login"
    sandbox.clear_faults()
    alice.submit("/login", username="alice", password="x")

    assert alice.path == f"/calls/{call_id}"
    assert typed(alice) == TEXT
    assert "signed out before your note was sent" in alice.text
    assert sandbox.counters().notes_added == 0
    alice.submit(f"/calls/{call_id}/notes", content=typed(alice))
    assert sandbox.counters().notes_added == 1
    assert typed(alice) == ""


def test_somebody_else_who_logs_in_then_never_sees_it(alice: Person) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}")
    lose_session(alice)

    alice.submit(f"/calls/{call_id}/notes", content=TEXT)
    alice.submit("/login", username="bob", password="x")

    assert alice.path == f"/calls/{call_id}"
    assert typed(alice) == ""
    assert TEXT.split()[0] not in alice.text
    alice.submit("/logout")
    alice.get("/login").submit("/login", username="alice", password="x")
    assert typed(alice.get(f"/calls/{call_id}")) == ""


def test_a_form_that_was_not_made_here_is_not_kept(alice: Person, app: Flask) -> None:
    call_id = alice.call_ids[0]
    stranger = Person(app)
    stranger._take(
        stranger.client.post(
            f"/calls/{call_id}/notes",
            data={"content": "planted", "author": "alice", "next": f"/calls/{call_id}"},
            follow_redirects=True,
        )
    )

    stranger.submit("/login", username="alice", password="x")

    assert typed(stranger.get(f"/calls/{call_id}")) == ""


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


def test_somebody_else_who_logs_in_then_is_asked_nothing(alice: Person) -> None:
    ids = alice.call_ids[:3]
    lose_session(alice)
    alice.submit("/calls/archive", archived="true", ids=ids)

    alice.submit("/login", username="bob", password="x")

    assert alice.path == "/calls"
