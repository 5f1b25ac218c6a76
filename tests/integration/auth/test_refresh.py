"""Token refresh: once per expiry, never in a loop, seldom while it fails, and never against a logout."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest

from aircall.api.client import ApiClient
from aircall.auth.login import Login
from aircall.auth.logins import Logins
from aircall.auth.refresh import ERROR_BY_NAME, URGENT_RETRY_INTERVAL, RefreshBackoff
from aircall.errors import (
    AircallError,
    LoginEndedError,
    NoResponseError,
    PoolExhaustedError,
    UnauthorizedError,
)
from aircall.models import TokenGrant
from tests.integration.auth.environment import (
    DUE,
    EXPIRED,
    REFRESH,
    THREADS,
    Environment,
    environment,
    run_together,
)
from tests.support.log_lines import written
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

FAULTS: dict[str, Callable[[Sandbox], None]] = {
    "503": lambda sandbox: sandbox.answer_503(times=None, path=REFRESH),
    "429": lambda sandbox: sandbox.answer_with(429, b"{}", times=None, path=REFRESH),
    "403": lambda sandbox: sandbox.refuse_refresh(403),
    "404": lambda sandbox: sandbox.refuse_refresh(404),
    "not JSON": lambda sandbox: sandbox.answer_with(200, b"<html>", "text/html", times=None, path=REFRESH),
    "no token in it": lambda sandbox: sandbox.answer_with(201, b"{}", times=None, path=REFRESH),
    "cut short": lambda sandbox: sandbox.answer_with(201, b"{", missing=9, times=None, path=REFRESH),
    "no answer": lambda sandbox: sandbox.be_slow(5, path=REFRESH),
}


@pytest.fixture
def hasty(sandbox: Sandbox, tmp_path: Path) -> Iterator[Environment]:
    """Logins whose API client gives up after half a second, while the clock stands still."""
    with environment(sandbox, tmp_path, deadline=0.5, is_clock_running=False) as env:
        yield env


def refresh_due(env: Environment, login: Login, ahead: float = DUE) -> Login:
    """Use the login when its token is due, and return it after the refresh in the background."""
    env.clock.ahead = ahead
    assert env.logins.with_token(login.id, env.api.me) == login.user
    env.background.join()
    return env.logins.get(login.id)


def test_a_token_that_is_due_is_refreshed_once_and_both_are_new(env: Environment, alice: Login) -> None:
    env.clock.ahead = 470
    assert env.logins.get_fresh(alice.id) == alice
    assert env.sandbox.counters().refreshes == 0

    renewed = refresh_due(env, alice)

    assert env.logins.get_fresh(alice.id) == renewed
    assert env.sandbox.counters().refreshes == 1
    assert (renewed.user, renewed.generation) == (alice.user, 2)
    assert renewed.tokens.access != alice.tokens.access
    assert renewed.tokens.refresh != alice.tokens.refresh
    assert renewed.access_expires_at > alice.access_expires_at + 490
    env.clock.ahead = DUE + 3590
    assert env.is_stored(alice.id)
    env.clock.ahead = DUE + 3610
    assert not env.is_stored(alice.id)


def test_a_login_without_a_refresh_token_uses_the_deprecated_endpoint(env: Environment) -> None:
    env.sandbox.login_without_refresh_token()
    alice = env.logins.create("alice", "any")

    for ahead, generation in ((DUE, 2), (DUE, 2), (2 * DUE, 3)):
        assert refresh_due(env, alice, ahead).generation == generation

    counters = env.sandbox.counters()
    assert (counters.deprecated_refreshes, counters.refreshes) == (2, 0)
    assert env.logins.get(alice.id).tokens.refresh is None
    env.sandbox.expire_access_tokens()
    with pytest.raises(LoginEndedError, match=r"^The API refuses to refresh the login\.$"):
        env.logins.with_token(alice.id, env.api.me)
    assert not env.is_stored(alice.id)


def test_a_token_refused_early_is_refreshed_and_the_request_repeated(env: Environment, alice: Login) -> None:
    call = env.sandbox.calls()[0]
    env.sandbox.expire_access_tokens()
    before = env.sandbox.counters()

    changed = env.logins.with_token(alice.id, partial(env.api.toggle_archived, call_id=call["id"]))

    after = env.sandbox.counters()
    assert changed.is_archived is not call["is_archived"]
    assert after.requests - before.requests == 3
    assert (after.refreshes, after.unauthorized, after.archive_flips) == (1, 1, 1)


def test_a_new_token_that_is_refused_too_ends_the_login(env: Environment, alice: Login) -> None:
    env.sandbox.answer_with(401, b"{}", times=None, path="/me")
    before = env.sandbox.counters().requests

    with pytest.raises(LoginEndedError, match=r"^The API refuses a token it has just issued\.$"):
        env.logins.with_token(alice.id, env.api.me)

    assert env.sandbox.counters().refreshes == 1
    assert env.sandbox.counters().requests - before == 3


@pytest.mark.parametrize("expired_count", [2, 3])
def test_tokens_that_expire_before_they_are_used_do_not_end_the_login(
    env: Environment, alice: Login, expired_count: int
) -> None:
    used: list[str] = []

    def arrive_late(token: str) -> str:
        used.append(token)
        if len(used) <= expired_count:
            # As on an overloaded machine.
            env.clock.ahead += EXPIRED
            raise UnauthorizedError("Unauthorized")
        return token

    if expired_count == 2:
        assert env.logins.with_token(alice.id, arrive_late) == used[-1]
    else:
        with pytest.raises(PoolExhaustedError):
            env.logins.with_token(alice.id, arrive_late)

    assert len(set(used)) == 3
    assert env.is_stored(alice.id)
    assert env.sandbox.counters().refreshes == 2


@pytest.mark.parametrize(
    ("lifetime", "delay", "generations"),
    [("1.5", 0.0, 3), ("1.5", 2.0, 2)],
    ids=["fast", "slower than a token's life"],
)
def test_each_token_is_refreshed_once_and_no_request_fails_even_if_reuse_is_punished(
    tmp_path: Path, lifetime: str, delay: float, generations: int
) -> None:
    with (
        Sandbox.start("--access-ttl", lifetime, "--refresh-ttl", "60", "--strict-rotation") as sandbox,
        environment(sandbox, tmp_path) as env,
    ):
        sandbox.be_slow(delay, path=REFRESH)
        login = env.logins.create("alice", "any")

        def keep_requesting() -> int:
            count = 0
            while env.logins.get(login.id).generation < generations:
                assert env.logins.with_token(login.id, env.api.me) == login.user
                count += 1
            return count

        counts = run_together(keep_requesting)

        assert sum(count for count in counts if isinstance(count, int)) > generations
        assert [count for count in counts if isinstance(count, AircallError)] == []
        assert sandbox.counters().refreshes == env.logins.get(login.id).generation - 1
        assert env.logins.with_token(login.id, env.api.me) == login.user


def test_a_token_that_many_threads_are_refused_with_is_refreshed_once(env: Environment, alice: Login) -> None:
    env.sandbox.strict_rotation()
    env.sandbox.expire_access_tokens()

    results = run_together(lambda: env.logins.with_token(alice.id, env.api.me))

    assert results == [alice.user] * THREADS
    assert env.sandbox.counters().refreshes == 1


def test_threads_that_waited_for_a_failed_refresh_do_not_repeat_it(hasty: Environment) -> None:
    login = hasty.logins.create("alice", "any")
    hasty.clock.ahead = EXPIRED
    hasty.sandbox.be_slow(5, path=REFRESH)
    before = hasty.sandbox.counters().requests

    results = run_together(lambda: hasty.logins.get_fresh(login.id))

    assert {type(result) for result in results} == {NoResponseError}
    assert hasty.sandbox.counters().requests - before == 1
    assert hasty.is_stored(login.id)


def test_a_token_is_used_while_another_thread_refreshes_it(env: Environment, alice: Login) -> None:
    logins = Logins(env.store, env.api, env.clock, refresh_wait=0.05, run_later=env.background)
    with env.store.lock(f"login:{alice.id}", 0):
        env.clock.ahead = DUE
        assert logins.get_fresh(alice.id) == alice

        env.clock.ahead = EXPIRED
        with pytest.raises(NoResponseError, match=r"^The access token could not be refreshed in time\.$"):
            logins.get_fresh(alice.id)

    assert env.is_stored(alice.id)


def test_a_hanging_refresh_delays_no_request_while_the_token_is_valid(env: Environment, alice: Login) -> None:
    logins = Logins(env.store, env.api, env.clock)
    env.sandbox.be_slow(30, path=REFRESH)
    env.clock.ahead = DUE

    assert [logins.with_token(alice.id, env.api.me) for _ in range(3)] == [alice.user] * 3
    # Had a request waited for it, the refresh would have been given up by now.
    env.sandbox.clear_faults()
    wait_until(lambda: "token-refresh" not in {thread.name for thread in threading.enumerate()})
    assert logins.get(alice.id).generation == 2


@pytest.mark.parametrize("ahead", [DUE, EXPIRED])
def test_a_hanging_refresh_delays_no_other_login(env: Environment, alice: Login, ahead: float) -> None:
    bob = env.logins.create("bob", "any")
    env.clock.ahead = ahead
    env.sandbox.be_slow(30, times=1, path=REFRESH)
    before = env.sandbox.counters().requests
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(env.logins.get_fresh, alice.id)
        wait_until(lambda: env.sandbox.counters().requests > before, what="Alice's refresh")

        env.logins.get_fresh(bob.id)
        wait_until(lambda: env.logins.get(bob.id).generation == 2, what="Bob's refresh")

        assert env.logins.get(alice.id).generation == 1
        env.sandbox.clear_faults()
        hanging.result(10)


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("ahead", [DUE, EXPIRED])
def test_a_refused_refresh_ends_the_login(env: Environment, alice: Login, status: int, ahead: float) -> None:
    env.sandbox.refuse_refresh(status)
    env.clock.ahead = ahead

    with suppress(LoginEndedError):
        # While the token is valid, the next request meets the end.
        env.logins.get_fresh(alice.id)
    env.background.join()

    with pytest.raises(LoginEndedError):
        env.logins.get_fresh(alice.id)
    assert not env.is_stored(alice.id)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_any_other_failure_is_not_noticed_while_the_token_is_valid_and_never_ends_a_login(
    hasty: Environment, fault: Callable[[Sandbox], None]
) -> None:
    alice = hasty.logins.create("alice", "any")
    fault(hasty.sandbox)
    assert refresh_due(hasty, alice) == alice
    hasty.clock.ahead = EXPIRED

    with pytest.raises(AircallError) as caught:
        hasty.logins.get_fresh(alice.id)

    assert not isinstance(caught.value, LoginEndedError)
    assert hasty.is_stored(alice.id)
    hasty.sandbox.clear_faults()
    hasty.clock.ahead += URGENT_RETRY_INTERVAL
    assert hasty.logins.get_fresh(alice.id).generation == 2


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("503", list(range(480, 600, 10))),
        # An API that punishes the reuse of a refresh token would end the login.
        ("not JSON", [480, 570, 580, 590]),
        ("no answer", [480, 570, 580, 590]),
    ],
)
def test_a_failed_refresh_is_retried_every_ten_seconds_or_after_a_lost_response_in_the_last_thirty(
    hasty: Environment, name: str, seconds: list[int]
) -> None:
    alice = hasty.logins.create("alice", "any")
    FAULTS[name](hasty.sandbox)
    asked: list[int] = []

    for second in range(470, 600, 5):
        hasty.clock.ahead = second
        before = hasty.sandbox.counters().requests
        for _ in range(2):
            assert hasty.logins.get_fresh(alice.id) == alice
        hasty.background.join()
        asked += [second] * (hasty.sandbox.counters().requests - before)

    assert asked == seconds


def test_a_storage_error_in_the_background_is_logged_by_its_type_alone(
    env: Environment, alice: Login, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env.clock.ahead = DUE

    def break_storage_first(task: Callable[[], None]) -> None:
        with closing(sqlite3.connect(tmp_path / "sessions.db")) as connection:
            connection.execute("drop table records")
        task()

    Logins(env.store, env.api, env.clock, run_later=break_storage_first).get_fresh(alice.id)

    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert alice.id not in written(record)


class PacedClient(ApiClient):
    """The real client, which calls `action` before or after each refresh."""

    def __init__(self, url: str, moment: str, action: Callable[[], object]) -> None:
        super().__init__(url)
        self._moment, self._action = moment, action

    def refresh(self, refresh_token: str) -> TokenGrant:
        if self._moment == "before":
            self._action()
        try:
            return super().refresh(refresh_token)
        finally:
            if self._moment == "after":
                self._action()


@pytest.mark.parametrize("is_waited_for", [False, True])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("status", [None, 401, 503])
def test_a_logout_wins_whatever_the_outcome_of_the_refresh(
    env: Environment, alice: Login, is_waited_for: bool, moment: str, status: int | None
) -> None:
    if status is not None:
        env.sandbox.refuse_refresh(status)
    env.clock.ahead = DUE
    with closing(PacedClient(env.sandbox.url, moment, lambda: env.logins.end(alice.id))) as api:
        logins = Logins(env.store, api, env.clock, run_later=lambda task: task())
        if is_waited_for:
            with pytest.raises(AircallError):
                logins.get_fresh(alice.id, refused=alice.generation)
        else:
            logins.get_fresh(alice.id)

    assert not env.is_stored(alice.id)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_of_two_processes_that_refresh_at_once_the_second_uses_the_tokens_of_the_first(
    env: Environment, alice: Login, tmp_path: Path, moment: str
) -> None:
    # The second refresh is refused where the first one has used the refresh token before.
    env.sandbox.strict_rotation(moment == "before")
    # Another store on the same file shares the records, and like another process none of the locks.
    with environment(env.sandbox, tmp_path) as other:
        first = partial(other.logins.get_fresh, alice.id, refused=alice.generation)
        with closing(PacedClient(env.sandbox.url, moment, first)) as api:
            found = Logins(env.store, api, env.clock).get_fresh(alice.id, refused=alice.generation)

    assert found.generation == 2
    assert found == env.logins.get(alice.id)
    assert env.logins.with_token(alice.id, env.api.me) == alice.user


@pytest.mark.parametrize("kind", ERROR_BY_NAME.values())
def test_another_process_meets_the_same_failure(
    env: Environment, alice: Login, kind: type[AircallError]
) -> None:
    error = kind("A reason.", retry_after=7)
    RefreshBackoff(env.store, env.clock).record(alice, error)

    other = RefreshBackoff(env.store, env.clock)
    with pytest.raises(kind, match=r"^A reason\.$") as caught:
        other.raise_recent(alice.id, env.clock())

    assert caught.value.retry_after == 7
    assert caught.value.is_executed_possible == error.is_executed_possible
    assert not other.may_retry(alice.id)
