"""Refreshing: before the end of a token, or when the API refuses it early, once and never in a loop."""

from functools import partial

import pytest

from aircall.api.client import ApiClient
from aircall.auth.login import Login
from aircall.auth.logins import Logins
from aircall.errors import LoginEndedError, PoolExhaustedError, ServerError, UnauthorizedError
from tests.integration.auth.rooms import Clock, Rooms
from tests.support.sandbox import Sandbox

# In this many seconds a token of ten minutes is due.
DUE = 500.0


def test_a_token_that_is_good_for_a_while_is_used_as_it_is(
    logins: Logins, clock: Clock, alice: Login, sandbox: Sandbox
) -> None:
    clock.ahead = 470

    assert logins.get_fresh(alice.id) == alice
    assert sandbox.counters().refreshes == 0


def test_a_token_that_is_due_is_refreshed_once_and_both_are_new(
    here: Rooms, alice: Login, sandbox: Sandbox
) -> None:
    here.clock.ahead = DUE

    assert here.logins.get_fresh(alice.id) == alice
    here.later.settle()

    renewed = here.logins.get(alice.id)
    assert here.logins.get_fresh(alice.id) == renewed
    assert sandbox.counters().refreshes == 1
    assert renewed.user == alice.user
    assert renewed.generation == 2
    assert renewed.tokens.access != alice.tokens.access
    assert renewed.tokens.refresh != alice.tokens.refresh
    assert renewed.access_expires_at > alice.access_expires_at + 490
    assert renewed.expires_at > alice.expires_at + 490


@pytest.mark.parametrize("shift", [-120, 120])
def test_an_api_whose_clock_is_wrong_is_asked_at_the_right_time_all_the_same(
    here: Rooms, sandbox: Sandbox, shift: float
) -> None:
    sandbox.shift_clock(shift)
    alice = here.logins.create("alice", "any")

    here.clock.ahead = 470
    assert here.logins.with_token(alice.id, here.api.me).username == "alice"
    assert sandbox.counters().refreshes == 0
    here.clock.ahead = DUE
    assert here.logins.with_token(alice.id, here.api.me).username == "alice"
    here.later.settle()

    assert sandbox.counters().refreshes == 1
    assert sandbox.counters().unauthorized == 0


@pytest.mark.parametrize("shift", [-700, 700])
def test_an_api_whose_clock_jumps_is_followed_with_one_refresh_at_most(
    logins: Logins, alice: Login, sandbox: Sandbox, api: ApiClient, shift: float
) -> None:
    sandbox.shift_clock(shift)

    for _ in range(3):
        assert logins.with_token(alice.id, api.me).username == "alice"

    assert sandbox.counters().refreshes == (shift > 0)


def test_a_renewed_login_ends_with_its_new_refresh_token(here: Rooms, alice: Login) -> None:
    here.clock.ahead = DUE
    here.logins.get_fresh(alice.id)
    here.later.settle()

    here.clock.ahead = DUE + 3590
    assert here.is_kept(alice.id)
    here.clock.ahead = DUE + 3610
    assert not here.is_kept(alice.id)


def test_a_token_that_is_refused_early_is_refreshed_once_and_the_request_run_once_more(
    logins: Logins, alice: Login, sandbox: Sandbox, api: ApiClient
) -> None:
    sandbox.expire_access_tokens()
    before = sandbox.counters()

    assert logins.with_token(alice.id, api.me) == alice.user

    after = sandbox.counters()
    assert after.requests - before.requests == 3
    assert (after.refreshes, after.unauthorized) == (1, 1)


def test_a_change_that_was_refused_for_its_token_is_made_once(
    logins: Logins, alice: Login, sandbox: Sandbox, api: ApiClient
) -> None:
    call = sandbox.calls()[0]
    sandbox.expire_access_tokens()

    changed = logins.with_token(alice.id, partial(api.toggle_archived, call_id=call["id"]))

    assert changed.is_archived is not call["is_archived"]
    assert sandbox.counters().archive_flips == 1


def test_a_new_token_that_is_refused_too_leads_to_the_login_and_not_into_a_loop(
    logins: Logins, alice: Login, sandbox: Sandbox, api: ApiClient
) -> None:
    sandbox.answer_with(401, b"{}", times=None, path="/me")
    before = sandbox.counters()

    with pytest.raises(LoginEndedError, match=r"^The API refuses a token it has just issued\.$"):
        logins.with_token(alice.id, api.me)

    after = sandbox.counters()
    assert after.refreshes == 1
    assert after.requests - before.requests == 3


def test_a_token_that_ended_on_the_way_says_nothing_of_the_login(here: Rooms, alice: Login) -> None:
    used: list[str] = []

    def arrive_late(token: str) -> str:
        used.append(token)
        if len(used) < 3:
            # A crowded machine: until this is read, the token's life is over.
            here.clock.ahead += 601
            raise UnauthorizedError("Unauthorized")
        return token

    assert here.logins.with_token(alice.id, arrive_late) == used[-1]
    assert len(set(used)) == 3


def test_tokens_that_always_end_on_the_way_end_the_request_and_not_the_login(
    here: Rooms, alice: Login, sandbox: Sandbox
) -> None:
    def never_arrive(_token: str) -> str:
        here.clock.ahead += 601
        raise UnauthorizedError("Unauthorized")

    with pytest.raises(PoolExhaustedError):
        here.logins.with_token(alice.id, never_arrive)

    assert here.is_kept(alice.id)
    assert sandbox.counters().refreshes == 2


def test_what_goes_wrong_with_the_request_itself_is_told(
    logins: Logins, alice: Login, sandbox: Sandbox, api: ApiClient
) -> None:
    sandbox.answer_with(500, b"", times=None, path="/me")

    with pytest.raises(ServerError):
        logins.with_token(alice.id, api.me)

    assert logins.get(alice.id) == alice


def test_a_login_without_a_refresh_token_is_renewed_by_the_deprecated_endpoint(
    here: Rooms, sandbox: Sandbox
) -> None:
    sandbox.login_without_refresh_token()
    alice = here.logins.create("alice", "any")
    here.clock.ahead = DUE

    for generation in (2, 2, 3):
        here.clock.ahead += DUE * (generation == 3)
        assert here.logins.with_token(alice.id, here.api.me) == alice.user
        here.later.settle()
        assert here.logins.get(alice.id).generation == generation

    counters = sandbox.counters()
    assert (counters.deprecated_refreshes, counters.refreshes) == (2, 0)
    assert here.logins.get(alice.id).tokens.refresh is None


def test_a_login_without_a_refresh_token_ends_when_its_token_is_refused(
    here: Rooms, sandbox: Sandbox
) -> None:
    sandbox.login_without_refresh_token()
    alice = here.logins.create("alice", "any")
    sandbox.expire_access_tokens()

    with pytest.raises(LoginEndedError, match=r"^The API refuses to refresh the login\.$"):
        here.logins.with_token(alice.id, here.api.me)

    assert not here.is_kept(alice.id)
