"""An API that refuses to refresh, or cannot: what ends a login, and what nobody notices."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from aircall.api.client import ApiClient
from aircall.auth.login import Login
from aircall.auth.logins import Logins
from aircall.auth.refresh import URGENT_RETRY_INTERVAL
from aircall.errors import AircallError, LoginEndedError, NoResponseError
from tests.integration.auth.rooms import Rooms, rooms
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


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("ahead", [DUE, EXPIRED])
def test_a_refused_refresh_ends_the_login(
    here: Rooms, alice: Login, sandbox: Sandbox, status: int, ahead: float
) -> None:
    sandbox.refuse_refresh(status)
    here.clock.ahead = ahead

    with suppress(LoginEndedError):
        # While the token lives, the next request learns of it.
        here.logins.get_fresh(alice.id)
    here.later.settle()

    with pytest.raises(LoginEndedError):
        here.logins.get_fresh(alice.id)

    assert not here.is_kept(alice.id)


@pytest.mark.parametrize("trouble", FAULTS.values(), ids=FAULTS)
def test_trouble_with_the_refresh_is_noticed_by_nobody_while_the_token_lives(
    here: Rooms, alice: Login, sandbox: Sandbox, trouble: Callable[[Sandbox], None]
) -> None:
    trouble(sandbox)
    here.clock.ahead = DUE

    assert here.logins.with_token(alice.id, here.api.me) == alice.user
    here.later.settle()
    assert here.logins.get(alice.id) == alice


@pytest.mark.parametrize("trouble", FAULTS.values(), ids=FAULTS)
def test_trouble_with_the_refresh_never_ends_a_login_even_when_the_token_is_dead(
    here: Rooms, alice: Login, sandbox: Sandbox, trouble: Callable[[Sandbox], None]
) -> None:
    trouble(sandbox)
    here.clock.ahead = EXPIRED

    with pytest.raises(AircallError) as told:
        here.logins.get_fresh(alice.id)

    assert not isinstance(told.value, LoginEndedError)
    assert here.is_kept(alice.id)
    sandbox.clear_faults()
    here.clock.ahead += URGENT_RETRY_INTERVAL
    assert here.logins.get_fresh(alice.id).generation == 2


def test_a_refresh_that_works_again_is_used_as_soon_as_it_is_needed(
    here: Rooms, alice: Login, sandbox: Sandbox
) -> None:
    sandbox.answer_503(times=1, path=REFRESH)
    here.clock.ahead = DUE
    here.logins.get_fresh(alice.id)
    here.later.settle()

    here.clock.ahead += URGENT_RETRY_INTERVAL
    sandbox.expire_access_tokens()

    assert here.logins.get_fresh(alice.id, refused=alice.generation).generation == 2


def test_trouble_of_the_api_is_not_tried_on_everybody(
    logins: Logins, alice: Login, sandbox: Sandbox, api: ApiClient
) -> None:
    logins.create("bob", "any")
    sandbox.be_slow(5, path="/me")
    before = sandbox.counters().requests

    with pytest.raises(NoResponseError):
        logins.with_any_token(api.me)

    assert logins.get(alice.id) == alice
    assert sandbox.counters().requests - before <= 3


def test_a_failure_is_forgotten_when_a_refresh_works_and_does_not_put_the_next_one_off(
    tmp_path: Path,
) -> None:
    with (
        Sandbox.start("--access-ttl", "8") as sandbox,
        rooms(sandbox.url, tmp_path, is_clock_running=False) as here,
    ):
        alice = here.logins.create("alice", "any")
        sandbox.answer_503(times=1, path=REFRESH)
        # Due, expired, and the next one due: the failure would count until 16.5.
        for ahead, generation in [(6.5, 1), (8.6, 2), (15.5, 3)]:
            here.clock.ahead = ahead
            here.logins.get_fresh(alice.id)
            here.later.settle()

            assert here.logins.get(alice.id).generation == generation
