"""What tests of every kind share: a sandbox, a PostgreSQL and a Redis for the whole run, as new each time."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine

from aircall.storage.database import open_database
from tests.support.dashboard import SharedDashboard
from tests.support.postgres import Postgres, running_postgres
from tests.support.redis_server import RedisServer, running_redis
from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch

# No deadline and no check of speed: a busy machine would fail them. Property tests that share a fixture
# between examples reset it themselves.
for _profile, _max_examples in (("local", 25), ("ci", 150)):
    hypothesis_settings.register_profile(
        _profile,
        max_examples=_max_examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
hypothesis_settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """One sandbox with the recorded calls for the whole run. Tests ask for `sandbox` instead."""
    with Sandbox.start() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """The sandbox in the state of its start: the shared dashboard's for tests that use that, else another."""
    if "shared" in request.fixturenames:
        shared: SharedDashboard = request.getfixturevalue("shared")
        sandbox = shared.sandbox
    else:
        sandbox = request.getfixturevalue("sandbox_process")
    sandbox.reset()
    yield sandbox
    # Tests that do not ask for this fixture use the shared dashboard too.
    sandbox.reset()


@pytest.fixture
def address(shared: SharedDashboard, sandbox: Sandbox) -> str:
    """Where the shared dashboard is served, as new for each test. It is not to be stopped or broken."""
    assert sandbox is shared.sandbox
    return shared.address


@pytest.fixture
def rest(sandbox: Sandbox) -> Iterator[RestClient]:
    """Alice, signed in at the API itself, not at the dashboard."""
    with signed_in(sandbox.url) as client:
        yield client


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One PostgreSQL for the whole run. Tests ask for `postgres` instead."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: Postgres) -> Postgres:
    """A PostgreSQL that holds nothing yet."""
    postgres_server.clear()
    return postgres_server


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    """A SQLite file that holds nothing yet."""
    engine = open_database(f"sqlite:///{tmp_path / 'test.db'}")
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database of either kind that holds nothing yet."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite")
        return
    engine = open_database(request.getfixturevalue("postgres").url)
    yield engine
    engine.dispose()


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


@pytest.fixture
def took(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Stopwatch:
    """Measures a block, for people to read: `with took("shown on 8 pages"): …`. Asserts nothing."""

    @contextmanager
    def measure(what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        seconds = time.monotonic() - began
        record_property(what, round(seconds, 3))
        if path := os.environ.get("MEASURED_FILE"):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(f"{request.node.name}: {what}: {seconds:.2f} s\n")

    return measure
