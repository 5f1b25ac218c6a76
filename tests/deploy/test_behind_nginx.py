"""The dashboard behind nginx, as people meet it: by HTTPS, under its public name."""

import csv

import pytest
import requests
import websocket
from bs4 import BeautifulSoup

from aircall.web.security import HEADERS
from tests.deploy.nginx import Proxy, standing_before
from tests.support.bare_socket import BareSocket
from tests.support.ports import LOOPBACK, free_port
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

COOKIE = "__Host-callboard"
TIMEOUT = 15.0


def log_in(visitor: requests.Session, address: str) -> requests.Response:
    """Sign in by the form of the login page; what comes after it."""
    page = BeautifulSoup(visitor.get(f"{address}/login", timeout=TIMEOUT).text, "html.parser")
    fields = {field["name"]: field.get("value", "") for field in page.select("input[name]")}
    fields |= {"username": "alice", "password": "any"}
    return visitor.post(f"{address}/login", data=fields, headers={"Origin": address}, timeout=TIMEOUT)


def test_one_logs_in_and_gets_a_cookie_for_this_host_and_https_alone(
    served: str, visitor: requests.Session
) -> None:
    answer = log_in(visitor, served)

    set_cookie = answer.history[0].headers["Set-Cookie"]
    assert answer.url == f"{served}/calls"
    assert set_cookie.startswith(f"{COOKIE}=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(set_cookie.split("; "))
    assert "Domain" not in set_cookie


def test_a_form_from_another_origin_is_refused_behind_the_proxy_too(
    served: str, visitor: requests.Session
) -> None:
    log_in(visitor, served)

    refused = visitor.post(f"{served}/logout", headers={"Origin": "https://evil.example"}, timeout=TIMEOUT)

    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "text/html; charset=utf-8")


def test_a_colleagues_change_reaches_a_page_through_nginx(
    served: str, proxy: Proxy, visitor: requests.Session, sandbox: Sandbox
) -> None:
    log_in(visitor, served)
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")
    with BareSocket.connect(served, visitor.cookies[COOKIE], trusted=proxy.certificate) as page:
        page.next_of("caught-up")
        changed = sandbox.archive(sandbox.calls()[0]["id"])

        _, event = page.next_of("update-call")

    assert event["call"] == changed


def test_a_page_under_another_name_gets_no_live_updates(
    served: str, dashboards: list[str], visitor: requests.Session
) -> None:
    log_in(visitor, served)
    socket = f"{dashboards[0].replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"

    with pytest.raises(websocket.WebSocketBadStatusException, match="400"):
        websocket.create_connection(
            socket, origin=dashboards[0], cookie=f"{COOKIE}={visitor.cookies[COOKIE]}", timeout=TIMEOUT
        )


def test_every_answer_has_each_security_header_once(served: str, visitor: requests.Session) -> None:
    page = visitor.get(f"{served}/login", timeout=TIMEOUT)
    script = BeautifulSoup(page.text, "html.parser").select("script[src]")[0]["src"]
    built = visitor.get(f"{served}{script}", timeout=TIMEOUT)
    missing = visitor.get(f"{served}/metrics", timeout=TIMEOUT)
    socket = visitor.get(f"{served}/socket.io/?EIO=4&transport=polling", timeout=TIMEOUT)

    for answer in (page, built, missing, socket):
        headers = answer.raw.headers
        for name in ("Strict-Transport-Security", *HEADERS):
            assert len(headers.getlist(name)) <= 1, (answer.url, name)
        assert {name for name in MEANT_FOR_ALL if name not in headers} == set(), answer.url
        assert headers["Server"] == "nginx"
    assert HEADERS.items() <= dict(page.headers).items()
    assert "immutable" in built.headers["Cache-Control"]
    assert missing.headers["Cache-Control"] == "no-store"


MEANT_FOR_ALL = (
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "Content-Security-Policy",
    "Cache-Control",
)


def test_pages_come_compressed_by_the_dashboard_and_the_file_as_it_is_written(
    served: str, visitor: requests.Session, sandbox: Sandbox
) -> None:
    log_in(visitor, served)

    page = visitor.get(f"{served}/calls", headers={"Accept-Encoding": "gzip, br"}, timeout=TIMEOUT)
    file = wait_until(lambda: whole_file(served, visitor), 20, "the whole list")

    assert page.headers["Content-Encoding"] == "br"
    assert len(list(csv.DictReader(file.splitlines()))) == len(sandbox.calls())


def whole_file(address: str, visitor: requests.Session) -> str:
    """Every call, as a file; nothing before the list has been read."""
    answer = visitor.get(f"{address}/calls.csv?view=all", timeout=TIMEOUT)
    return answer.text if answer.status_code == 200 else ""


def test_one_can_work_while_an_instance_is_down(
    proxy: Proxy, dashboards: list[str], visitor: requests.Session
) -> None:
    stopped = f"http://{LOOPBACK}:{free_port()}"
    with standing_before(proxy, [stopped, *dashboards]):
        answer = log_in(visitor, proxy.url)

        pages = [visitor.get(f"{proxy.url}/calls", timeout=TIMEOUT).status_code for _ in range(4)]

    assert answer.url == f"{proxy.url}/calls"
    assert pages == [200] * 4
