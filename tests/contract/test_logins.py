"""Logins against the sandbox: signing in, refreshing, and what ends a login."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from aircall.client import ApiClient
from aircall.errors import (
    AircallError,
    LoginEndedError,
    NoAnswerError,
    NoLoginError,
    ServerError,
    UnauthorizedError,
)
from aircall.login import Login
from aircall.logins import Logins
from aircall.models import User
from tests.contract.logging_in import Clock, Rooms, rooms
from tests.support.sandbox import Sandbox

REFRESH = "/auth/refresh-token"
# In this many seconds a token of ten minutes is due, or expired.
DUE, EXPIRED = 500.0, 601.0
FAULTS: dict[str, Callable[[Sandbox], None]] = {
    "503": lambda sandbox: sandbox.answer_503(times=None, path=REFRESH),
    "500": lambda sandbox: sandbox.answer_with(500, b"", times=None, path=REFRESH),
    "429": lambda sandbox: sandbox.answer_with(429, b"{}", times=None, path=REFRESH),
    "403": lambda sandbox: sandbox.refuse_refresh(403),
    "404": lambda sandbox: sandbox.refuse_refresh(404),
    "not JSON": lambda sandbox: sandbox.answer_with(200, b"<html>", "text/html", times=None, path=REFRESH),
    "no token in it": lambda sandbox: sandbox.answer_with(201, b"{}", times=None, path=REFRESH),
    "cut short": lambda sandbox: sandbox.answer_with(201, b"{", missing=9, times=None, path=REFRESH),
    "reset": lambda sandbox: sandbox.reset_after_send(times=None, path=REFRESH),
    "no answer": lambda sandbox: sandbox.be_slow(5, path=REFRESH),
}


@pytest.fixture
def here(sandbox: Sandbox, tmp_path: Path) -> Iterator[Rooms]:
    """Logins whose API client gives up after half a second."""
    with rooms(sandbox.url, tmp_path, deadline=0.5) as here:
        yield here


@pytest.fixture
def logins(here: Rooms) -> Logins:
    return here.logins


@pytest.fixture
def clock(here: Rooms) -> Clock:
    return here.clock


@pytest.fixture
def api(here: Rooms) -> ApiClient:
    return here.api


@pytest.fixture
def alice(logins: Logins) -> Login:
    """Alice, who has just signed in."""
    return logins.create("alice", "any")


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
        with pytest.raises(LoginEndedError):
            logins.get(login_id)
        with pytest.raises(LoginEndedError):
            logins.fresh(login_id)


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


def test_a_token_that_is_good_for_a_while_is_used_as_it_is(
    logins: Logins, clock: Clock, alice: Login, sandbox: Sandbox
) -> None:
    clock.ahead = 470

    assert logins.fresh(alice.id) == alice
    assert sandbox.counters().refreshes == 0


def test_a_token_that_is_due_is_refreshed_once_and_both_are_new(
    logins: Logins, clock: Clock, alice: Login, sandbox: Sandbox
) -> None:
    clock.ahead = DUE

    renewed = logins.fresh(alice.id)

    assert logins.fresh(alice.id) == logins.get(alice.id) == renewed
    assert sandbox.counters().refreshes == 1
    assert renewed.user == alice.user
    assert renewed.generation == 2
    assert renewed.tokens.access != alice.tokens.access
    assert renewed.tokens.refresh != alice.tokens.refresh
    assert renewed.access_expires_at > alice.access_expires_at + 490
    assert renewed.expires_at > alice.expires_at + 490


@pytest.mark.parametrize("shift", [-120, 120])
def test_an_api_whose_clock_is_wrong_is_asked_at_the_right_time_all_the_same(
    logins: Logins, clock: Clock, sandbox: Sandbox, api: ApiClient, shift: float
) -> None:
    sandbox.shift_clock(shift)
    alice = logins.create("alice", "any")

    clock.ahead = 470
    assert logins.authorized(alice.id, api.me).username == "alice"
    assert sandbox.counters().refreshes == 0
    clock.ahead = DUE
    assert logins.authorized(alice.id, api.me).username == "alice"

    assert sandbox.counters().refreshes == 1
    assert sandbox.counters().unauthorized == 0


@pytest.mark.parametrize("shift", [-700, 700])
def test_an_api_whose_clock_jumps_is_followed_with_one_refresh_at_most(
    logins: Logins, alice: Login, sandbox: Sandbox, api: ApiClient, shift: float
) -> None:
    sandbox.shift_clock(shift)

    for _ in range(3):
        assert logins.authorized(alice.id, api.me).username == "alice"

    assert sandbox.counters().refreshes == (shift > 0)


def test_a_token_that_is_refused_early_is_refreshed_once_and_the_request_run_once_more(
    logins: Logins, alice: Login, sandbox: Sandbox, api: ApiClient
) -> None:
    sandbox.expire_access_tokens()
    before = sandbox.counters()

    assert logins.authorized(alice.id, api.me) == alice.user

    after = sandbox.counters()
    assert after.requests - before.requests == 3
    assert (after.refreshes, after.unauthorized) == (1, 1)


def test_a_change_that_was_refused_for_its_token_is_made_once(
    logins: Logins, alice: Login, sandbox: Sandbox, api: ApiClient
) -> None:
    call = sandbox.calls()[0]
    sandbox.expire_access_tokens()

    changed = logins.authorized(alice.id, partial(api.toggle_archived, call_id=call["id"]))

    assert changed.is_archived is not call["is_archived"]
    assert sandbox.counters().archive_flips == 1


def test_a_new_token_that_is_refused_too_leads_to_the_login_and_not_into_a_loop(
    logins: Logins, alice: Login, sandbox: Sandbox, api: ApiClient
) -> None:
    sandbox.answer_with(401, b"{}", times=None, path="/me")
    before = sandbox.counters()

    with pytest.raises(LoginEndedError):
        logins.authorized(alice.id, api.me)

    after = sandbox.counters()
    assert after.refreshes == 1
    assert after.requests - before.requests == 3


def test_what_goes_wrong_with_the_request_itself_is_told(
    logins: Logins, alice: Login, sandbox: Sandbox, api: ApiClient
) -> None:
    sandbox.answer_with(500, b"", times=None, path="/me")

    with pytest.raises(ServerError):
        logins.authorized(alice.id, api.me)

    assert logins.get(alice.id) == alice


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("ahead", [DUE, EXPIRED])
def test_a_refused_refresh_ends_the_login(
    here: Rooms, alice: Login, sandbox: Sandbox, status: int, ahead: float
) -> None:
    sandbox.refuse_refresh(status)
    here.clock.ahead = ahead

    with pytest.raises(LoginEndedError):
        here.logins.fresh(alice.id)

    assert not here.is_kept(alice.id)


@pytest.mark.parametrize("trouble", FAULTS.values(), ids=FAULTS)
def test_trouble_with_the_refresh_is_noticed_by_nobody_while_the_token_lives(
    here: Rooms, alice: Login, sandbox: Sandbox, trouble: Callable[[Sandbox], None]
) -> None:
    trouble(sandbox)
    here.clock.ahead = DUE

    assert here.logins.authorized(alice.id, here.api.me) == alice.user
    assert here.logins.get(alice.id) == alice


@pytest.mark.parametrize("trouble", FAULTS.values(), ids=FAULTS)
def test_trouble_with_the_refresh_never_ends_a_login_even_when_the_token_is_dead(
    here: Rooms, alice: Login, sandbox: Sandbox, trouble: Callable[[Sandbox], None]
) -> None:
    trouble(sandbox)
    here.clock.ahead = EXPIRED

    with pytest.raises(AircallError) as told:
        here.logins.fresh(alice.id)

    assert not isinstance(told.value, LoginEndedError)
    assert here.is_kept(alice.id)
    sandbox.clear_faults()
    assert here.logins.fresh(alice.id).generation == 2


def test_a_failing_refresh_is_tried_every_ten_seconds_while_the_token_lives(
    logins: Logins, clock: Clock, alice: Login, sandbox: Sandbox
) -> None:
    sandbox.answer_503(times=None, path=REFRESH)
    asked_before = sandbox.counters().requests
    asked_at: list[int] = []

    for second in range(480, 600):
        clock.ahead = second
        logins.fresh(alice.id)
        logins.fresh(alice.id)
        if sandbox.counters().requests > asked_before + len(asked_at):
            asked_at.append(second)

    assert asked_at[0] <= 481
    assert 11 <= len(asked_at) <= 12
    assert min(later - earlier for earlier, later in pairwise(asked_at)) >= 10
    assert sandbox.counters().requests == asked_before + len(asked_at)


def test_a_refresh_that_works_again_is_used_as_soon_as_it_is_needed(
    logins: Logins, clock: Clock, alice: Login, sandbox: Sandbox
) -> None:
    sandbox.answer_503(times=1, path=REFRESH)
    clock.ahead = DUE
    logins.fresh(alice.id)

    sandbox.expire_access_tokens()

    assert logins.fresh(alice.id, refused=alice.generation).generation == 2


def test_a_login_without_a_refresh_token_is_renewed_by_the_deprecated_endpoint(
    logins: Logins, clock: Clock, sandbox: Sandbox, api: ApiClient
) -> None:
    sandbox.login_without_refresh_token()
    alice = logins.create("alice", "any")
    clock.ahead = DUE

    for generation in (2, 2, 3):
        clock.ahead += DUE * (generation == 3)
        assert logins.authorized(alice.id, api.me) == alice.user
        assert logins.get(alice.id).generation == generation

    counters = sandbox.counters()
    assert (counters.deprecated_refreshes, counters.refreshes) == (2, 0)
    assert logins.get(alice.id).tokens.refresh is None


def test_a_login_without_a_refresh_token_ends_when_its_token_is_refused(
    here: Rooms, sandbox: Sandbox
) -> None:
    sandbox.login_without_refresh_token()
    alice = here.logins.create("alice", "any")
    sandbox.expire_access_tokens()

    with pytest.raises(LoginEndedError):
        here.logins.authorized(alice.id, here.api.me)

    assert not here.is_kept(alice.id)


def test_anyone_who_is_signed_in_will_do_the_one_who_lives_longest_first(
    logins: Logins, api: ApiClient
) -> None:
    for name in ("alice", "bob", "carol"):
        logins.create(name, "any")

    assert logins.authorized_by_anyone(api.me).username == "carol"


def test_who_cannot_help_any_more_is_passed_over(here: Rooms, sandbox: Sandbox) -> None:
    here.clock.ahead = 60
    bob = here.logins.create("bob", "any")
    sandbox.revoke()
    sandbox.expire_access_tokens()
    here.clock.ahead = 0
    alice = here.logins.create("alice", "any")

    assert here.logins.authorized_by_anyone(here.api.me) == alice.user
    assert not here.is_kept(bob.id)


def test_where_nobody_can_help_that_is_said(here: Rooms, alice: Login, sandbox: Sandbox) -> None:
    sandbox.revoke()
    sandbox.expire_access_tokens()

    with pytest.raises(NoLoginError):
        here.logins.authorized_by_anyone(here.api.me)

    assert not here.is_kept(alice.id)


def test_trouble_of_the_api_is_not_tried_on_everybody(
    logins: Logins, alice: Login, sandbox: Sandbox, api: ApiClient
) -> None:
    logins.create("bob", "any")
    sandbox.be_slow(5, path="/me")
    before = sandbox.counters().requests

    with pytest.raises(NoAnswerError):
        logins.authorized_by_anyone(api.me)

    assert logins.get(alice.id) == alice
    assert sandbox.counters().requests - before <= 3
