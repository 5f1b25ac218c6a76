"""The listener and a server that lets it wait before there is a link at all: each step has its own limit."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.integration.api.certificates import server_context
from tests.integration.pusher.listening import listening, settings_for
from tests.support.waiting import wait_until

# Far longer than the test may take: what ends the attempt is the limit for the connection.
TIMINGS = {"connect_timeout": 0.2, "subscribe_timeout": 50.0}


@contextmanager
def full_port() -> Iterator[int]:
    """A port whose queue of connections is full: the system drops every further attempt in silence."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = server.getsockname()
        try:
            for _ in range(20):
                stack.enter_context(socket.create_connection(address, timeout=0.2))
        except TimeoutError:
            yield address[1]
        else:
            pytest.fail("the queue of connections is never full here")


def test_a_tcp_connection_that_nobody_takes_is_given_up() -> None:
    with full_port() as port, listening(settings_for(port, **TIMINGS)) as subject:
        wait_until(lambda: "the connection failed (TimeoutError)" in subject.reasons)


def test_a_server_that_is_silent_in_the_tls_handshake_is_given_up_and_tried_again() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        server.settimeout(5)
        settings = settings_for(server.getsockname()[1], is_secure=True, **TIMINGS)
        subject = stack.enter_context(listening(settings))
        for _ in range(3):
            stack.enter_context(server.accept()[0])

    assert "the connection failed (TimeoutError)" in subject.reasons


def test_a_server_whose_certificate_nobody_vouches_for_is_told_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        with listening(settings_for(server.getsockname()[1], is_secure=True)) as subject:
            connection, _ = server.accept()
            with pytest.raises(ssl.SSLError, match="unknown ca"), connection:
                server_context(tmp_path).wrap_socket(connection, server_side=True)

            wait_until(lambda: "the connection failed (SSLCertVerificationError)" in subject.reasons)
