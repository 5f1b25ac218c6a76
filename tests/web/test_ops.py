"""The endpoints for operators: liveness, readiness, and metrics for those who may read them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aircall import VERSION
from aircall.web.services import stop
from app import create_app
from config import Config
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

TOKEN = "a-token-of-the-operators"
ELSEWHERE = "192.0.2.7"


@pytest.fixture
def guarded(config: Config) -> Iterator[Flask]:
    """A dashboard with a token for its metrics; its background work is not needed."""
    app = create_app(replace(config, metrics_token=TOKEN))
    yield app
    stop(app)


def ask(client: FlaskClient, peer: str, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get("/metrics", headers=named, environ_overrides={"REMOTE_ADDR": peer})


def test_metrics_are_readable_from_this_machine_without_a_session(app: Flask) -> None:
    for peer in ("127.0.0.1", "127.3.2.1", "::1"):
        answer = ask(app.test_client(), peer)

        assert answer.status_code == 200
        assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
        assert "# TYPE callboard_open_sockets gauge" in answer.text
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")


def test_metrics_are_not_readable_through_a_proxy(app: Flask) -> None:
    for name, value in (
        ("X_Forwarded_For", ELSEWHERE),
        ("Forwarded", f"for={ELSEWHERE}"),
        ("Via", "1.1 proxy"),
    ):
        assert ask(app.test_client(), "127.0.0.1", **{name: value}).status_code == 404


def test_metrics_need_the_token_wherever_one_is_set(guarded: Flask) -> None:
    client = guarded.test_client()

    for peer in ("127.0.0.1", "::1", ELSEWHERE, "10.0.0.1", "::ffff:192.0.2.7", ""):
        assert ask(client, peer, Authorization=f"Bearer {TOKEN}").status_code == 200
        assert ask(client, peer, Authorization=f"bearer {TOKEN}", X_Forwarded_For=peer).status_code == 200
        assert ask(client, peer).status_code == 404


def test_a_wrong_token_is_answered_as_an_unknown_page(guarded: Flask) -> None:
    for given in (
        TOKEN, f"Basic {TOKEN}", "Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x",
        "Bearer tökén",
    ):  # fmt: skip
        answer = ask(guarded.test_client(), ELSEWHERE, Authorization=given)

        assert (answer.status_code, answer.text) == (404, "There is nothing here.\n"), given
        assert "Set-Cookie" not in answer.headers


def test_without_a_configured_token_none_is_accepted(app: Flask) -> None:
    client = app.test_client()

    assert ask(client, "127.0.0.1").status_code == 200
    assert ask(client, ELSEWHERE, Authorization="Bearer ").status_code == 404
    assert ask(client, ELSEWHERE, Authorization="Bearer None").status_code == 404


def test_it_is_alive_and_ready_with_the_state_of_each_part(alice: Person) -> None:
    def state_of_parts() -> dict[str, Any]:
        return dict(alice.client.get("/readyz").get_json())

    wait_until(lambda: state_of_parts()["listener"]["state"] == "live", what="a live listener")
    state = state_of_parts()

    assert state.pop("version") == VERSION
    assert alice.client.get("/healthz").status_code == 200
    assert alice.client.get("/readyz").status_code == 200
    assert {name: one["state"] for name, one in state.items()} == {
        "storage": "ok",
        "upstream": "ok",
        "listener": "live",
        "feed": "ok",
        "leader": "leader",
    }
    assert all(0 <= one["age"] < 60 for one in state.values())
    assert state["upstream"]["synced_at"].endswith("Z")


def test_readiness_shows_a_refused_channel(stranger: Person, sandbox: Sandbox) -> None:
    sandbox.refuse_channel_auth(status=403, times=100)
    stranger.sign_in("ann")

    def listener() -> dict[str, Any]:
        return dict(stranger.client.get("/readyz").get_json()["listener"])

    wait_until(lambda: "not authorized" in listener()["reason"], what="the refusal")
    state = listener()
    assert state["state"] == "reconnecting"
    assert state["retry_at"] > state["since"]
    sandbox.clear_faults()
    wait_until(lambda: listener()["state"] == "live", what="a live listener")
    assert listener()["retry_at"] is None
