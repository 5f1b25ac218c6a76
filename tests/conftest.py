"""What tests of every kind share: one sandbox and one Redis for the whole run, as new for each test."""

from collections.abc import Iterator

import pytest

from tests.support.redis_server import RedisServer, running_redis
from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """One sandbox with the recorded calls for the whole run. Tests ask for `sandbox` instead."""
    with Sandbox.start() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """The sandbox in the state of its start. It keeps nothing of the test before."""
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture
def rest(sandbox: Sandbox) -> Iterator[RestClient]:
    """Alice, signed in at the API itself, not at the dashboard."""
    with signed_in(sandbox.url) as client:
        yield client


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for the whole run. Tests ask for `redis` instead."""
    with running_redis() as server:
        yield server


@pytest.fixture
def redis(redis_server: RedisServer) -> RedisServer:
    """A Redis that holds nothing yet."""
    redis_server.clear()
    return redis_server


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis to which anything may be done."""
    with running_redis() as server:
        yield server
