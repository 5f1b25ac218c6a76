"""Several instances on one sandbox and one Redis, which work as one dashboard."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chaos.instance import Instance, serving
from tests.support.dashboard import log_in
from tests.support.redis_server import RedisServer, running_redis
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

Serve = Callable[..., Instance]


@pytest.fixture
def durable_redis() -> Iterator[RedisServer]:
    """A Redis of the test's own, which keeps what it was told when it is killed."""
    with running_redis(is_durable=True) as server:
        yield server


@pytest.fixture
def serve(sandbox: Sandbox, durable_redis: RedisServer, tmp_path: Path) -> Iterator[Serve]:
    """Starts an instance; settings by their names. All of them end with the test."""
    with ExitStack() as stack:

        def start(**more: str) -> Instance:
            return stack.enter_context(serving(sandbox, durable_redis, tmp_path / "data", **more))

        yield start


@pytest.fixture
def pair(serve: Serve, sandbox: Sandbox) -> tuple[Instance, Instance]:
    """The owner and another instance, once live updates are on their way."""
    first, second = serve(), serve()
    log_in(first.address, "somebody")
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, 20, "the subscription")
    wait_until(lambda: first.is_leader or second.is_leader, 20, "an owner")
    return (first, second) if first.is_leader else (second, first)


@pytest.fixture
def cookie(pair: tuple[Instance, Instance]) -> str:
    """Alice's session, by whichever of the two."""
    return log_in(pair[1].address)
