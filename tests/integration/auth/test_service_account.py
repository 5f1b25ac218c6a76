"""The tokens of the sync and the listener: those of a configured account, or of any person."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from aircall.auth.logins import ServiceAccount
from aircall.errors import LoginEndedError, NoLoginError, ServerError, UnauthorizedError
from aircall.models import User
from tests.integration.auth.environment import THREADS, Environment, run_together

LISTENER = User(id="listener", username="listener")


@pytest.fixture
def account(env: Environment) -> ServiceAccount:
    """A configured account; Alice is logged in, too."""
    env.logins.create("alice", "any")
    return ServiceAccount(env.logins, "listener", "any")


def test_an_account_logs_in_once_for_many_threads(env: Environment, account: ServiceAccount) -> None:
    assert run_together(lambda: account.with_token(env.api.me)) == [LISTENER] * THREADS
    assert env.sandbox.counters().logins == 2
    env.sandbox.revoke()
    env.sandbox.expire_access_tokens()

    assert run_together(lambda: account.with_token(env.api.me)) == [LISTENER] * THREADS
    assert env.sandbox.counters().logins == 3
    assert len(env.store.keys("")) == 2


def test_a_thread_that_is_late_uses_the_new_login(env: Environment, account: ServiceAccount) -> None:
    has_token, may_continue = threading.Event(), threading.Event()

    def request_late(token: str) -> User:
        has_token.set()
        assert may_continue.wait(10)
        return env.api.me(token)

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(account.with_token, request_late)
        assert has_token.wait(10)
        env.sandbox.revoke()
        env.sandbox.expire_access_tokens()
        account.with_token(env.api.me)
        may_continue.set()

    assert late.result() == LISTENER
    assert env.sandbox.counters().logins == 3


def test_a_refused_password_is_reported_each_time(env: Environment, account: ServiceAccount) -> None:
    env.sandbox.reject_logins()

    for _ in range(2):
        with pytest.raises(UnauthorizedError):
            account.with_token(env.api.me)

    env.sandbox.clear_faults()
    assert account.with_token(env.api.me) == LISTENER


def test_a_request_that_is_always_refused_fails(env: Environment, account: ServiceAccount) -> None:
    env.sandbox.refuse_channel_auth(401)

    for attempt in (1, 2):
        with pytest.raises(LoginEndedError):
            account.with_token(partial(env.api.authorize_channel, socket_id="1.1", channel="private-aircall"))
        assert env.sandbox.counters().logins <= 2 + attempt
        assert len(env.store.keys("")) <= 2


def test_trouble_of_the_api_needs_no_new_login(env: Environment, account: ServiceAccount) -> None:
    account.with_token(env.api.me)
    env.sandbox.answer_503(times=None, path="/me")

    with pytest.raises(ServerError):
        account.with_token(env.api.me)

    env.sandbox.clear_faults()
    assert account.with_token(env.api.me) == LISTENER
    assert env.sandbox.counters().logins == 2


@pytest.mark.parametrize(("username", "password"), [(None, None), ("listener", None), (None, "any")])
def test_without_an_account_any_login_is_used(
    env: Environment, username: str | None, password: str | None
) -> None:
    account = ServiceAccount(env.logins, username, password)
    with pytest.raises(NoLoginError, match=r"^There is no login\.$"):
        account.with_token(env.api.me)

    env.logins.create("alice", "any")

    assert account.with_token(env.api.me).username == "alice"


def test_a_request_that_is_refused_with_a_new_token_is_not_tried_with_every_login(env: Environment) -> None:
    for name in ("alice", "bob", "carol"):
        env.logins.create(name, "any")
    env.sandbox.refuse_channel_auth(401)

    with pytest.raises(UnauthorizedError, match=r"^The API refuses this request to everyone\.$"):
        ServiceAccount(env.logins, None, None).with_token(
            partial(env.api.authorize_channel, socket_id="1.1", channel="private-aircall")
        )

    assert env.sandbox.counters().refreshes == 1
    assert len(env.store.keys("")) == 3
