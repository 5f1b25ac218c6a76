"""Form recovery: a form sent after the session ended is shown again after the login, to its owner only."""

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from aircall.auth.login import LOGIN_LIFETIME
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.web.conftest import services_of

# Long, with line breaks, an emoji and text from right to left.
TEXT = ("Called back 👋\nנתקשר מחר – אחרי עשר\n" * 400)[:10_000].strip()


def lose_session(person: Person) -> BeautifulSoup:
    """End the session as a logout in another tab does; the page stays open, and is returned."""
    page, path = person.page, person.path
    person.get("/calls").submit("/logout")
    person.page, person.path = page, path
    return page


def end_session(sandbox: Sandbox) -> None:
    """End the session as the API does by refusing a token refresh."""
    sandbox.refuse_refresh()
    sandbox.expire_access_tokens()


def keep_notes(person: Person, texts: dict[str, str]) -> None:
    """Send notes from several tabs after the session ended."""
    pages = [person.get(f"/calls/{call_id}").page for call_id in texts]
    lose_session(person)
    for page, (call_id, text) in zip(pages, texts.items(), strict=True):
        person.page = page
        person.submit(f"/calls/{call_id}/notes", content=text)


def typed(person: Person) -> str:
    """Return the text in the note's field."""
    # HTML drops the line break that follows the tag.
    return str(person.find("textarea[name=content]").get_text()).removeprefix("\n").replace("\r\n", "\n")


@pytest.mark.parametrize("how", ["logged out elsewhere", "refused for good"])
def test_a_note_waits_in_its_form_after_the_login(
    alice: Person, sandbox: Sandbox, call_id: str, how: str
) -> None:
    alice.get(f"/calls/{call_id}?type=missed")
    if how == "logged out elsewhere":
        lose_session(alice)
    else:
        end_session(sandbox)

    alice.submit(f"/calls/{call_id}/notes", content=TEXT)
    assert alice.path == "/login"
    sandbox.clear_faults()
    alice.submit("/login", username="alice", password="x")

    assert alice.path == f"/calls/{call_id}"
    assert typed(alice) == TEXT
    assert "Your note has not been sent yet. Check it" in alice.text
    assert sandbox.counters().notes_added == 0
    alice.submit(f"/calls/{call_id}/notes", content=typed(alice))
    assert sandbox.counters().notes_added == 1
    assert typed(alice) == ""


