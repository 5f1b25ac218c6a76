"""Logins that several processes share: as many refreshes as one process would send, and no more."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from aircall.errors import LoginEndedError, ServerError
from tests.integration.auth.rooms import Rooms, rooms
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox

REFRESH = "/auth/refresh-token"
DUE, EXPIRED = 500.0, 601.0
PROCESSES, THREADS_EACH = 3, 4


@pytest.fixture
def processes(sandbox: Sandbox, redis: RedisServer, tmp_path: Path) -> Iterator[list[Rooms]]:
    """The rooms of some processes that share one Redis."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(rooms(sandbox.url, tmp_path, is_clock_running=False, redis_url=redis.url))
            for _ in range(PROCESSES)
        ]


def put_forward(processes: list[Rooms], ahead: float) -> None:
    """It is so much later everywhere."""
    for here in processes:
        here.clock.ahead = ahead


@pytest.mark.parametrize("delay", [0, 1.5])
def test_a_token_that_expired_is_renewed_once_however_many_ask(
    processes: list[Rooms], sandbox: Sandbox, delay: float
) -> None:
    login = processes[0].logins.create("alice", "any")
    sandbox.strict_rotation(True)
    sandbox.be_slow(delay, path=REFRESH)
    put_forward(processes, EXPIRED)

    with ThreadPoolExecutor(PROCESSES * THREADS_EACH) as pool:
        found = list(pool.map(lambda here: here.logins.get_fresh(login.id), processes * THREADS_EACH))

    assert {login.generation for login in found} == {2}
    assert sandbox.counters().refreshes == 1


def test_trouble_that_one_process_met_is_not_sought_by_the_others(
    processes: list[Rooms], sandbox: Sandbox
) -> None:
    first, second, third = processes
    login = first.logins.create("alice", "any")
    sandbox.answer_503(times=None, path=REFRESH)
    put_forward(processes, DUE)
    first.logins.get_fresh(login.id)
    first.later.settle()
    before = sandbox.counters().requests

    assert second.logins.get_fresh(login.id) == login
    second.later.settle()
    with pytest.raises(ServerError):
        third.logins.get_fresh(login.id, refused=login.generation)

    assert sandbox.counters().requests == before


def test_a_logout_in_one_process_is_one_in_all(processes: list[Rooms]) -> None:
    first, second, _ = processes
    login = first.logins.create("alice", "any")
    assert second.logins.get_fresh(login.id) == login

    first.logins.end(login.id)

    with pytest.raises(LoginEndedError):
        second.logins.get_fresh(login.id)
    assert second.store.keys("") == []
