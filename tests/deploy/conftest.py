"""nginx in front of the dashboard, or of instances that only count."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.deploy.instance import Instance, instances
from tests.deploy.nginx import Proxy, proxy_in, standing_before
from tests.support.dashboard import serving
from tests.support.one_of_several import shared_settings
from tests.support.postgres import Postgres
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox

# How many dashboards stand behind the proxy.
DASHBOARDS = 2


@pytest.fixture
def proxy(tmp_path: Path) -> Proxy:
    """Where nginx is going to answer."""
    return proxy_in(tmp_path)


@pytest.fixture
def behind(proxy: Proxy) -> Iterator[list[Instance]]:
    """Two instances behind nginx that only count."""
    with instances(2) as servers, standing_before(proxy, [server.address for server in servers]):
        yield servers


@pytest.fixture
def dashboards(
    proxy: Proxy, sandbox: Sandbox, redis: RedisServer, postgres: Postgres, tmp_path: Path
) -> Iterator[list[str]]:
    """The addresses of the dashboards behind nginx, which is not there yet."""
    settings = shared_settings(redis, postgres) | {"PUBLIC_ORIGIN": proxy.url}
    with ExitStack() as stack:
        yield [
            stack.enter_context(serving(sandbox, tmp_path / f"data-{number}", settings))
            for number in range(DASHBOARDS)
        ]


@pytest.fixture
def served(proxy: Proxy, dashboards: list[str]) -> Iterator[str]:
    """The address of the dashboard as browsers know it."""
    with standing_before(proxy, dashboards):
        yield proxy.url


@pytest.fixture
def visitor(proxy: Proxy) -> Iterator[requests.Session]:
    """Somebody who trusts the proxy's certificate."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(proxy.certificate)
        yield session
