"""Two dashboards behind nginx, as people meet them: by HTTPS, under one public name."""

from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import requests
import websocket
from bs4 import BeautifulSoup

from aircall.server.answers import HEADERS
from tests.support.bare_socket import BareSocket
from tests.support.exposition import scrape
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.system.proxy.instance import Instance
from tests.system.proxy.nginx import Proxy

COOKIE = "__Host-callboard"
TIMEOUT = 45.0
FOR_ALL = {"Strict-Transport-Security", *HEADERS}


def log_in(visitor: requests.Session, address: str) -> requests.Response:
    """Sign in by the form of the login page; what comes after it."""
    page = BeautifulSoup(visitor.get(f"{address}/login", timeout=TIMEOUT).text, "html.parser")
    fields = {field["name"]: field.get("value", "") for field in page.select("input[name]")}
    fields |= {"username": "alice", "password": "any"}
    return visitor.post(f"{address}/login", data=fields, headers={"Origin": address}, timeout=TIMEOUT)


def session_of(visitor: requests.Session) -> str:
    """The value of the session cookie."""
    return next(str(cookie.value) for cookie in visitor.cookies if cookie.name.startswith(COOKIE))


def test_a_login_sets_a_cookie_for_this_host_and_https_alone(served: str, visitor: requests.Session) -> None:
    answer = log_in(visitor, served)

    set_cookie = answer.history[0].headers["Set-Cookie"]
    assert answer.url == f"{served}/calls"
    assert set_cookie.startswith(f"{COOKIE}-{urlsplit(served).port}=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(set_cookie.split("; "))
    assert "Domain" not in set_cookie


def test_a_form_and_a_socket_from_another_origin_are_refused_behind_the_proxy_too(
    served: str, dashboards: list[Instance], visitor: requests.Session
) -> None:
    log_in(visitor, served)

    refused = visitor.post(f"{served}/logout", headers={"Origin": "https://evil.example"}, timeout=TIMEOUT)

    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    # Not even its own address is its public name.
    address, cookie = dashboards[0].address, f"{COOKIE}={session_of(visitor)}"
    socket = f"{address.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(socket, origin=address, cookie=cookie, timeout=TIMEOUT)


def test_every_answer_has_each_security_header_once(served: str, visitor: requests.Session) -> None:
    page = visitor.get(f"{served}/login", headers={"Accept-Encoding": "gzip, br"}, timeout=TIMEOUT)
    script = BeautifulSoup(page.text, "html.parser").select("script[src]")[0]["src"]
    built = visitor.get(f"{served}{script}", timeout=TIMEOUT)
    missing = visitor.get(f"{served}/metrics", timeout=TIMEOUT)
    socket = visitor.get(f"{served}/socket.io/?EIO=4&transport=polling", timeout=TIMEOUT)

    too_long = visitor.get(f"{served}/calls?q={'q' * 8_300}", timeout=TIMEOUT)
    not_allowed = visitor.put(f"{served}/calls", headers={"Origin": served}, timeout=TIMEOUT)

    assert (too_long.status_code, not_allowed.status_code) == (414, 405)
    for answer in (page, built, missing, socket, too_long, not_allowed):
        headers = answer.raw.headers
        for name in FOR_ALL:
            assert len(headers.getlist(name)) <= 1, (answer.url, name)
        assert set(headers) >= FOR_ALL, answer.url
        assert headers["Server"] == "nginx"
    assert HEADERS.items() <= dict(page.headers).items()
    assert page.headers["Content-Encoding"] == "br"
    assert "immutable" in built.headers["Cache-Control"]
    assert missing.headers["Cache-Control"] == "no-store"


def test_a_session_made_at_one_works_at_either(
    served: str, dashboards: list[Instance], proxy: Proxy, visitor: requests.Session
) -> None:
    log_in(visitor, served)
    pages = [visitor.get(f"{served}/calls", timeout=TIMEOUT) for _ in range(4)]

    assert [page.url for page in pages] == [f"{served}/calls"] * 4
    # A line is written once the answer is out.
    wait_until(lambda: all(dashboard.address[7:] in answers_of(proxy) for dashboard in dashboards))


def answers_of(proxy: Proxy) -> list[str]:
    """By whom each page of the list was answered."""
    lines = (line.split() for line in proxy.access_log.read_text().splitlines())
    return [words[words.index("upstream") + 1] for words in lines if words[3] == "/calls"]


def test_a_change_reaches_every_page_whichever_instance_it_is_open_at(
    served: str, dashboards: list[Instance], proxy: Proxy, visitor: requests.Session, sandbox: Sandbox
) -> None:
    log_in(visitor, served)
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")
    with ExitStack() as stack:
        pages = []
        for _ in range(4):
            connection = BareSocket.connect(served, session_of(visitor), trusted=proxy.certificate)
            pages.append(stack.enter_context(connection))
            pages[-1].next_of("caught-up")
        open_at = [scrape(dashboard.address).total("callboard_open_sockets") for dashboard in dashboards]
        changed = sandbox.archive(sandbox.calls()[0]["id"])

        received = [page.next_of("update-call")[1]["call"] for page in pages]

    assert received == [changed] * 4
    assert sum(open_at) == 4
    assert min(open_at) > 0
    assert sandbox.counters().subscriptions_now == 1
