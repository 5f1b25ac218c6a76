"""How the sandbox speaks HTTP, starts and ends."""

import http.client
import re
import signal
import subprocess
import sys
from contextlib import closing

import pytest

from tests.support.processes import ROOT, running
from tests.support.pusher_socket import APP_KEY, connected
from tests.support.rest_client import RestClient
from tests.support.sandbox import READY, Sandbox

COMMAND = [sys.executable, "-m", "sandbox", "--port", "0"]


def test_one_connection_serves_many_requests_whatever_their_bodies(sandbox: Sandbox) -> None:
    requests = [
        ("GET", "/me", b""),
        ("POST", "/auth/login", b'{"username": "alice", "password": "x"}'),
        ("POST", "/nowhere", b"unread " * 1000),
        ("POST", "/auth/login", b"x" * 200_000),
        ("HEAD", "/me", b""),
        ("GET", "/me", b""),
    ]
    with closing(http.client.HTTPConnection(sandbox.host, sandbox.port, timeout=10)) as connection:
        connection.connect()
        socket = connection.sock
        statuses = []
        for method, path, body in requests:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            with connection.getresponse() as answer:
                answer.read()
                statuses.append(answer.status)

        assert statuses == [401, 201, 404, 413, 401, 401]
        assert connection.sock is socket


def test_a_body_may_come_in_chunks(sandbox: Sandbox) -> None:
    with closing(http.client.HTTPConnection(sandbox.host, sandbox.port, timeout=10)) as connection:
        pieces = iter([b'{"username": "alice",', b' "password": "x"}'])
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/auth/login", pieces, headers, encode_chunked=True)

        with connection.getresponse() as answer:
            assert answer.status == 201


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nowhere"), ("POST", "/calls"), ("GET", "/auth/login")]
)
def test_an_unknown_address_is_named(rest: RestClient, method: str, path: str) -> None:
    answer = rest.get(path) if method == "GET" else rest.post(path)

    assert answer.status_code == 404
    assert answer.json() == {"statusCode": 404, "message": f"Cannot {method} {path}", "error": "Not Found"}


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff", b"[" * 50_000])
def test_a_body_that_is_no_json_object_is_a_bad_request(sandbox: Sandbox, body: bytes) -> None:
    with closing(http.client.HTTPConnection(sandbox.host, sandbox.port, timeout=10)) as connection:
        connection.request("POST", "/auth/login", body, {"Content-Type": "application/json"})

        with connection.getresponse() as answer:
            assert answer.status == 400


def test_a_websocket_is_not_compressed_although_the_client_offers_it(sandbox: Sandbox) -> None:
    offer = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Extensions": "permessage-deflate",
    }
    with closing(http.client.HTTPConnection(sandbox.host, sandbox.port, timeout=10)) as connection:
        connection.request("GET", f"/app/{APP_KEY}?protocol=7", headers=offer)
        answer = connection.getresponse()

        assert answer.status == 101
        assert "Sec-WebSocket-Extensions" not in answer.headers
        answer.close()


@pytest.mark.parametrize("headers", [{}, {"Connection": "Upgrade", "Upgrade": "websocket"}])
def test_a_request_that_is_no_handshake_is_refused(sandbox: Sandbox, headers: dict[str, str]) -> None:
    with closing(http.client.HTTPConnection(sandbox.host, sandbox.port, timeout=10)) as connection:
        connection.request("GET", f"/app/{APP_KEY}?protocol=7", headers=headers)

        with connection.getresponse() as answer:
            assert answer.status == 400


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_and_without_a_word(number: signal.Signals) -> None:
    with running(COMMAND, READY) as started:
        sandbox = Sandbox(started.ready[1])
        with closing(sandbox), connected(sandbox) as socket:
            socket.socket_id()
            started.process.send_signal(number)
            assert started.process.wait(5) == 0


def test_it_prints_one_line_and_no_request() -> None:
    with running(COMMAND, READY) as started, closing(Sandbox(started.ready[1])) as sandbox:
        sandbox.reset()
        sandbox.counters()

    assert re.fullmatch(r"Sandbox API on http://127\.0\.0\.1:\d+\n", started.output())


def test_a_port_in_use_is_told_in_a_line(sandbox: Sandbox) -> None:
    command = [sys.executable, "-m", "sandbox", "--port", str(sandbox.port)]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode == 1
    assert "in use" in ended.stderr
    assert "Traceback" not in ended.stderr
