"""Signing in and out, and lending a token to whoever needs one."""

import pytest

from aircall.api.client import ApiClient
from aircall.auth.login import Login
from aircall.auth.logins import Logins
from aircall.errors import LoginEndedError, NoLoginError, UnauthorizedError
from aircall.models import User
from tests.integration.auth.rooms import Clock, Rooms
from tests.support.sandbox import Sandbox


def test_a_login_is_whom_the_api_says_it_is_and_can_be_found_again(logins: Logins) -> None:
    login = logins.create("alice", "any")

    assert login.user == User(id="alice", username="alice")
    assert logins.get(login.id) == login
    assert len(login.id) >= 43


def test_two_logins_of_one_person_are_two(logins: Logins, alice: Login) -> None:
    other = logins.create("alice", "any")

    logins.end(other.id)

    assert other.id != alice.id
    assert logins.get(alice.id) == alice


def test_a_refused_password_makes_no_login(here: Rooms, sandbox: Sandbox) -> None:
    sandbox.reject_logins()

    with pytest.raises(UnauthorizedError):
        here.logins.create("alice", "wrong")

    assert here.store.keys("") == []


def test_tokens_live_from_when_they_came_however_long_the_rest_of_the_sign_in_takes(
    here: Rooms, sandbox: Sandbox
) -> None:
    # A clock on which every answered request takes a second.
    logins = Logins(here.store, here.api, lambda: float(sandbox.counters().requests))

    login = logins.create("alice", "any")

    assert sandbox.counters().requests == 2
    assert login.access_expires_at == 1 + 600
    assert login.expires_at == 1 + 3600


def test_a_login_that_was_ended_or_never_was_is_over(logins: Logins, alice: Login) -> None:
    logins.end(alice.id)
    logins.end("never was")

    for login_id in (alice.id, "never was"):
        with pytest.raises(LoginEndedError, match=r"^The login has ended\.$"):
            logins.get(login_id)
        with pytest.raises(LoginEndedError):
            logins.get_fresh(login_id)


def test_a_login_that_another_version_kept_is_over(here: Rooms) -> None:
    here.store.put("login:old", b"something else", 100)

    with pytest.raises(LoginEndedError):
        here.logins.get("old")


def test_a_login_ends_with_its_refresh_token(logins: Logins, clock: Clock, alice: Login) -> None:
    clock.ahead = 3590
    assert logins.get(alice.id) == alice
    clock.ahead = 3601

    with pytest.raises(LoginEndedError):
        logins.get(alice.id)


def test_anyone_who_is_signed_in_will_do_the_one_who_lives_longest_first(
    logins: Logins, api: ApiClient
) -> None:
    for name in ("alice", "bob", "carol"):
        logins.create(name, "any")

    assert logins.with_any_token(api.me).username == "carol"


def test_who_cannot_help_any_more_is_passed_over(here: Rooms, sandbox: Sandbox) -> None:
    here.clock.ahead = 60
    bob = here.logins.create("bob", "any")
    sandbox.revoke()
    sandbox.expire_access_tokens()
    here.clock.ahead = 0
    alice = here.logins.create("alice", "any")

    assert here.logins.with_any_token(here.api.me) == alice.user
    assert not here.is_kept(bob.id)


def test_where_nobody_can_help_that_is_said(here: Rooms, alice: Login, sandbox: Sandbox) -> None:
    sandbox.revoke()
    sandbox.expire_access_tokens()

    with pytest.raises(NoLoginError):
        here.logins.with_any_token(here.api.me)

    assert not here.is_kept(alice.id)
