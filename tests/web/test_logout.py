"""Logging out ends everything, everywhere."""

from flask import Flask

from tests.support.person import Person
from tests.support.sandbox import Sandbox


def test_the_old_cookie_opens_nothing_any_more(app: Flask, alice: Person) -> None:
    cookie = alice.client.get_cookie("callboard")
    call_id = alice.call_ids[0]
    alice.submit("/logout")
    assert alice.path == "/login"
    assert cookie is not None

    thief = Person(app)
    thief.client.set_cookie("callboard", cookie.value)
    for path in ("/", "/calls", f"/calls/{call_id}", f"/calls/rows?ids={call_id}"):
        assert thief.get(path).path == "/login"


def test_nothing_stays_behind_in_the_browser(alice: Person) -> None:
    assert alice.client.get("/calls").headers["Cache-Control"] == "no-store"
    token = alice.find("form[action='/logout'] [name=csrf_token]")["value"]

    answer = alice.client.post("/logout", data={"csrf_token": token})

    assert '"cache"' in answer.headers["Clear-Site-Data"]


def test_every_tab_that_asks_for_a_login_page_gets_one_that_works(alice: Person) -> None:
    alice.submit("/logout")
    first_tab = alice.find("form.card [name=csrf_token]")["value"]
    alice.get("/login")

    alice.submit("/login", username="alice", password="x", csrf_token=first_tab)

    assert alice.path == "/calls"


def test_a_link_cannot_log_anybody_out(alice: Person) -> None:
    assert alice.client.get("/logout").status_code == 405
    assert alice.get("/calls").path == "/calls"


def test_another_persons_session_goes_on(alice: Person, bob: Person) -> None:
    alice.submit("/logout")

    assert bob.get("/calls").path == "/calls"


def test_logging_out_never_asks_the_api(alice: Person, sandbox: Sandbox) -> None:
    sandbox.answer_503(times=100)
    before = sandbox.counters().requests

    alice.submit("/logout")

    assert alice.path == "/login"
    assert sandbox.counters().requests == before
