"""Login and logout: what gets in, what is said otherwise, and what ends with a session."""

import pytest
from flask import Flask

from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.web.conftest import services_of, session_id


@pytest.mark.usefixtures("bob")  # The first sync has ended.
def test_any_page_leads_to_the_login_and_back(stranger: Person) -> None:
    stranger.get("/calls?view=all&page=2")

    assert stranger.path == "/login"
    stranger.submit("/login", username="ann", password="x")
    assert stranger.path == "/calls"
    assert stranger.find("main [aria-current=page]").get_text(" ", strip=True).startswith("All")
    assert "26–50 of 94" in stranger.text
    assert "Logged in as ann" in stranger.find("header").get_text(" ", strip=True)
    assert stranger.get("/login?next=/calls?view=all").path == "/calls"


def test_an_empty_field_is_named_and_the_username_stays(stranger: Person, sandbox: Sandbox) -> None:
    for username, password, sentence in (
        ("", "x", "Enter your username."),
        ("ann", "", "Enter your password."),
    ):
        stranger.log_in(username, password)

        assert stranger.status == 400
        assert sentence in stranger.find("[role=alert]").get_text()
        assert stranger.find("[name=username]").get("value", "") == username
        assert not stranger.find("[name=password]").get("value")
    assert sandbox.counters().logins == 0


def test_a_failed_login_is_explained_and_the_username_stays(stranger: Person, sandbox: Sandbox) -> None:
    for status, sentence in ((401, "do not match"), (400, "Bad Request"), (503, "has a problem")):
        sandbox.clear_faults()
        sandbox.reject_logins(status)

        stranger.log_in("ann", "wrong")

        assert stranger.status == status
        assert sentence in stranger.find("[role=alert]").get_text(strip=True)
        assert stranger.find("[name=username]")["value"] == "ann"


HTML = b"<!doctype html><title>Not the API</title>"


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (404, b'{"statusCode":404,"message":"Cannot POST /auth/login"}', "application/json"),
        (200, HTML, "text/html"),
        (403, HTML, "text/html"),
        (301, b"", "text/plain"),
        (405, b"", "text/plain"),
    ],
)
def test_an_answer_that_is_not_the_apis_is_told_to_who_can_mend_it(
    stranger: Person,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    status: int,
    body: bytes,
    content_type: str,
) -> None:
    sandbox.answer_with(status, body, content_type, times=None, path="/auth/login")

    for _ in range(2):
        stranger.log_in("ann", "a-password")
        assert stranger.status == 503
        assert "AIRCALL_API_URL" in stranger.find("[role=alert]").get_text()

    (warning,) = [each for each in caplog.records if "seems wrong" in each.getMessage()]
    assert warning.levelname == "WARNING"
    told = {name: getattr(warning, name) for name in ("host", "path", "status")}
    assert told == {"host": f"{sandbox.host}:{sandbox.port}", "path": "/auth/login", "status": status}


@pytest.mark.parametrize("status", [429, 500, 502])
def test_trouble_of_the_api_or_its_proxy_is_no_wrong_address(
    stranger: Person, sandbox: Sandbox, status: int
) -> None:
    sandbox.answer_with(status, HTML, "text/html", times=None, path="/auth/login")

    stranger.log_in("ann", "x")

    assert "AIRCALL_API_URL" not in stranger.find("[role=alert]").get_text()


def test_a_login_starts_a_session_under_a_new_random_id(app: Flask, stranger: Person) -> None:
    stranger.client.set_cookie("callboard", "chosen-by-an-attacker")
    stranger.get("/login")
    before = session_id(stranger)
    stranger.submit("/login", username="ann", password="x")
    after = session_id(stranger)

    assert after not in ("chosen-by-an-attacker", before)
    assert len(after) == 43
    assert len(services_of(app).records.keys("session:")) == 1
    cookie = stranger.client.get_cookie("callboard")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    for worthless in ("chosen-by-an-attacker", before):
        stranger.client.set_cookie("callboard", worthless)
        assert stranger.get("/calls").path == "/login"


def test_no_token_reaches_the_browser(alice: Person, call_id: str) -> None:
    answers = [alice.client.get(path) for path in ("/calls", f"/calls/{call_id}", "/login")]

    assert not any("eyJ" in answer.text + str(answer.headers) for answer in answers)


def test_a_login_leads_to_pages_of_this_site_only(stranger: Person) -> None:
    stranger.get("/login", query_string={"next": "//evil.example"})

    assert stranger.submit("/login", username="ann", password="x").path == "/calls"


def test_a_login_without_the_right_token_or_from_another_site_is_refused(
    stranger: Person, sandbox: Sandbox
) -> None:
    token = str(stranger.get("/login").find("form.card [name=csrf_token]")["value"])

    for given, headers, status in (
        ("", {}, 400), ("eyJ.eyJ.eyJ", {}, 400), (token, {"Origin": "https://evil.example"}, 403),
    ):  # fmt: skip
        fields = {"username": "ann", "password": "x", "csrf_token": given}
        assert stranger.client.post("/login", data=fields, headers=headers).status_code == status
    assert sandbox.counters().logins == 0


def test_an_outdated_login_page_comes_back_with_the_name_and_works(stranger: Person) -> None:
    stranger.get("/login?next=/calls?view=all")
    stranger.client.delete_cookie("callboard")

    stranger.submit("/login", username="ann", password="x")

    assert (stranger.status, stranger.path) == (400, "/login")
    assert "You are not logged in yet" in stranger.text
    assert stranger.find("[name=username]")["value"] == "ann"
    stranger.submit("/login", username="ann", password="x")
    assert stranger.path == "/calls"


def test_a_logout_clears_the_browsers_cache_and_the_old_cookie_opens_nothing(
    app: Flask, alice: Person, call_id: str
) -> None:
    old_id = session_id(alice)
    token = alice.find("form[action='/logout'] [name=csrf_token]")["value"]
    answer = alice.client.post("/logout", data={"csrf_token": token})
    assert '"cache"' in answer.headers["Clear-Site-Data"]

    thief = Person(app)
    thief.client.set_cookie("callboard", old_id)
    for path in ("/", "/calls", f"/calls/{call_id}", f"/calls/rows?ids={call_id}"):
        assert thief.get(path).path == "/login"


def test_every_tab_that_requests_a_login_page_gets_one_that_works(alice: Person) -> None:
    alice.submit("/logout")
    first_tab = alice.find("form.card [name=csrf_token]")["value"]
    alice.get("/login")

    alice.submit("/login", username="alice", password="x", csrf_token=first_tab)

    assert alice.path == "/calls"


def test_a_logout_ends_one_session_only_and_needs_no_api(
    alice: Person, bob: Person, sandbox: Sandbox
) -> None:
    alice.get("/calls")
    sandbox.answer_503(times=100)
    before = sandbox.counters().logins

    alice.submit("/logout")

    assert alice.path == "/login"
    assert sandbox.counters().logins == before
    assert bob.get("/calls").path == "/calls"
