"""What is kept of a form is its author's alone, bounded, and never trusted."""

import pytest
from flask import Flask
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from aircall.auth.login import LOGIN_LIFETIME
from tests.support.person import Person
from tests.web.kept import TEXT, keep_notes, log_in, lose_session, store_of, typed


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
    stranger.take(
        stranger.client.post(
            f"/calls/{call_id}/notes",
            data={"content": "planted", "author": "alice", "next": f"/calls/{call_id}"},
            follow_redirects=True,
        )
    )

    stranger.submit("/login", username="alice", password="x")

    assert typed(stranger.get(f"/calls/{call_id}")) == ""


def test_somebody_else_who_logs_in_then_is_asked_nothing(alice: Person) -> None:
    ids = alice.call_ids[:3]
    lose_session(alice)
    alice.submit("/calls/archive", archived="true", ids=ids)

    alice.submit("/login", username="bob", password="x")

    assert alice.path == "/calls"


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
