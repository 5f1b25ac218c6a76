"""Processes that share logins refresh a token once, and share its failures and its end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from aircall.errors import LoginEndedError, ServerError
from tests.integration.auth.environment import DUE, EXPIRED, REFRESH, Environment, environment
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox

PROCESSES, THREADS_EACH = 3, 4


@pytest.fixture
def processes(sandbox: Sandbox, redis: RedisServer, tmp_path: Path) -> Iterator[list[Environment]]:
    """Processes that share one Redis."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(environment(sandbox, tmp_path, is_clock_running=False, redis_url=redis.url))
            for _ in range(PROCESSES)
        ]


@pytest.mark.parametrize("delay", [0, 1.5])
def test_an_expired_token_is_refreshed_once(
    processes: list[Environment], sandbox: Sandbox, delay: float
) -> None:
    login = processes[0].logins.create("alice", "any")
    sandbox.strict_rotation(True)
    sandbox.be_slow(delay, path=REFRESH)
    for process in processes:
        process.clock.ahead = EXPIRED

    with ThreadPoolExecutor(PROCESSES * THREADS_EACH) as pool:
        found = list(pool.map(lambda process: process.logins.get_fresh(login.id), processes * THREADS_EACH))

    assert {login.generation for login in found} == {2}
    assert sandbox.counters().refreshes == 1


def test_one_processs_failure_is_not_repeated_by_others(
    processes: list[Environment], sandbox: Sandbox
) -> None:
    first, second, third = processes
    login = first.logins.create("alice", "any")
    sandbox.answer_503(times=None, path=REFRESH)
    for process in processes:
        process.clock.ahead = DUE
    first.logins.get_fresh(login.id)
    first.background.join()
    before = sandbox.counters().requests

    assert second.logins.get_fresh(login.id) == login
    second.background.join()
    with pytest.raises(ServerError):
        third.logins.get_fresh(login.id, refused=login.generation)

    assert sandbox.counters().requests == before


def test_a_logout_counts_in_all_processes(processes: list[Environment]) -> None:
    first, second, _ = processes
    login = first.logins.create("alice", "any")
    assert second.logins.get_fresh(login.id) == login

    first.logins.end(login.id)

    with pytest.raises(LoginEndedError):
        second.logins.get_fresh(login.id)
    assert second.store.keys("") == []
