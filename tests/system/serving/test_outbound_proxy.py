"""The way out: through the proxy of the settings, for the API and its events alike, or straight."""

from pathlib import Path

import requests

from tests.support.dashboard import TIMEOUT, log_in, serving
from tests.support.forward_proxy import ForwardProxy
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def is_live(address: str) -> bool:
    return bool(requests.get(f"{address}/readyz", timeout=TIMEOUT).json()["listener"]["state"] == "live")


def test_everything_goes_through_the_proxy_that_is_set(sandbox: Sandbox, tmp_path: Path) -> None:
    with ForwardProxy.start("callboard", "p@ss word") as proxy:
        setting = {"PROXY_URL": f"http://callboard:p%40ss%20word@{proxy.address}"}
        with serving(sandbox, tmp_path / "data", setting | {"NO_PROXY": "*"}) as address:
            log_in(address)
            wait_until(lambda: is_live(address), what="live updates")

    assert f"POST {sandbox.url}/auth/login" in proxy.lines
    assert f"CONNECT {sandbox.host}:{sandbox.port}" in proxy.lines
    assert sandbox.counters().logins == 1


def test_the_proxies_of_the_environment_are_not_used(sandbox: Sandbox, tmp_path: Path) -> None:
    with ForwardProxy.start("callboard", "secret") as proxy:
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        environment = dict.fromkeys(names, f"http://callboard:secret@{proxy.address}")
        with serving(sandbox, tmp_path / "data", environment | {"no_proxy": "", "NO_PROXY": ""}) as address:
            log_in(address)
            wait_until(lambda: is_live(address), what="live updates")

    assert proxy.lines == []
