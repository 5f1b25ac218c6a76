"""HTTP, start and end of the sandbox."""

import http.client
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.support.processes import ROOT, running
from tests.support.pusher_socket import APP_KEY, connected
from tests.support.rest_client import RestClient
from tests.support.sandbox import READY, Sandbox

COMMAND = [sys.executable, "-m", "sandbox", "--port", "0"]
JSON = {"Content-Type": "application/json"}
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket"}


@pytest.fixture
def connection(sandbox: Sandbox) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection(sandbox.host, sandbox.port, timeout=10)) as connection:
        yield connection


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, **more: Any) -> int:
    """Return the status of the answer."""
    connection.request(method, path, body, **{"headers": JSON, **more})
    with connection.getresponse() as response:
        response.read()
        return response.status


def test_a_connection_is_reused_whatever_the_bodies(connection: http.client.HTTPConnection) -> None:
    requests = [
        ("GET", "/me", b""),
        ("POST", "/auth/login", b'{"username": "alice", "password": "x"}'),
        ("POST", "/auth/login", iter([b'{"username": "alice",', b' "password": "x"}'])),
        ("POST", "/nowhere", b"unread " * 1000),
        ("POST", "/auth/login", b"x" * 200_000),
        ("HEAD", "/me", b""),
        ("GET", "/me", b""),
    ]
    connection.connect()
    socket = connection.sock
    statuses = [ask(connection, *request) for request in requests]

    assert statuses == [401, 201, 201, 404, 413, 401, 401]
    assert connection.sock is socket


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nowhere"), ("POST", "/calls"), ("GET", "/auth/login")]
)
def test_an_unknown_route_is_not_found(rest: RestClient, method: str, path: str) -> None:
    response = rest.get(path) if method == "GET" else rest.post(path)

    assert response.status_code == 404
    assert response.json() == {"statusCode": 404, "message": f"Cannot {method} {path}", "error": "Not Found"}


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff", b"[" * 50_000])
def test_a_body_other_than_a_json_object_is_a_bad_request(
    connection: http.client.HTTPConnection, body: bytes
) -> None:
    assert ask(connection, "POST", "/auth/login", body) == 400


def test_an_offer_of_websocket_compression_is_declined(connection: http.client.HTTPConnection) -> None:
    offer = {
        **UPGRADE,
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Extensions": "permessage-deflate",
    }
    connection.request("GET", f"/app/{APP_KEY}?protocol=7", headers=offer)

    with connection.getresponse() as response:
        assert response.status == 101
        assert "Sec-WebSocket-Extensions" not in response.headers


@pytest.mark.parametrize("headers", [{}, UPGRADE])
def test_an_invalid_handshake_is_a_bad_request(
    connection: http.client.HTTPConnection, headers: dict[str, str]
) -> None:
    assert ask(connection, "GET", f"/app/{APP_KEY}?protocol=7", headers=headers) == 400


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_whose_output_is_one_line_without_requests(number: signal.Signals) -> None:
    with running(COMMAND, READY) as started, closing(Sandbox(started.ready[1])) as sandbox:
        sandbox.reset()
        with connected(sandbox) as socket:
            socket.socket_id()
            started.process.send_signal(number)
            assert started.process.wait(10) == 0

    assert re.fullmatch(r"Sandbox API on http://127\.0\.0\.1:\d+\n", started.output())


def test_a_port_in_use_is_reported_without_a_traceback(sandbox: Sandbox) -> None:
    command = [sys.executable, "-m", "sandbox", "--port", str(sandbox.port)]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode == 1
    assert "in use" in ended.stderr
    assert "Traceback" not in ended.stderr
