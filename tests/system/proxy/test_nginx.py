"""deploy/nginx.conf by itself: what nginx lets through, what it refuses, and what it never does twice."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import requests

from aircall.server.answers import HEADERS
from app import LARGEST_FORM
from tests.support.ports import LOOPBACK, free_port
from tests.support.waiting import wait_until
from tests.system.proxy.nginx import NAME, Proxy, standing_before
from tests.system.proxy.upstream import Upstream, silent_upstream, upstreams

TIMEOUT = 30.0
MOST_ATTEMPTS = 10


def received(servers: list[Upstream]) -> list[str]:
    """What reached the instances, in no order."""
    return [request for server in servers for request in server.requests]


def test_a_form_that_an_instance_died_over_is_not_sent_to_another(
    proxy: Proxy, visitor: requests.Session
) -> None:
    with (
        # The one that died is left out for two seconds.
        upstreams(3, is_dying=True) as servers,
        standing_before(proxy, [server.address for server in servers]),
    ):
        form = visitor.post(f"{proxy.url}/calls/archive", data={"ids": "1"}, timeout=TIMEOUT)
        sent = received(servers)
        page = visitor.get(f"{proxy.url}/calls", timeout=TIMEOUT)

    assert (form.status_code, page.status_code) == (502, 502)
    assert sent == ["POST /calls/archive"]
    # It does know of the others, and asks another for what may be asked twice.
    assert received(servers).count("GET /calls") == 2


@contextmanager
def nobody() -> Iterator[str]:
    """An address where nothing listens."""
    yield f"http://{LOOPBACK}:{free_port()}"


@pytest.mark.parametrize("broken", [nobody, silent_upstream])
def test_what_never_reached_an_instance_goes_to_another(
    proxy: Proxy, visitor: requests.Session, broken: Callable[[], AbstractContextManager[str]]
) -> None:
    with upstreams(1) as servers, broken() as gone, standing_before(proxy, [gone, servers[0].address]):
        answers = [visitor.post(f"{proxy.url}/logout", timeout=TIMEOUT).status_code for _ in range(2)]

    assert answers == [200] * 2
    assert received(servers) == ["POST /logout"] * 2


def test_an_address_may_try_to_log_in_so_often_and_no_spelling_of_the_path_helps(
    proxy: Proxy, behind: list[Upstream], visitor: requests.Session
) -> None:
    statuses: list[int] = []
    while 429 not in statuses and len(statuses) < 2 * MOST_ATTEMPTS:
        refused = visitor.post(f"{proxy.url}/login", timeout=TIMEOUT)
        statuses.append(refused.status_code)
    others_tried = (("POST", "//login"), ("POST", "/%6cogin"), ("GET", "/login"), ("POST", "/logout"))
    others = [
        visitor.request(method, f"{proxy.url}{path}", timeout=TIMEOUT).status_code
        for method, path in others_tried
    ]

    assert statuses[-1] == 429
    # One more is let through for every twenty seconds that this took.
    assert MOST_ATTEMPTS < len(statuses) < 2 * MOST_ATTEMPTS
    assert refused.headers["Retry-After"] == "20"
    assert "Too many attempts" in refused.text
    assert others == [429, 429, 200, 200]
    assert len([request for request in received(behind) if request.startswith("POST /log")]) == len(statuses)


def test_a_form_may_be_as_large_as_the_dashboard_takes_and_no_larger(
    proxy: Proxy, behind: list[Upstream], visitor: requests.Session
) -> None:
    sizes = (LARGEST_FORM, LARGEST_FORM + 1)
    answers = [visitor.post(f"{proxy.url}/calls/1/notes", b"x" * size, timeout=TIMEOUT) for size in sizes]

    assert [answer.status_code for answer in answers] == [200, 413]
    assert "too large" in answers[1].text
    assert len(received(behind)) == 1


def test_what_is_for_operators_is_not_to_be_had_from_outside(proxy: Proxy, behind: list[Upstream]) -> None:
    metrics = ("/metrics", "//metrics", "/%6detrics", "/calls/../metrics", "/metrics?a=b")
    readyz = ("/readyz", "//readyz", "/%72eadyz", "/calls/../readyz", "/readyz?a=b")
    for path in metrics + readyz:
        answer = ask(proxy, f"GET {path} HTTP/1.1\r\nHost: {NAME}")

        assert answer.startswith("HTTP/1.1 404 "), path
    assert received(behind) == []


def test_what_clients_say_of_whom_they_speak_for_is_not_passed_on(
    proxy: Proxy, behind: list[Upstream]
) -> None:
    names = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Ssl", "Forwarded")

    ask(proxy, f"GET /calls HTTP/1.1\r\nHost: {NAME}\r\n" + "\r\n".join(f"{name}: evil" for name in names))

    (headers,) = [each for server in behind for each in server.headers]
    assert headers["Host"] == NAME
    passed_on = {name: headers.get_all(name) for name in names if name in headers}
    assert passed_on == {"X-Forwarded-For": [LOOPBACK]}


def test_another_host_is_refused_and_its_name_not_even_shown_a_certificate(
    proxy: Proxy, behind: list[Upstream]
) -> None:
    question = "GET /calls HTTP/1.1\r\nHost: evil.example"

    assert ask(proxy, question).startswith("HTTP/1.1 421 ")
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        ask(proxy, question, asked_for="evil.example")
    assert received(behind) == []


def test_plain_http_leads_to_https_whatever_the_host(
    proxy: Proxy, behind: list[Upstream], visitor: requests.Session
) -> None:
    url, headers = f"{proxy.plain_url}/calls?q=a", {"Host": "evil.example"}

    answer = visitor.get(url, headers=headers, allow_redirects=False, timeout=TIMEOUT)

    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{NAME}/calls?q=a")
    assert [name for name in HEADERS if name not in answer.headers] == []
    assert received(behind) == []


def test_no_line_of_the_logs_has_what_was_searched_for(
    proxy: Proxy, behind: list[Upstream], visitor: requests.Session
) -> None:
    visitor.get(f"{proxy.url}/calls?q=33612345678", timeout=TIMEOUT)
    for server in behind:
        server.is_dying = True
    visitor.get(f"{proxy.url}/calls?q=33612345678", timeout=TIMEOUT)

    # A line is written once the answer is out.
    wait_until(lambda: proxy.access_log.read_text().count("\n") == 2, what="both lines of the log")
    lines = proxy.access_log.read_text().splitlines()
    assert [line.split()[2:5] for line in lines] == [["GET", "/calls", "200"], ["GET", "/calls", "502"]]
    assert "33612345678" not in "".join(lines) + proxy.error_log.read_text()


def ask(proxy: Proxy, head: str, asked_for: str = NAME) -> str:
    """The answer to a request with just this head, by a client that asks TLS for this name."""
    context = ssl.create_default_context(cafile=str(proxy.certificate))
    context.check_hostname = False
    with (
        socket.create_connection((LOOPBACK, proxy.port), timeout=TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=asked_for) as line,
    ):
        line.sendall(f"{head}\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: line.recv(65_536), b"")).decode()
