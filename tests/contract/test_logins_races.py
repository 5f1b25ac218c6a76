"""Many threads with one login: one refresh per expiry, and a logout that nothing undoes."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from aircall.client import ApiClient
from aircall.errors import AircallError, LoginEndedError, NoAnswerError
from aircall.login import Login
from aircall.logins import Logins
from aircall.models import Grant, User
from tests.contract.logging_in import Rooms, rooms
from tests.support.sandbox import Sandbox

REFRESH = "/auth/refresh-token"
THREADS = 10
# In this many seconds a token of ten minutes is expired.
EXPIRED = 601.0


@pytest.fixture
def here(sandbox: Sandbox, tmp_path: Path) -> Iterator[Rooms]:
    with rooms(sandbox.url, tmp_path) as here:
        yield here


def together(task: Callable[[], User | Login]) -> list[User | Login | AircallError]:
    """What this many threads get that begin at the same moment."""
    start = threading.Barrier(THREADS)

    def run(_: int) -> User | Login | AircallError:
        start.wait(10)
        try:
            return task()
        except AircallError as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def use_up(here: Rooms, login: Login, generations: int) -> int:
    """Make requests without pause until so many generations have been; how many requests that were."""

    def keep_asking(_: int) -> int:
        count = 0
        while here.logins.get(login.id).generation < generations:
            assert here.logins.authorized(login.id, here.api.me) == login.user
            count += 1
        return count

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(keep_asking, range(THREADS)))


@pytest.mark.parametrize(
    ("life", "delay", "generations"), [("0.5", 0.0, 5), ("0.6", 0.5, 4)], ids=["fast", "slow"]
)
def test_each_token_is_refreshed_once_and_no_request_fails_even_if_reuse_is_punished(
    tmp_path: Path, life: str, delay: float, generations: int
) -> None:
    with (
        Sandbox.start("--access-ttl", life, "--refresh-ttl", "60", "--strict-rotation") as sandbox,
        rooms(sandbox.url, tmp_path) as here,
    ):
        sandbox.be_slow(delay, path=REFRESH, applied=True)
        login = here.logins.create("alice", "any")

        requests = use_up(here, login, generations)

        assert requests > generations
        assert sandbox.counters().refreshes == here.logins.get(login.id).generation - 1
        assert here.logins.authorized(login.id, here.api.me) == login.user


def test_a_token_that_everybody_is_refused_with_is_refreshed_once(here: Rooms, sandbox: Sandbox) -> None:
    login = here.logins.create("alice", "any")
    sandbox.strict_rotation()
    sandbox.expire_access_tokens()

    outcomes = together(lambda: here.logins.authorized(login.id, here.api.me))

    assert outcomes == [login.user] * THREADS
    assert sandbox.counters().refreshes == 1


def test_who_waited_for_a_refresh_that_failed_does_not_try_it_again(sandbox: Sandbox, tmp_path: Path) -> None:
    with rooms(sandbox.url, tmp_path, deadline=0.5) as here:
        login = here.logins.create("alice", "any")
        here.clock.ahead = EXPIRED
        sandbox.be_slow(5, path=REFRESH)
        before = sandbox.counters().requests

        outcomes = together(lambda: here.logins.fresh(login.id))

        assert {type(outcome) for outcome in outcomes} == {NoAnswerError}
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
        assert logins.fresh(login.id) == login


def test_who_waits_in_vain_for_a_refresh_is_told_so_and_the_login_stays(here: Rooms) -> None:
    login = here.logins.create("alice", "any")
    here.clock.ahead = EXPIRED

    with here.store.lock(f"login:{login.id}", 0), pytest.raises(NoAnswerError):
        Logins(here.store, here.api, here.clock, refresh_wait=0.05).fresh(login.id)

    assert here.is_kept(login.id)


def test_a_logout_during_a_refresh_is_final_however_the_two_meet(here: Rooms) -> None:
    renewed_first, longest = 0, 99

    for head_start in range(longest + 1):
        login = here.logins.create("alice", "any")
        with ThreadPoolExecutor(1) as pool:
            refresh = pool.submit(here.logins.fresh, login.id, refused=login.generation)
            looks = 0
            # Each look into the store takes a part of the time that a refresh does.
            while not refresh.done() and (looks < head_start or head_start == longest):
                looks += here.is_kept(login.id)
            here.logins.end(login.id)
        renewed_first += refresh.exception() is None

        assert isinstance(refresh.exception(), LoginEndedError | None)
        assert not here.is_kept(login.id)

    assert here.store.keys("") == []
    assert 0 < renewed_first <= longest


class PacedClient(ApiClient):
    """The real client, which calls `before` and `after` around each refresh."""

    def __init__(self, url: str, **paces: Callable[[], object]) -> None:
        super().__init__(url)
        self._paces = paces

    def refresh(self, refresh_token: str) -> Grant:
        """A new pair of tokens, in its own time."""
        self._pace("before")
        try:
            return super().refresh(refresh_token)
        finally:
            self._pace("after")

    def _pace(self, moment: str) -> None:
        if moment in self._paces:
            self._paces[moment]()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("status", [None, 401, 503])
def test_a_logout_wins_whatever_the_refresh_comes_to(
    here: Rooms, sandbox: Sandbox, moment: str, status: int | None
) -> None:
    login = here.logins.create("alice", "any")
    if status is not None:
        sandbox.refuse_refresh(status)
    with closing(PacedClient(sandbox.url, **{moment: lambda: here.logins.end(login.id)})) as api:
        logins = Logins(here.store, api, here.clock)

        with pytest.raises(AircallError):
            logins.fresh(login.id, refused=login.generation)

    assert not here.is_kept(login.id)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_of_two_processes_that_refresh_at_once_the_second_takes_what_the_first_has_got(
    here: Rooms, sandbox: Sandbox, tmp_path: Path, moment: str
) -> None:
    login = here.logins.create("alice", "any")
    # The API refuses a refresh token that was used before, so that the second one's refresh is refused.
    sandbox.strict_rotation(moment == "before")
    # Another store on the same file shares its records, and like another process none of its locks.
    with rooms(sandbox.url, tmp_path) as there:
        first = partial(there.logins.fresh, login.id, refused=login.generation)
        with closing(PacedClient(sandbox.url, **{moment: first})) as api:
            found = Logins(here.store, api, here.clock).fresh(login.id, refused=login.generation)

    assert found.generation == 2
    assert found == here.logins.get(login.id)
    assert here.logins.authorized(login.id, here.api.me) == login.user
