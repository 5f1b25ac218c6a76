"""Two dashboards behind nginx that share a Redis and a PostgreSQL, and people who are signed in."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.deploy.nginx import Proxy, proxy_in, standing_before
from tests.deploy.rolling.instance import Instance
from tests.deploy.rolling.load import Person
from tests.deploy.test_behind_nginx import log_in
from tests.support.one_of_several import shared_settings
from tests.support.postgres import Postgres
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

STARTING_TIME = 45.0
PEOPLE = 3


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keep a figure in the file that `MEASURED_FILE` names."""

    def keep(figure: str) -> None:
        if path := os.environ.get("MEASURED_FILE"):
            with Path(path).open("a") as file:
                file.write(f"{request.node.name}: {figure}\n")

    return keep


@pytest.fixture
def proxy(tmp_path: Path) -> Proxy:
    """Where nginx answers."""
    return proxy_in(tmp_path)


@pytest.fixture
def pair(
    proxy: Proxy,
    sandbox: Sandbox,
    redis: RedisServer,
    postgres: Postgres,
    tmp_path: Path,
) -> Iterator[list[Instance]]:
    """Both instances, ready, with nginx in front of them."""
    settings = shared_settings(redis, postgres) | {"PUBLIC_ORIGIN": proxy.url}
    instances = [Instance(sandbox, tmp_path / f"data-{number}", settings) for number in range(2)]
    with ExitStack() as stack:
        for instance in instances:
            stack.callback(instance.close)
            instance.start()
        for instance in instances:
            wait_until(instance.is_ready, STARTING_TIME, "an instance")
        stack.enter_context(standing_before(proxy, [instance.address for instance in instances]))
        yield instances


@pytest.fixture
def cookies(pair: list[Instance], proxy: Proxy, sandbox: Sandbox) -> dict[str, str]:
    """Those of somebody signed in, once live updates are on their way."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(proxy.certificate)
        assert log_in(session, proxy.url).url == f"{proxy.url}/calls"
        wait_until(lambda: sandbox.counters().subscriptions_now == 1, 20, "the subscription")
        assert all(instance.is_ready() for instance in pair)
        return session.cookies.get_dict()


@pytest.fixture
def people(cookies: dict[str, str], proxy: Proxy, sandbox: Sandbox) -> list[Person]:
    """Some who are about to work, each on calls of their own."""
    calls = [str(call["id"]) for call in sandbox.calls()]
    return [
        Person(proxy.url, cookies, proxy.certificate, calls[number::PEOPLE][:5]) for number in range(PEOPLE)
    ]
