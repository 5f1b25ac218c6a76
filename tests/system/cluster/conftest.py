"""Several instances on one sandbox and one Redis, which work as one dashboard."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.dashboard import log_in
from tests.support.redis_server import RedisServer, running_redis
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.system.cluster.instance import Pair, serving


@contextmanager
def pair_of(
    sandbox: Sandbox, redis: RedisServer, data_dir: Path, *, is_quick: bool = False, **more: str
) -> Iterator[Pair]:
    """The leader and another instance, once live updates are on."""
    with (
        serving(sandbox, redis, data_dir, is_quick=is_quick, **more) as first,
        serving(sandbox, redis, data_dir, is_quick=is_quick, **more) as second,
    ):
        log_in(first.address, "carol")
        wait_until(lambda: sandbox.counters().subscriptions_now == 1, 60, "the subscription")
        wait_until(lambda: first.is_leader or second.is_leader, 60, "a leader")
        yield (first, second) if first.is_leader else (second, first)


@pytest.fixture(scope="module")
def durable_redis() -> Iterator[RedisServer]:
    """The Redis of a file, which keeps its data when it is killed."""
    with running_redis(is_durable=True) as server:
        yield server


@pytest.fixture(scope="module")
def shared_pair(
    sandbox_process: Sandbox, durable_redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """The two instances of a file. Tests that leave both of them running ask for `pair`."""
    with pair_of(sandbox_process, durable_redis, tmp_path_factory.mktemp("pair")) as pair:
        yield pair


@pytest.fixture
def pair(shared_pair: Pair, sandbox: Sandbox) -> Pair:
    """The leader and another instance, their sandbox as new."""
    wait_until(lambda: sandbox.counters().subscriptions_now == 0, what="the end of the last test")
    return shared_pair


@pytest.fixture
def cookie(pair: Pair, sandbox: Sandbox) -> str:
    """Alice's session, made by the instance that does not lead, once live updates are on."""
    cookie = log_in(pair[1].address)
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, 60, "the subscription")
    return cookie


@pytest.fixture
def call_ids(sandbox: Sandbox) -> list[str]:
    """The calls in the inbox."""
    return [call["id"] for call in sandbox.calls() if not call["is_archived"]]
