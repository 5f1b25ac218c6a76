"""What every answer says about itself, and what nobody gets to see."""

import pytest
from flask import Flask

from tests.support.person import Person
from tests.support.sandbox import Sandbox

PATHS = ["/", "/login", "/calls", "/healthz", "/readyz", "/nowhere", "/calls/nothing", "/logout"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_security_headers(alice: Person, path: str) -> None:
    headers = alice.client.get(path).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Server" not in headers


def test_a_built_file_is_kept_for_good(stranger: Person) -> None:
    style = str(stranger.get("/login").find("link[rel=stylesheet]")["href"])

    with stranger.client.get(style, headers={"Accept-Encoding": "br"}) as answer:
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Encoding"] == "br"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_come_compressed(stranger: Person) -> None:
    answer = stranger.client.get("/login", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["Content-Encoding"] == "gzip"


def test_no_page_needs_a_script_or_style_of_its_own(alice: Person) -> None:
    for path in ("/login", "/calls", f"/calls/{alice.call_ids[0]}", "/nowhere"):
        alice.get(path)
        assert not alice.page.select("style, script:not([src]), [style], [onclick]")


def test_every_changing_form_carries_a_token(alice: Person) -> None:
    for path in ("/calls", f"/calls/{alice.call_ids[0]}"):
        for form in alice.get(path).page.select("form[method=post]"):
            assert form.select_one("[name=csrf_token]")


@pytest.mark.parametrize("path", ["/calls/archive", "/calls/00000000-0000-4000-8000-000000000000/notes"])
def test_no_change_is_made_without_a_token(alice: Person, sandbox: Sandbox, path: str) -> None:
    before = sandbox.counters().requests

    answer = alice.client.post(path, data={"archived": "true", "content": "x"})

    assert answer.status_code == 400
    assert "expired" in answer.text
    assert sandbox.counters().requests == before


def test_a_bug_shows_nothing_of_its_inside(app: Flask) -> None:
    app.view_functions["ops.healthz"] = lambda: 1 / 0  # type: ignore[assignment]

    answer = app.test_client().get("/healthz")

    assert answer.status_code == 500
    assert "This is our mistake" in answer.text
    assert "ZeroDivision" not in answer.text
