"""Sessions: tokens are refreshed unnoticed, and an ended session leads to the login page and back."""

from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie

from flask import Flask

from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.web.conftest import services_of, session_id


def test_an_expired_access_token_is_refreshed_unnoticed(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    sandbox.expire_access_tokens()
    assert alice.get(f"/calls/{call_id}").status == 200
    sandbox.expire_access_tokens()
    alice.submit(f"/calls/{call_id}/notes", content="Still here")

    assert sandbox.counters().refreshes == 2
    assert sandbox.counters().notes_added == 1


def test_a_refused_refresh_ends_the_session_with_a_message_and_the_way_back(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    sandbox.refuse_refresh()
    sandbox.expire_access_tokens()

    alice.get(f"/calls/{call_id}?view=all")

    assert alice.path == "/login"
    assert "session has ended" in alice.text
    sandbox.clear_faults()
    alice.submit("/login", username="alice", password="x")
    assert alice.path == f"/calls/{call_id}"


def other_tab(app: Flask, person: Person) -> Person:
    """A tab of the same browser, with the same session."""
    tab = Person(app)
    tab.client.set_cookie("callboard", session_id(person))
    return tab


def test_two_tabs_that_find_the_session_ended_get_login_pages_that_work(
    app: Flask, alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    tabs = [other_tab(app, alice), other_tab(app, alice)]
    sandbox.refuse_refresh()
    sandbox.expire_access_tokens()

    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda tab: tab.get(f"/calls/{call_id}"), tabs))

    for tab in tabs:
        assert "Enter your password" in tab.submit("/login", username="alice", password="").text


def test_a_slow_request_does_not_bring_back_a_deleted_session(
    alice: Person, app: Flask, sandbox: Sandbox, call_id: str
) -> None:
    token = alice.find("#calls-form input[name=csrf_token]")["value"]
    other = other_tab(app, alice).get("/calls")
    assert len(services_of(app).records.keys("session:")) == 1
    reads = sandbox.counters().call_reads
    sandbox.be_slow(30, times=1, path=f"/calls/{call_id}/archive")

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(
            alice.client.post,
            f"/calls/{call_id}/archive",
            data={"csrf_token": token, "archived": "true", "next": "/calls"},
        )
        wait_until(lambda: sandbox.counters().call_reads > reads)
        other.submit("/logout")
        sandbox.clear_faults()
        answer = slow.result()

    assert services_of(app).records.keys("session:") == []
    assert "callboard" not in SimpleCookie(answer.headers.get("Set-Cookie", ""))
    assert alice.get("/calls").path == "/login"


def test_the_session_cookie_is_sent_once(stranger: Person) -> None:
    assert "callboard=" in stranger.client.get("/login").headers["Set-Cookie"]

    assert "Set-Cookie" not in stranger.client.get("/calls").headers


def test_a_session_that_another_version_has_written_leads_to_the_login_page(
    app: Flask, alice: Person
) -> None:
    records = services_of(app).records
    for key in records.keys("session:"):
        records.put(key, b"not JSON", 60)

    alice.get("/calls")

    assert alice.path == "/login"
