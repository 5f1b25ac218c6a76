"""Who may read the metrics, and that reading them concerns nobody's session."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from config import Config

TOKEN = "a-token-of-the-operators"
ELSEWHERE = "192.0.2.7"


@pytest.fixture
def guarded(config: Config) -> Iterator[Flask]:
    """A dashboard with a token for its metrics, not started: nothing of this needs a neighbour."""
    app = create_app(replace(config, metrics_token=TOKEN))
    yield app
    built = app.extensions["callboard"]
    built.archive_jobs.close()
    built.api.close()
    built.records.close()
    built.replica.store.close()


def ask(client: FlaskClient, peer: str, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get("/metrics", headers=named, environ_overrides={"REMOTE_ADDR": peer})


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.3.2.1", "::1"])
def test_whoever_is_on_this_machine_reads_them(guarded: Flask, peer: str) -> None:
    answer = ask(guarded.test_client(), peer)

    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert "# TYPE callboard_open_sockets gauge" in answer.text


@pytest.mark.parametrize(
    ("header", "value"),
    [("X_Forwarded_For", ELSEWHERE), ("Forwarded", f"for={ELSEWHERE}"), ("Via", "1.1 proxy")],
)
def test_a_proxy_on_this_machine_reads_nothing_for_others(guarded: Flask, header: str, value: str) -> None:
    assert ask(guarded.test_client(), "127.0.0.1", **{header: value}).status_code == 404


@pytest.mark.parametrize("peer", [ELSEWHERE, "10.0.0.1", "::ffff:192.0.2.7", ""])
def test_others_need_the_token(guarded: Flask, peer: str) -> None:
    client = guarded.test_client()

    assert ask(client, peer, Authorization=f"Bearer {TOKEN}").status_code == 200
    assert ask(client, peer, Authorization=f"bearer {TOKEN}", X_Forwarded_For=peer).status_code == 200
    assert ask(client, peer).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        TOKEN,
        f"Basic {TOKEN}",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        "Bearer tökén",
    ],
)
def test_what_is_not_the_token_opens_nothing(guarded: Flask, given: str) -> None:
    answer = ask(guarded.test_client(), ELSEWHERE, Authorization=given)

    assert (answer.status_code, answer.text) == (404, "There is nothing here.\n")


def test_without_a_token_set_none_opens_anything(app: Flask) -> None:
    client = app.test_client()

    assert ask(client, "127.0.0.1").status_code == 200
    assert ask(client, ELSEWHERE, Authorization="Bearer ").status_code == 404
    assert ask(client, ELSEWHERE, Authorization="Bearer None").status_code == 404


def test_reading_them_touches_no_session(guarded: Flask) -> None:
    client = guarded.test_client()

    assert "Set-Cookie" not in ask(client, "127.0.0.1").headers
    assert "Set-Cookie" not in ask(client, ELSEWHERE).headers
    assert "Cookie" not in ask(client, "127.0.0.1").headers.get("Vary", "")
