"""Many threads with one login: one refresh per expiry, and no request that fails."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aircall.auth.login import Login
from aircall.auth.logins import Logins
from aircall.errors import NoResponseError
from tests.integration.auth.rooms import Rooms, rooms
from tests.integration.auth.threads import THREADS, together
from tests.support.sandbox import Sandbox

REFRESH = "/auth/refresh-token"
# In this many seconds a token of ten minutes is expired.
EXPIRED = 601.0


def use_up(here: Rooms, login: Login, generations: int) -> int:
    """Make requests without pause until so many generations have been; how many requests that were."""

    def keep_asking(_: int) -> int:
        count = 0
        while here.logins.get(login.id).generation < generations:
            assert here.logins.with_token(login.id, here.api.me) == login.user
            count += 1
        return count

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(keep_asking, range(THREADS)))


@pytest.mark.parametrize(
    ("life", "delay", "generations"),
    [("0.5", 0.0, 5), ("2", 1.5, 3), ("2", 4.0, 2)],
    ids=["fast", "slow", "slower than a token's life"],
)
def test_each_token_is_refreshed_once_and_no_request_fails_even_if_reuse_is_punished(
    tmp_path: Path, life: str, delay: float, generations: int
) -> None:
    with (
        Sandbox.start("--access-ttl", life, "--refresh-ttl", "60", "--strict-rotation") as sandbox,
        rooms(sandbox.url, tmp_path) as here,
    ):
        sandbox.be_slow(delay, path=REFRESH)
        login = here.logins.create("alice", "any")

        requests = use_up(here, login, generations)

        assert requests > generations
        assert sandbox.counters().refreshes == here.logins.get(login.id).generation - 1
        assert here.logins.with_token(login.id, here.api.me) == login.user


def test_a_token_that_everybody_is_refused_with_is_refreshed_once(here: Rooms, sandbox: Sandbox) -> None:
    login = here.logins.create("alice", "any")
    sandbox.strict_rotation()
    sandbox.expire_access_tokens()

    outcomes = together(lambda: here.logins.with_token(login.id, here.api.me))

    assert outcomes == [login.user] * THREADS
    assert sandbox.counters().refreshes == 1


def test_who_waited_for_a_refresh_that_failed_does_not_try_it_again(sandbox: Sandbox, tmp_path: Path) -> None:
    with rooms(sandbox.url, tmp_path, deadline=0.5) as here:
        login = here.logins.create("alice", "any")
        here.clock.ahead = EXPIRED
        sandbox.be_slow(5, path=REFRESH)
        before = sandbox.counters().requests

        outcomes = together(lambda: here.logins.get_fresh(login.id))

        assert {type(outcome) for outcome in outcomes} == {NoResponseError}
        assert sandbox.counters().requests - before == 1
        assert here.is_kept(login.id)


class TickingClock:
    """A clock that goes on by a second each time somebody looks at it."""

    def __init__(self, now: float) -> None:
        self._now = now - 1

    def __call__(self) -> float:
        """The time."""
        self._now += 1
        return self._now


def test_a_token_that_dies_while_another_refreshes_it_is_still_handed_out(here: Rooms) -> None:
    login = here.logins.create("alice", "any")
    logins = Logins(here.store, here.api, TickingClock(login.access_expires_at - 2.5))

    with here.store.lock(f"login:{login.id}", 0):
        # Whoever uses it meets the API's 401, which is repaired.
        assert logins.get_fresh(login.id) == login


def test_who_waits_in_vain_for_a_refresh_is_told_so_and_the_login_stays(here: Rooms) -> None:
    login = here.logins.create("alice", "any")
    here.clock.ahead = EXPIRED

    with (
        here.store.lock(f"login:{login.id}", 0),
        pytest.raises(NoResponseError, match=r"^The access token could not be refreshed in time\.$"),
    ):
        Logins(here.store, here.api, here.clock, refresh_wait=0.05).get_fresh(login.id)

    assert here.is_kept(login.id)
