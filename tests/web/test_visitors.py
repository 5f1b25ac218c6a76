"""Visitors, who have not signed in: they leave nothing behind, and their forms still work."""

from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from aircall.web.session_store import SIGNED_IN_KEY, StoreSessionInterface
from tests.support.person import Person
from tests.web.conftest import services_of, session_id


def test_visitors_leave_no_record(app: Flask) -> None:
    before = services_of(app).records.keys("")

    for number in range(100):
        for path in ("/login", f"/unknown/{number}", "/calls"):
            Person(app).get(path)
    rejected = Person(app).get("/login")
    rejected.submit("/login", username="ann", password="")

    assert services_of(app).records.keys("") == before


def test_a_visitors_cookie_is_as_safe_as_a_logins(app: Flask) -> None:
    app.config.update(SESSION_COOKIE_NAME="__Host-callboard", SESSION_COOKIE_SECURE=True)

    sent = app.test_client().get("/login").headers["Set-Cookie"]

    assert sent.startswith("__Host-callboard=v.")
    parts = set(sent.split("; ")[1:])
    assert parts == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


def test_no_login_is_read_from_a_visitors_cookie(app: Flask, alice: Person, stranger: Person) -> None:
    key = services_of(app).records.keys("login:")[0]
    interface = app.session_interface
    assert isinstance(interface, StoreSessionInterface)
    signed = interface._signer().dumps({SIGNED_IN_KEY: key.removeprefix("login:")})  # a key that leaked

    for value in (f"v.{signed}", f"v.{signed}x", "v.", "v.e30.x.y"):
        stranger.client.set_cookie("callboard", value)
        assert stranger.get("/calls").path == "/login"
    assert alice.get("/calls").path == "/calls"


def test_a_token_of_one_visitor_is_of_no_use_to_another(app: Flask, stranger: Person) -> None:
    mine = str(stranger.get("/login").find("form.card [name=csrf_token]")["value"])
    other = Person(app).get("/login")

    other.submit("/login", username="ann", password="x", csrf_token=mine)

    assert (other.status, other.path) == (400, "/login")


def test_a_logout_leaves_the_cookie_of_a_visitor(app: Flask, alice: Person) -> None:
    assert not session_id(alice).startswith("v.")
    records = services_of(app).records
    assert len(records.keys("session:")) == 1

    alice.submit("/logout")

    assert session_id(alice).startswith("v.")
    assert records.keys("session:") == []


def test_the_login_pages_of_all_tabs_work_after_a_logout(app: Flask, alice: Person) -> None:
    other_tab = Person(app)
    other_tab.client.set_cookie("callboard", session_id(alice))
    alice.submit("/logout")

    # Requested before the answer to the logout came, and answered after it.
    other_tab.get("/calls")
    if cookie := other_tab.client.get_cookie("callboard"):
        alice.client.set_cookie("callboard", cookie.value)

    assert alice.submit("/login", username="alice", password="x").path == "/calls"


def test_no_login_goes_on_with_the_form_token_of_before(app: Flask, alice: Person) -> None:
    def form_token() -> str:
        return str(URLSafeTimedSerializer(str(app.secret_key), salt="wtf-csrf-token").loads(sent_token()))

    def sent_token() -> str:
        return str(alice.page.select("[name=csrf_token]")[0]["value"])

    tokens = [form_token()]
    alice.submit("/logout")
    tokens.append(form_token())
    alice.submit("/login", username="alice", password="x")
    tokens.append(form_token())

    assert tokens[0] == tokens[1] != tokens[2]
