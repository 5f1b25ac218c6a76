"""A refresh during which the login ends, or another process refreshes it too."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from aircall.api.client import ApiClient
from aircall.auth.logins import Logins
from aircall.errors import AircallError, LoginEndedError
from aircall.models import TokenGrant
from tests.integration.auth.rooms import Rooms, rooms
from tests.support.sandbox import Sandbox

# In this many seconds a token of ten minutes is due.
DUE = 500.0


def test_a_logout_during_a_refresh_is_final_however_the_two_meet(here: Rooms) -> None:
    renewed_first, longest = 0, 99

    for head_start in range(longest + 1):
        login = here.logins.create("alice", "any")
        with ThreadPoolExecutor(1) as pool:
            refresh = pool.submit(here.logins.get_fresh, login.id, refused=login.generation)
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


def test_a_logout_during_a_refresh_in_the_background_is_final_however_the_two_meet(here: Rooms) -> None:
    renewed_first, longest = 0, 99

    for head_start in range(longest + 1):
        here.clock.ahead = 0
        login = here.logins.create("alice", "any")
        here.clock.ahead = DUE
        started: list[Callable[[], None]] = []
        logins = Logins(here.store, here.api, here.clock, run_later=started.append)
        logins.get_fresh(login.id)
        with ThreadPoolExecutor(1) as pool:
            refresh = pool.submit(started[0])
            looks = 0
            while not refresh.done() and (looks < head_start or head_start == longest):
                looks += here.is_kept(login.id)
            renewed_first += here.is_kept(login.id) and logins.get(login.id).generation == 2
            logins.end(login.id)

        assert refresh.exception() is None
        assert not here.is_kept(login.id)

    assert here.store.keys("") == []
    assert 0 < renewed_first <= longest


class PacedClient(ApiClient):
    """The real client, which calls `before` and `after` around each refresh."""

    def __init__(self, url: str, **paces: Callable[[], object]) -> None:
        super().__init__(url)
        self._paces = paces

    def refresh(self, refresh_token: str) -> TokenGrant:
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
            logins.get_fresh(login.id, refused=login.generation)

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
        first = partial(there.logins.get_fresh, login.id, refused=login.generation)
        with closing(PacedClient(sandbox.url, **{moment: first})) as api:
            found = Logins(here.store, api, here.clock).get_fresh(login.id, refused=login.generation)

    assert found.generation == 2
    assert found == here.logins.get(login.id)
    assert here.logins.with_token(login.id, here.api.me) == login.user
