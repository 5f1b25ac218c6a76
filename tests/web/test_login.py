"""Logging in: what gets in, what is said otherwise, and where one lands."""

import pytest

from tests.support.person import Person
from tests.support.sandbox import Sandbox


def test_any_page_leads_to_the_login_and_back(stranger: Person) -> None:
    stranger.get("/calls?view=all&page=2")

    assert stranger.path == "/login"
    stranger.submit("/login", username="ann", password="x")
    assert stranger.path == "/calls"
    assert stranger.find("[aria-current=page]").get_text(" ", strip=True).startswith("All")
    assert "26–50 of 94" in stranger.text


def test_the_name_from_the_api_stands_in_the_header(alice: Person) -> None:
    assert "alice" in alice.find("header").get_text()


@pytest.mark.parametrize(
    ("username", "password", "sentence"),
    [("", "x", "Enter your username."), ("ann", "", "Enter your password.")],
)
def test_an_empty_field_is_named_and_the_username_stays(
    stranger: Person, sandbox: Sandbox, username: str, password: str, sentence: str
) -> None:
    stranger.get("/login").submit("/login", username=username, password=password)

    assert stranger.status == 400
    assert sentence in stranger.find("[role=alert]").get_text()
    assert stranger.find("[name=username]").get("value", "") == username
    assert not stranger.find("[name=password]").get("value")
    assert sandbox.counters().logins == 0


def test_a_refused_password_is_said_in_plain_words(stranger: Person, sandbox: Sandbox) -> None:
    sandbox.reject_logins(401)

    stranger.get("/login").submit("/login", username="ann", password="wrong")

    assert stranger.status == 401
    assert "do not match" in stranger.find("[role=alert]").get_text()
    assert stranger.find("[name=username]")["value"] == "ann"


def test_the_apis_own_sentence_is_shown(stranger: Person, sandbox: Sandbox) -> None:
    sandbox.reject_logins(400)

    stranger.get("/login").submit("/login", username="ann", password="x")

    assert stranger.status == 400
    assert stranger.find("[role=alert]").get_text(strip=True)


def test_an_api_in_trouble_keeps_the_name_typed(stranger: Person, sandbox: Sandbox) -> None:
    sandbox.answer_503(times=10)

    stranger.get("/login").submit("/login", username="ann", password="x")

    assert stranger.status == 503
    assert "in trouble" in stranger.find("[role=alert]").get_text()
    assert stranger.find("[name=username]")["value"] == "ann"


def test_a_login_begins_a_new_session_and_the_old_id_is_worth_nothing(stranger: Person) -> None:
    stranger.get("/login")
    before = stranger.client.get_cookie("callboard")
    stranger.submit("/login", username="ann", password="x")
    after = stranger.client.get_cookie("callboard")

    assert before is not None
    assert after is not None
    assert before.value != after.value
    stranger.client.set_cookie("callboard", before.value)
    assert stranger.get("/calls").path == "/login"


def test_a_session_id_that_we_did_not_give_is_not_adopted(stranger: Person) -> None:
    stranger.client.set_cookie("callboard", "chosen-by-somebody-else")

    stranger.get("/login").submit("/login", username="ann", password="x")

    cookie = stranger.client.get_cookie("callboard")
    assert cookie is not None
    assert cookie.value != "chosen-by-somebody-else"


def test_the_cookie_holds_nothing_but_an_id(alice: Person) -> None:
    cookie = alice.client.get_cookie("callboard")

    assert cookie is not None
    assert len(cookie.value) == 43
    assert cookie.http_only
    assert cookie.same_site == "Lax"


def test_no_token_reaches_the_browser(alice: Person) -> None:
    answers = [alice.client.get(path) for path in ("/calls", f"/calls/{alice.call_ids[0]}", "/login")]

    assert not any("eyJ" in answer.text + str(answer.headers) for answer in answers)


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/calls", "/\\evil.example", "/nowhere", "/calls\r\nX: y"],
)
def test_nobody_is_sent_elsewhere_after_logging_in(stranger: Person, target: str) -> None:
    stranger.get("/login", query_string={"next": target}).submit("/login", username="ann", password="x")

    assert stranger.path == "/calls"


def test_who_is_signed_in_already_goes_on(alice: Person) -> None:
    assert alice.get("/login?next=/calls?view=all").path == "/calls"


def test_a_form_without_its_token_is_refused(stranger: Person, sandbox: Sandbox) -> None:
    answer = stranger.client.post("/login", data={"username": "ann", "password": "x"})

    assert answer.status_code == 400
    assert sandbox.counters().logins == 0


@pytest.mark.parametrize("token", ["", "wrong", "é", "eyJ.eyJ.eyJ"])
def test_a_form_with_a_wrong_token_is_refused(stranger: Person, sandbox: Sandbox, token: str) -> None:
    stranger.get("/login").submit("/login", username="ann", password="x", csrf_token=token)

    assert stranger.status == 400
    assert sandbox.counters().logins == 0


def test_a_login_page_that_is_too_old_comes_back_with_the_name_and_works(stranger: Person) -> None:
    stranger.get("/login?next=/calls?view=all")
    stranger.client.delete_cookie("callboard")

    stranger.submit("/login", username="ann", password="x")

    assert (stranger.status, stranger.path) == (400, "/login")
    assert "You are not logged in yet" in stranger.text
    assert stranger.find("[name=username]")["value"] == "ann"
    stranger.submit("/login", username="ann", password="x")
    assert stranger.path == "/calls"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_a_form_from_another_site_is_refused(
    stranger: Person, sandbox: Sandbox, headers: dict[str, str]
) -> None:
    stranger.get("/login")
    token = stranger.find("form.card [name=csrf_token]")["value"]
    fields = {"username": "ann", "password": "x", "csrf_token": token}

    answer = stranger.client.post("/login", data=fields, headers=headers)

    assert answer.status_code == 403
    assert sandbox.counters().logins == 0
