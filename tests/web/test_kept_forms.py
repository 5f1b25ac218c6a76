"""What was typed when the session ended is there again after the login: for its author, filled in, unsent."""

import pytest
from flask import Flask
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from aircall.login import LOGIN_LIFETIME
from aircall.store import Store
from aircall.web.services import EXTENSION
from tests.support.person import Person
from tests.support.sandbox import Sandbox

# Long, with line breaks, an emoji and text from right to left.
TEXT = ("Called back 👋\nנתקשר מחר – אחרי עשר\n" * 400)[:10_000].strip()


def lose_session(person: Person) -> None:
    """As logging out in another tab does."""
    page, path = person.page, person.path
    person.get("/calls").submit("/logout")
    person.page, person.path = page, path


def store_of(app: Flask) -> Store:
    store: Store = app.extensions[EXTENSION].store
    return store


def keep_notes(person: Person, texts: dict[str, str]) -> None:
    """As somebody does who writes notes in several tabs, and is signed out before any is sent."""
    pages = [person.get(f"/calls/{call_id}").page for call_id in texts]
    lose_session(person)
    for page, (call_id, text) in zip(pages, texts.items(), strict=True):
        person.page = page
        person.submit(f"/calls/{call_id}/notes", content=text)


def log_in(person: Person, username: str = "alice") -> None:
    person.get("/login").submit("/login", username=username, password="x")


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
    assert "Your note was not sent yet. It is in the form" in alice.text
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
    sandbox.expire_access_tokens()
    sandbox.refuse_refresh()

    alice.get(f"/calls/{other}")
    assert alice.path == "/login"
    sandbox.clear_faults()
    log_in(alice)

    assert typed(alice.get(f"/calls/{call_id}")) == TEXT


def test_what_is_kept_of_one_person_is_bounded_and_the_newest_stays(alice: Person, app: Flask) -> None:
    call_ids = alice.call_ids[:8]

    keep_notes(alice, {call_id: f"Note on {call_id}" for call_id in call_ids})
    log_in(alice)

    assert len(store_of(app).keys("kept:")) == 5
    kept = [typed(alice.get(f"/calls/{call_id}")) for call_id in call_ids]
    assert kept == [""] * 3 + [f"Note on {call_id}" for call_id in call_ids[3:]]


def test_nothing_is_kept_but_what_the_form_is_made_of(alice: Person, app: Flask) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}")
    lose_session(alice)

    alice.submit(f"/calls/{call_id}/notes", content="Short", planted="x" * 100_000)

    (key,) = store_of(app).keys("kept:")
    record = store_of(app).load(key)
    assert record is not None
    assert b"Short" in record.value
    assert b"planted" not in record.value
    assert b"csrf_token" not in record.value


def test_a_form_that_was_made_for_somebody_long_ago_is_not_kept(alice: Person, app: Flask) -> None:
    class Earlier(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - int(LOGIN_LIFETIME) - 60

    old = URLSafeTimedSerializer(app.secret_key or "", salt="author", signer=Earlier).dumps("alice")
    fresh = URLSafeTimedSerializer(app.secret_key or "", salt="author").dumps("alice")

    for author, kept in ((old, 0), (fresh, 1)):
        app.test_client().post(f"/calls/{alice.call_ids[0]}/notes", data={"content": "x", "author": author})

        assert len(store_of(app).keys("kept:")) == kept


@pytest.mark.parametrize("value", [b"{", b"[]", b'{"username":"alice"}'])
def test_what_another_version_kept_is_passed_over(alice: Person, app: Flask, value: bytes) -> None:
    call_id = alice.call_ids[0]
    keep_notes(alice, {call_id: TEXT})
    (key,) = store_of(app).keys("kept:")
    store_of(app).put(key, value, 60)

    log_in(alice)

    assert alice.path == "/calls"
    assert alice.get(f"/calls/{call_id}").status == 200
    assert typed(alice) == ""


@pytest.mark.parametrize("fields", [{"archived": "bogus"}, {"archived": "true", "ids": ["../x"]}])
def test_ticked_calls_that_make_no_sense_lead_back_to_the_list(alice: Person, fields: dict[str, str]) -> None:
    ids = alice.call_ids[:1]
    lose_session(alice)

    alice.submit("/calls/archive", **({"ids": ids} | fields))
    alice.submit("/login", username="alice", password="x")

    assert (alice.status, alice.path) == (200, "/calls")


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
