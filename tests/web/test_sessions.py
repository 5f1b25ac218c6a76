"""The page of sessions: where a person is logged in, and what ends there."""

import time
from collections.abc import Callable

import pytest
from flask import Flask

from aircall.auth import sign_ins
from aircall.web.login.user_agent import browser_and_system
from tests.support.clock import StillClock
from tests.support.person import Person
from tests.web.conftest import services_of

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"
)
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile Safari/604.1"


@pytest.mark.parametrize(
    ("said", "names"),
    [
        (FIREFOX, ("Firefox", "Linux")), (CHROME, ("Chrome", "Android")), (EDGE, ("Edge", "Windows")),
        (SAFARI, ("Safari", "iPhone")), ("curl/8.5.0", ("", "")), ("", ("", "")),
        ("<b>Firefox/1", ("Firefox", "")),
    ],
)  # fmt: skip
def test_a_browser_is_named_by_what_it_says_of_itself(said: str, names: tuple[str, str]) -> None:
    assert browser_and_system(said) == names


@pytest.fixture
def browser(app: Flask) -> Callable[..., Person]:
    """Logs a person in with a browser that says this of itself."""

    def log_in(user_agent: str, username: str = "alice") -> Person:
        person = Person(app)
        person.client.environ_base["HTTP_USER_AGENT"] = user_agent
        return person.sign_in(username)

    return log_in


def shown(person: Person) -> list[str]:
    """The sessions on the page, this browser's marked by a star."""
    rows = person.get("/sessions").page.select("[data-session]")
    return [("*" if row.select(".tag") else "") + row.select("strong")[0].get_text() for row in rows]


def test_a_person_sees_where_they_are_logged_in_and_ends_one_or_all_others(
    browser: Callable[..., Person],
) -> None:
    here, phone, office, other = (browser(said) for said in (FIREFOX, SAFARI, EDGE, "unheard of"))
    bob = browser(CHROME, "bob")
    assert shown(here) == ["Unknown browser", "Edge on Windows", "Safari on iPhone", "*Firefox on Linux"]
    assert shown(bob) == ["*Chrome on Android"]
    assert here.get("/sessions").page.find("time", datetime=True)

    (end,) = [str(form["action"]) for form in here.page.select("li form") if "Safari" in form.get_text()]
    ended = here.submit(end)
    assert "has ended" in ended.flash
    token = here.find("form[action$=end-others] [name=csrf_token]")["value"]
    again = here.client.post(end, data={"csrf_token": token}, follow_redirects=True)
    assert "had already ended" in here.take(again).flash
    assert shown(here) == ["Unknown browser", "Edge on Windows", "*Firefox on Linux"]
    assert "session has ended" in phone.get("/calls").text
    assert office.get("/calls").path == "/calls"

    assert "2 sessions have ended" in here.submit("/sessions/end-others").flash
    assert shown(here) == ["*Firefox on Linux"]
    assert (office.get("/calls").path, other.get("/calls").path) == ("/login", "/login")
    assert bob.get("/calls").path == "/calls"


def test_nobody_ends_a_session_of_somebody_else_and_their_own_only_by_logging_out(
    browser: Callable[..., Person],
) -> None:
    alice, _elsewhere, bob = browser(FIREFOX), browser(EDGE), browser(CHROME, "bob")
    ids = [row["data-session"] for row in alice.get("/sessions").page.select("[data-session]")]
    token = bob.get("/sessions").find("[data-logout] [name=csrf_token]")["value"]

    for sign_in_id in ids:
        bob.client.post(f"/sessions/{sign_in_id}/end", data={"csrf_token": token})
    bob.client.post("/sessions/end-others", data={"csrf_token": token})
    own = alice.find("[data-logout] [name=csrf_token]")["value"]
    alice.client.post(f"/sessions/{ids[1]}/end", data={"csrf_token": own})

    assert len(shown(alice)) == 2


def test_a_logout_or_an_end_of_the_login_takes_the_session_off_the_page(
    browser: Callable[..., Person], app: Flask
) -> None:
    alice, office = browser(FIREFOX), browser(EDGE)
    office.get("/calls").submit("/logout")
    assert shown(alice) == ["*Firefox on Linux"]

    expired = browser(SAFARI)
    records = services_of(app).records
    (newest,) = [each for each in services_of(app).sign_ins.of("alice") if each.browser == "Safari"]
    services_of(app).logins.end(newest.login_id)

    assert shown(alice) == ["*Firefox on Linux"]
    assert expired.get("/calls").path == "/login"
    alice.submit("/logout")
    assert records.keys("sign-ins:") == records.keys("seen:") == []


def test_the_index_keeps_a_bounded_number_and_the_oldest_beyond_it_are_ended(
    browser: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_ins, "MOST_KEPT", 2)
    first, second, third = browser(FIREFOX), browser(EDGE), browser(SAFARI)

    assert first.get("/calls").path == "/login"
    assert shown(second) == ["Safari on iPhone", "*Edge on Windows"]
    assert third.get("/calls").path == "/calls"


def test_when_a_session_was_last_used_is_recorded_once_a_minute_at_most(
    app: Flask, browser: Callable[..., Person]
) -> None:
    browser(FIREFOX)
    built, clock = services_of(app), StillClock()
    clock.now = time.time()
    index = sign_ins.SignIns(built.records, built.logins, clock)
    (login_id,) = [each.login_id for each in index.of("alice")]

    for seconds in (60, 30, 29):
        clock.now += seconds
        index.saw(login_id)

    (found,) = index.of("alice")
    assert found.seen_at == clock.now - 59
