"""Whose token the listener and the synchronisation work with."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from aircall.auth.logins import ServiceAccount
from aircall.errors import LoginEndedError, NoLoginError, ServerError, UnauthorizedError
from aircall.models import User
from tests.integration.auth.rooms import Rooms
from tests.integration.auth.threads import THREADS, together
from tests.support.sandbox import Sandbox


@pytest.fixture
def own(here: Rooms) -> ServiceAccount:
    """An account that is set."""
    return ServiceAccount(here.logins, "listener", "any")


@pytest.fixture
def borrowed(here: Rooms) -> ServiceAccount:
    """No account: somebody else's login is used."""
    return ServiceAccount(here.logins, None, None)


def test_an_account_signs_in_once_however_many_ask(
    here: Rooms, own: ServiceAccount, sandbox: Sandbox
) -> None:
    users = together(lambda: own.with_token(here.api.me))

    assert users == [User(id="listener", username="listener")] * THREADS
    assert sandbox.counters().logins == 1


def test_an_account_of_ones_own_is_used_even_if_others_are_signed_in(
    here: Rooms, own: ServiceAccount
) -> None:
    here.logins.create("alice", "any")

    assert own.with_token(here.api.me).username == "listener"


def test_an_account_whose_login_ended_signs_in_again_once_and_leaves_nothing_behind(
    here: Rooms, own: ServiceAccount, sandbox: Sandbox
) -> None:
    own.with_token(here.api.me)
    sandbox.revoke()
    sandbox.expire_access_tokens()

    users = together(lambda: own.with_token(here.api.me))

    assert users == [User(id="listener", username="listener")] * THREADS
    assert sandbox.counters().logins == 2
    assert len(here.store.keys("")) == 1


def test_who_learns_late_that_the_login_ended_uses_the_one_that_others_have_made(
    here: Rooms, own: ServiceAccount, sandbox: Sandbox
) -> None:
    has_token, may_go_on = threading.Event(), threading.Event()

    def late(token: str) -> User:
        has_token.set()
        assert may_go_on.wait(10)
        return here.api.me(token)

    with ThreadPoolExecutor(1) as pool:
        latecomer = pool.submit(own.with_token, late)
        assert has_token.wait(10)
        sandbox.revoke()
        sandbox.expire_access_tokens()
        own.with_token(here.api.me)
        may_go_on.set()

    assert latecomer.result().username == "listener"
    assert sandbox.counters().logins == 2


def test_an_account_whose_password_is_refused_says_so_each_time(
    here: Rooms, own: ServiceAccount, sandbox: Sandbox
) -> None:
    sandbox.reject_logins()

    for _ in range(2):
        with pytest.raises(UnauthorizedError):
            own.with_token(here.api.me)

    sandbox.clear_faults()
    assert own.with_token(here.api.me).username == "listener"


def test_a_request_that_is_always_refused_ends_after_a_second_login(
    here: Rooms, own: ServiceAccount, sandbox: Sandbox
) -> None:
    sandbox.refuse_channel_auth(401)

    for attempt in (1, 2):
        with pytest.raises(LoginEndedError):
            own.with_token(partial(here.api.authorize_channel, socket_id="1.1", channel="private-aircall"))
        assert sandbox.counters().logins <= 1 + attempt
        assert len(here.store.keys("")) <= 1


def test_trouble_of_the_api_is_told_and_needs_no_new_login(
    here: Rooms, own: ServiceAccount, sandbox: Sandbox
) -> None:
    own.with_token(here.api.me)
    sandbox.answer_503(times=None, path="/me")

    with pytest.raises(ServerError):
        own.with_token(here.api.me)

    sandbox.clear_faults()
    assert own.with_token(here.api.me).username == "listener"
    assert sandbox.counters().logins == 1


@pytest.mark.parametrize(("username", "password"), [(None, None), ("listener", None), (None, "any")])
def test_without_an_account_somebody_who_is_signed_in_helps(
    here: Rooms, username: str | None, password: str | None
) -> None:
    here.logins.create("alice", "any")

    account = ServiceAccount(here.logins, username, password)

    assert account.with_token(here.api.me).username == "alice"


def test_without_an_account_and_with_nobody_signed_in_there_is_no_login(
    here: Rooms, borrowed: ServiceAccount
) -> None:
    with pytest.raises(NoLoginError, match=r"^Nobody is signed in\.$"):
        borrowed.with_token(here.api.me)


def test_a_request_that_is_refused_with_a_new_token_is_not_tried_with_everybodys(
    here: Rooms, borrowed: ServiceAccount, sandbox: Sandbox
) -> None:
    for name in ("alice", "bob", "carol"):
        here.logins.create(name, "any")
    sandbox.refuse_channel_auth(401)

    with pytest.raises(UnauthorizedError, match=r"^The API refuses this request to everybody\.$"):
        borrowed.with_token(partial(here.api.authorize_channel, socket_id="1.1", channel="private-aircall"))

    assert sandbox.counters().refreshes == 1
    assert len(here.store.keys("")) == 3
