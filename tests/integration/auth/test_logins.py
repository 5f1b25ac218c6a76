"""Logging in and out, and requests with the token of any login."""

from pathlib import Path

import pytest

from aircall.auth.login import Login
from aircall.auth.logins import Logins
from aircall.errors import LoginEndedError, NoLoginError, NoResponseError, UnauthorizedError
from aircall.models import User
from tests.integration.auth.environment import Environment, environment
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def test_a_login_is_the_person_that_the_api_says_and_can_be_found_again(env: Environment) -> None:
    login, other = env.logins.create("alice", "any"), env.logins.create("alice", "any")

    env.logins.end(other.id)

    assert login.user == User(id="alice", username="alice")
    assert env.logins.get(login.id) == login
    assert other.id != login.id
    assert len(login.id) >= 43


def test_a_refused_password_creates_no_login(env: Environment) -> None:
    env.sandbox.reject_logins()

    with pytest.raises(UnauthorizedError):
        env.logins.create("alice", "wrong")

    assert env.store.keys("") == []


def test_the_lifetime_of_tokens_counts_from_their_arrival(env: Environment) -> None:
    # A clock on which every request takes a second.
    logins = Logins(env.store, env.api, lambda: float(env.sandbox.counters().requests))

    login = logins.create("alice", "any")

    assert env.sandbox.counters().requests == 2
    assert (login.access_expires_at, login.expires_at) == (1 + 600, 1 + 3600)


def test_a_login_that_was_ended_or_never_existed_has_ended(env: Environment, alice: Login) -> None:
    env.logins.end(alice.id)
    env.logins.end("unknown")
    env.store.put("login:other version", b"something else", 100)

    for login_id in (alice.id, "unknown", "other version"):
        with pytest.raises(LoginEndedError, match=r"^The login has ended\.$"):
            env.logins.get(login_id)
        with pytest.raises(LoginEndedError):
            env.logins.get_fresh(login_id)


def test_a_login_ends_with_its_refresh_token(env: Environment, alice: Login) -> None:
    env.clock.ahead = 3590
    assert env.logins.get(alice.id) == alice
    env.clock.ahead = 3601

    with pytest.raises(LoginEndedError):
        env.logins.get(alice.id)


def test_of_all_logins_the_one_that_lives_longest_is_used(env: Environment) -> None:
    for name in ("alice", "bob", "carol"):
        env.logins.create(name, "any")

    assert env.logins.with_any_token(env.api.me).username == "carol"


def test_a_login_that_turns_out_to_have_ended_is_passed_over(env: Environment) -> None:
    env.clock.ahead = 60
    bob = env.logins.create("bob", "any")
    env.sandbox.revoke()
    env.sandbox.expire_access_tokens()
    env.clock.ahead = 0
    alice = env.logins.create("alice", "any")

    assert env.logins.with_any_token(env.api.me) == alice.user
    assert not env.is_stored(bob.id)

    env.sandbox.revoke()
    env.sandbox.expire_access_tokens()
    with pytest.raises(NoLoginError):
        env.logins.with_any_token(env.api.me)
    assert not env.is_stored(alice.id)


def test_trouble_of_the_api_is_not_tried_with_every_login(sandbox: Sandbox, tmp_path: Path) -> None:
    with environment(sandbox, tmp_path, deadline=0.5) as env:
        for name in ("alice", "bob"):
            env.logins.create(name, "any")
        sandbox.be_slow(5, path="/me")
        before = sandbox.counters().requests

        with pytest.raises(NoResponseError):
            env.logins.with_any_token(env.api.me)

        assert len(env.store.keys("")) == 2
        assert sandbox.counters().requests - before <= 3


def test_a_page_does_not_wait_for_a_slow_refresh_which_goes_on(env: Environment, alice: Login) -> None:
    env.sandbox.be_slow(30, path="/auth/refresh")
    # Expired by its own record, but not at the API.
    env.clock.ahead = 700

    with pytest.raises(NoResponseError):
        env.logins.get_fresh_within(alice.id, 0.05)
    assert env.logins.get(alice.id) == alice

    env.sandbox.clear_faults()
    wait_until(lambda: env.logins.get(alice.id).generation == 2, what="the refresh")
    assert env.logins.get_fresh_within(alice.id, 0.05).generation == 2
