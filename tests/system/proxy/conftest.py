"""nginx in front of two dashboards that share a Redis and a PostgreSQL, or of servers that only count."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from tests.support.one_of_several import shared_settings
from tests.support.postgres import Postgres
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.system.proxy.instance import Instance
from tests.system.proxy.nginx import Proxy, proxy_in, standing_before
from tests.system.proxy.upstream import Upstream, upstreams

# Seconds. A dashboard on a busy machine is there within this time.
STARTING_TIME = 60.0


@pytest.fixture(scope="package")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Proxy:
    """Where nginx is going to answer."""
    return proxy_in(tmp_path_factory.mktemp("proxy"))


@pytest.fixture
def behind(proxy: Proxy) -> Iterator[list[Upstream]]:
    """Two servers behind nginx that only count."""
    with upstreams(2) as servers, standing_before(proxy, [server.address for server in servers]):
        yield servers


@pytest.fixture(scope="package")
def instances(
    proxy: Proxy,
    sandbox_process: Sandbox,
    redis_server: RedisServer,
    postgres_server: Postgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Instance]]:
    """Two dashboards for nginx to stand before. Tests ask for `dashboards` instead."""
    redis_server.clear()
    postgres_server.clear()
    settings = shared_settings(redis_server, postgres_server) | {"PUBLIC_ORIGIN": proxy.url}
    directory = tmp_path_factory.mktemp("dashboards")
    with ExitStack() as stack:
        instances = [Instance(sandbox_process, directory / f"data-{number}", settings) for number in range(2)]
        for instance in instances:
            stack.callback(instance.close)
        yield instances


@pytest.fixture
def dashboards(instances: list[Instance], sandbox: Sandbox) -> list[Instance]:
    """Both of them, ready, their sandbox as new, whatever the test before has stopped."""
    for instance in instances:
        instance.start()
    for instance in instances:
        wait_until(instance.is_ready, STARTING_TIME, "a dashboard")
    wait_until(lambda: sandbox.counters().subscriptions_now == 0, what="the end of the last test")
    return instances


@pytest.fixture
def served(proxy: Proxy, dashboards: list[Instance]) -> Iterator[str]:
    """The address of the dashboards as browsers know it."""
    with standing_before(proxy, [dashboard.address for dashboard in dashboards]):
        yield proxy.url


@pytest.fixture
def visitor(proxy: Proxy) -> Iterator[requests.Session]:
    """A client that trusts the proxy's certificate."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(proxy.certificate)
        yield session
