"""The outermost layer: other names are refused, every answer has the headers, and there is a last resort."""

from dataclasses import replace

import pytest
from flask import Flask
from werkzeug import Response
from werkzeug.test import Client

from aircall.server.answers import HEADERS
from aircall.web import error_pages
from aircall.web.edge import WRONG_NAME, Edge
from config import Config
from tests.support.person import Person

OTHER = [
    "", "evil.example", "localhost.evil.example", "evil.example:8000", "[", "[::1", "a:b", "localhost:port",
    "localhost:8000:80", "localhost/calls", "user@localhost", "localhost,evil.example", "127.0.0.1.example",
    "l\u00f6calhost", "\u2028", "localhost#", "127.1", "10.0.0.1", "localhost.", "%6cocalhost", "local host",
]  # fmt: skip
OURS = ["localhost", "LocalHost:8000", "127.0.0.1:1", "127.8.8.8", "[::1]:8000"]
PATHS = ["/login", "/metrics", "/healthz", "/static/dist/manifest.json", "/socket.io/"]
EVERYWHERE = "0.0.0.0"  # noqa: S104  # as in a container


def status(edge: Edge, host: str) -> int:
    """What is answered to this Host header."""
    return Client(edge).get("/", environ_overrides={"HTTP_HOST": host}).status_code


@pytest.mark.parametrize("path", PATHS)
def test_another_host_is_refused_everywhere_in_one_line(stranger: Person, path: str) -> None:
    for host in OTHER:
        answer = stranger.client.get(path, environ_overrides={"HTTP_HOST": host})

        assert (answer.status_code, answer.text) == (400, WRONG_NAME), host
        assert HEADERS.items() <= dict(answer.headers).items()
    for host in OURS:
        assert stranger.client.get("/healthz", environ_overrides={"HTTP_HOST": host}).status_code == 200


@pytest.mark.parametrize(
    ("listens", "origin", "ours", "other"),
    [
        ("127.0.0.1", "https://calls.example:8443", "Calls.example", "calls.example.evil.example"),
        (EVERYWHERE, "https://calls.example", "calls.example:443", "10.0.0.1"),
        ("192.168.1.2", "https://calls.example", "192.168.1.2:8000", "192.168.1.3"),
        ("::1", "https://[2001:db8::1]", "[2001:db8::1]", "[2001:db8::2]"),
        # Who insists on a start without an origin.
        (EVERYWHERE, None, "whatever.example", "[what"),
    ],
)
def test_ours_are_the_names_of_the_public_origin_of_what_is_listened_on_and_of_loopback(
    config: Config, listens: str, origin: str | None, ours: str, other: str
) -> None:
    edge = Edge(Response("inside"), replace(config, host=listens, public_origin=origin))

    assert [status(edge, host) for host in (ours, "localhost", other)] == [200, 200, 400]


def test_every_kind_of_answer_has_every_header_and_none_is_for_all_sites(alice: Person) -> None:
    style = str(alice.get("/calls").find("link[rel=stylesheet]")["href"])
    for method, path in [
        ("GET", "/calls"), ("GET", "/nowhere"), ("PUT", "/calls"), ("GET", "/logout"), ("GET", "/healthz"),
        ("POST", "/calls/archive"), ("GET", "/socket.io/"), ("GET", style), ("OPTIONS", style),
        ("GET", "/static/dist/missing.js"),
    ]:  # fmt: skip
        with alice.client.open(path, method=method) as answer:
            assert [name for name in HEADERS if name not in answer.headers] == [], path
            assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_public_dashboard_says_on_every_answer_that_it_is_reached_by_https(config: Config) -> None:
    edge = Edge(Response("inside"), replace(config, public_origin="https://calls.example"))

    for host in ("calls.example", "evil.example"):
        answer = Client(edge).get("/", headers={"Host": host})
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_where_the_error_page_fails_too_a_line_says_so(
    app: Flask, stranger: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise ZeroDivisionError

    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(error_pages, "render_template", fail)

    answer = stranger.client.get("/nowhere")

    assert (answer.status_code, answer.mimetype) == (500, "text/plain")
    assert "This is our mistake" in answer.text
    assert HEADERS.items() <= dict(answer.headers).items()


def test_what_is_no_form_is_refused_wherever_a_form_is_expected(
    alice: Person, stranger: Person, app: Flask
) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    paths = [rule.rule.replace("<call_id>", "1") for rule in rules]

    assert {"/login", "/logout", "/calls/archive"} <= set(paths)
    for path in paths:
        for person in (alice, stranger):
            for kind in ("application/json", "text/json", "application/vnd.a+json", "text/plain"):
                for body in (b"[]", b"{", b'{"username": 1}', b"\xff"):
                    answer = person.client.post(path, data=body, content_type=kind)
                    assert answer.status_code == 415, (path, kind)
                    assert "does not accept this kind" in answer.text
