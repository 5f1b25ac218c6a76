"""TLS: which certificates are trusted, and that the deadline bounds the handshake and each record too."""

import ssl
from contextlib import closing, suppress
from pathlib import Path
from socket import socket
from threading import Event

import pytest

from aircall.api.client import ApiClient
from aircall.errors import NoResponseError, UnreachableError
from tests.integration.api.asking import BOUNDED, CALL, CALL_ID, ENDPOINTS, USER, asking, fail_in_time
from tests.integration.api.behaviours import answer
from tests.integration.api.certificates import server_context
from tests.integration.api.hostile_http import HostileServer, Peer
from tests.support.relay import CHUNK, Edit, Relay
from tests.support.waiting import wait_until

DEADLINE = 0.8
PAUSE = 0.05


class DrippingRelay(Relay):
    """A relay that passes on the server's bytes one by one, and PAUSE seconds apart while `slow` is set."""

    def __init__(self, server: str, edit: Edit = bytes) -> None:
        super().__init__(server, edit)
        self.slow = Event()

    @property
    def url(self) -> str:
        """Its address for TLS."""
        return self.address.replace("http", "https")

    def _pass(self, source: socket, target: socket, edit: Edit = bytes) -> None:
        with suppress(OSError):
            while source.getpeername() == self._server and (data := source.recv(CHUNK)):
                for byte in data:
                    target.sendall(bytes([byte]))
                    Event().wait(PAUSE if self.slow.is_set() else 0)
        super()._pass(source, target, edit)


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """TLS for a server on loopback, whose certificate the environment makes trusted."""
    tls = server_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    return tls


def test_a_certificate_named_in_the_environment_is_trusted(trusted: ssl.SSLContext) -> None:
    with asking(answer(USER), answer(CALL), tls=trusted) as (server, api):
        user, call = api.me("a.b.c"), api.toggle_archived("a.b.c", CALL_ID)

    assert (user.username, call.id) == ("alice", CALL_ID)
    assert server.connections == [1, 1]


@pytest.mark.parametrize(("name", "tries"), [("me", 3), ("refresh", 2)])
def test_nothing_is_sent_to_a_server_with_an_untrusted_certificate_so_that_all_is_tried_again(
    tmp_path: Path, name: str, tries: int
) -> None:
    tls = server_context(tmp_path)
    with asking(answer(USER), tls=tls) as (server, api), pytest.raises(UnreachableError):
        ENDPOINTS[name](api)

    assert server.received == []
    assert server.accepted == tries


def test_a_certificate_for_another_address_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = server_context(tmp_path, "127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))

    with asking(answer(USER), tls=tls) as (server, api), pytest.raises(UnreachableError):
        api.me("a.b.c")

    assert server.received == []


def test_plain_http_where_tls_is_expected_is_unreachable() -> None:
    with (
        HostileServer(answer(USER)) as server,
        closing(ApiClient(server.url.replace("http", "https"))) as api,
        pytest.raises(UnreachableError),
    ):
        api.me("a.b.c")


# A socket that is being connected when the deadline passes is closed as its last reference goes.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_dripped_handshake_ends_by_the_deadline_and_closes_its_connection(trusted: ssl.SSLContext) -> None:
    with HostileServer(answer(USER), tls=trusted) as server, DrippingRelay.to(server.url) as relay:
        relay.slow.set()
        with closing(ApiClient(relay.url, deadline=DEADLINE)) as api:
            fail_in_time(lambda: api.toggle_archived("a.b.c", CALL_ID), UnreachableError)
        wait_until(lambda: server.ended == server.accepted, what="the end of the connections")

    assert server.received == []


def test_a_dripped_record_ends_by_the_deadline_and_the_next_request_works(trusted: ssl.SSLContext) -> None:
    def answer_slowly(peer: Peer) -> None:
        relay.slow.set()
        answer(USER, 200, f"X-Padding: {'x' * 1000}")(peer)

    with (
        HostileServer(answer_slowly, answer(CALL), tls=trusted) as server,
        DrippingRelay.to(server.url) as relay,
        closing(ApiClient(relay.url, deadline=4)) as api,
    ):
        fail_in_time(lambda: api.toggle_archived("a.b.c", CALL_ID), NoResponseError)
        relay.slow.clear()

        assert api.get_call("a.b.c", CALL_ID, deadline=BOUNDED).id == CALL_ID

    assert server.connections == [1, 2]