def test_a_note_from_before_another_login_is_shown_again_instead_of_an_error(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    alice.get(f"/calls/{call_id}")
    page = lose_session(alice)
    alice.log_in().page = page

    alice.submit(f"/calls/{call_id}/notes", content=TEXT)

    assert alice.path == f"/calls/{call_id}"
    assert typed(alice) == TEXT
    assert "nothing was sent" in alice.text
    assert sandbox.counters().notes_added == 0


def test_an_action_from_before_another_login_is_not_taken_for_a_text(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    page = lose_session(alice)
    alice.log_in().page = page

    alice.submit(f"/calls/{call_id}/archive", archived="true")

    assert alice.path == "/calls"
    assert "nothing was done. Try again." in alice.flash
    assert "wrote" not in alice.flash
    assert sandbox.counters().archive_flips == 0


def test_ticked_calls_are_asked_for_again_but_answer_no_other_question(
    alice: Person, sandbox: Sandbox
) -> None:
    ids = alice.call_ids[:3]
    lose_session(alice)

    alice.submit("/calls/archive", archived="true", ids=ids)
    alice.submit("/login", username="alice", password="x")
    assert "Archive 3 calls?" in alice.text
    assert sandbox.counters().archive_flips == 0

    question = alice.page
    alice.get("/calls/archive?archived=true&type=missed")
    assert "Archive 3 calls?" not in alice.text
    assert "in the inbox, missed" in alice.text

    alice.page = question
    alice.submit("/calls/archive", archived="true")
    assert all(sandbox.call(call_id)["is_archived"] for call_id in ids)


def test_other_actions_leave_a_kept_note_alone(alice: Person, sandbox: Sandbox) -> None:
    kept, other, third = alice.call_ids[:3]
    list_page = alice.page
    keep_notes(alice, {kept: TEXT})
    alice.page = list_page
    # No page can show this action again, so it does not take the note's place.
    alice.submit(f"/calls/{other}/archive", archived="true")
    alice.log_in()
    assert typed(alice.get(f"/calls/{kept}")) == TEXT

    alice.get(f"/calls/{other}").submit(f"/calls/{other}/notes", content="Sent")
    alice.get("/calls").submit("/calls/archive", archived="true", ids=[other])
    alice.get("/calls").submit(f"/calls/{third}/archive", archived="true")
    assert typed(alice.get(f"/calls/{kept}")) == TEXT

    end_session(sandbox)
    assert alice.get(f"/calls/{other}").path == "/login"
    sandbox.clear_faults()
    alice.log_in()
    assert typed(alice.get(f"/calls/{kept}")) == TEXT


def test_a_refused_note_is_not_replaced_by_the_kept_one(alice: Person, call_id: str) -> None:
    keep_notes(alice, {call_id: TEXT})
    alice.log_in()

    alice.get(f"/calls/{call_id}").submit(f"/calls/{call_id}/notes", content="  ")

    assert alice.status == 400
    assert typed(alice).strip() == ""
    assert "nothing was sent" not in alice.text


def test_another_user_who_logs_in_sees_no_kept_note_and_is_asked_nothing(alice: Person, call_id: str) -> None:
    for action, fields, path in (
        (f"/calls/{call_id}/notes", {"content": TEXT}, f"/calls/{call_id}"),
        ("/calls/archive", {"archived": "true", "ids": call_id}, "/calls"),
    ):
        alice.get(path)
        lose_session(alice)
        alice.submit(action, **fields)

        alice.submit("/login", username="bob", password="x")

        assert alice.path == path
        assert TEXT.split()[0] not in alice.text
        alice.submit("/logout")
        alice.log_in()
        assert typed(alice.get(f"/calls/{call_id}")) == ""


def test_a_form_without_a_signed_owner_is_not_kept(app: Flask, call_id: str) -> None:
    forged = {"content": "planted", "form_owner": "alice", "next": f"/calls/{call_id}"}
    stranger = Person(app)
    stranger.take(stranger.client.post(f"/calls/{call_id}/notes", data=forged, follow_redirects=True))

    stranger.submit("/login", username="alice", password="x")

    assert typed(stranger.get(f"/calls/{call_id}")) == ""


def test_at_most_five_forms_of_a_user_are_kept_and_the_newest_stay(alice: Person, app: Flask) -> None:
    call_ids = alice.call_ids[:8]

    keep_notes(alice, {call_id: f"Note on {call_id}" for call_id in call_ids})
    alice.log_in()

    assert len(services_of(app).records.keys("kept:")) == 5
    kept = [typed(alice.get(f"/calls/{call_id}")) for call_id in call_ids]
    assert kept == [""] * 3 + [f"Note on {call_id}" for call_id in call_ids[3:]]


def test_only_the_fields_of_the_form_are_kept(alice: Person, app: Flask, call_id: str) -> None:
    alice.get(f"/calls/{call_id}")
    lose_session(alice)

    alice.submit(f"/calls/{call_id}/notes", content="Short", planted="x" * 100_000)

    (key,) = services_of(app).records.keys("kept:")
    record = services_of(app).records.load(key)
    assert record is not None
    assert b"Short" in record.value
    assert b"planted" not in record.value
    assert b"csrf_token" not in record.value


def test_a_form_that_was_rendered_long_ago_is_not_kept(app: Flask, call_id: str) -> None:
    class Earlier(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - int(LOGIN_LIFETIME) - 60

    for signer, kept_count in ((Earlier, 0), (TimestampSigner, 1)):
        serializer = URLSafeTimedSerializer(app.secret_key or "", salt="form-owner", signer=signer)
        form = {"content": "x", "form_owner": serializer.dumps("alice")}
        app.test_client().post(f"/calls/{call_id}/notes", data=form)

        assert len(services_of(app).records.keys("kept:")) == kept_count


def test_a_record_of_another_version_is_ignored(alice: Person, app: Flask, call_id: str) -> None:
    keep_notes(alice, {call_id: TEXT})
    (key,) = services_of(app).records.keys("kept:")
    services_of(app).records.put(key, b'{"username":"alice"}', 60)

    assert alice.log_in().path == "/calls"
    assert alice.get(f"/calls/{call_id}").status == 200
    assert typed(alice) == ""


@pytest.mark.parametrize("fields", [{"archived": "bogus"}, {"archived": "true", "ids": ["../x"]}])
def test_unusable_ticked_calls_lead_back_to_the_list(alice: Person, fields: dict[str, str]) -> None:
    ids = alice.call_ids[:1]
    lose_session(alice)

    alice.submit("/calls/archive", **({"ids": ids} | fields))
    alice.submit("/login", username="alice", password="x")

    assert (alice.status, alice.path) == (200, "/calls")
