"""TLS: which certificates are trusted, and that the deadline bounds the handshake and each record too."""

import json
import ssl
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from aircall.api.client import ApiClient
from aircall.errors import NoResponseError, UnreachableError
from tests.integration.api.behaviours import answer, nobody_accepts
from tests.integration.api.certificates import server_context
from tests.integration.api.hostile_http import HostileServer, Peer
from tests.integration.api.transport.dripping_proxy import DrippingProxy
from tests.support.waiting import wait_until

DEADLINE = 0.8
# A machine may be busy; without the deadline, each of these calls would take half a minute.
MARGIN = 4
PAUSE = 0.05
USER = json.dumps({"id": "alice", "username": "alice", "padding": " " * 1000}).encode()
CALL_ID = "7876e2eb-1a50-4a7e-afb5-2936cbe6e814"
CALL = json.dumps({"id": CALL_ID, "is_archived": True}).encode()


# A socket that is being connected when the deadline passes is closed as its last reference goes.
UNFINISHED = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """TLS for a server on loopback, whose certificate the environment makes trusted."""
    tls = server_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    return tls


def test_a_certificate_named_in_the_environment_is_trusted(trusted: ssl.SSLContext) -> None:
    with (
        HostileServer(answer(USER), answer(CALL), tls=trusted) as server,
        closing(ApiClient(server.url)) as api,
    ):
        user, call = api.me("a.b.c"), api.toggle_archived("a.b.c", CALL_ID)

    assert (user.username, call.id) == ("alice", CALL_ID)
    assert server.connections == [1, 1]


def test_an_untrusted_certificate_is_refused(tmp_path: Path) -> None:
    with (
        HostileServer(answer(USER), tls=server_context(tmp_path)) as server,
        closing(ApiClient(server.url)) as api,
        pytest.raises(UnreachableError),
    ):
        api.me("a.b.c")

    assert server.received == []


def test_a_certificate_for_another_address_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = server_context(tmp_path, "127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))

    with (
        HostileServer(answer(USER), tls=tls) as server,
        closing(ApiClient(server.url)) as api,
        pytest.raises(UnreachableError),
    ):
        api.me("a.b.c")

    assert server.received == []


def test_a_request_that_was_not_sent_for_lack_of_trust_is_retried(tmp_path: Path) -> None:
    with HostileServer(answer(USER), tls=server_context(tmp_path)) as server:
        for ask, tries in (("me", 3), ("refresh", 2)):
            accepted = server.accepted
            with closing(ApiClient(server.url)) as api, pytest.raises(UnreachableError):
                getattr(api, ask)("a.b.c")
            assert server.accepted - accepted == tries


def test_plain_http_where_tls_is_expected_is_unreachable() -> None:
    with (
        HostileServer(answer(USER)) as server,
        closing(ApiClient(server.url.replace("http", "https"))) as api,
        pytest.raises(UnreachableError),
    ):
        api.me("a.b.c")


@UNFINISHED
def test_a_silent_handshake_ends_by_the_deadline() -> None:
    began_at = monotonic()
    with nobody_accepts("https") as url, closing(ApiClient(url, deadline=DEADLINE)) as api:
        with pytest.raises(UnreachableError):
            api.me("a.b.c")

        assert monotonic() - began_at < MARGIN * DEADLINE


@UNFINISHED
def test_a_dripped_handshake_ends_by_the_deadline_and_closes_its_connection(trusted: ssl.SSLContext) -> None:
    with HostileServer(answer(USER), tls=trusted) as server, DrippingProxy(server.port, PAUSE) as proxy:
        proxy.slow.set()
        began_at = monotonic()
        with closing(ApiClient(proxy.url, deadline=DEADLINE)) as api, pytest.raises(UnreachableError):
            api.toggle_archived("a.b.c", CALL_ID)
        seconds = monotonic() - began_at
        wait_until(lambda: server.ended == server.accepted, what="the end of the connections")

    assert seconds < MARGIN * DEADLINE
    assert server.received == []


def test_a_dripped_record_ends_by_the_deadline_and_the_next_request_works(trusted: ssl.SSLContext) -> None:
    def answer_slowly(peer: Peer) -> None:
        proxy.slow.set()
        answer(USER)(peer)

    with (
        HostileServer(answer_slowly, answer(CALL), tls=trusted) as server,
        DrippingProxy(server.port, PAUSE) as proxy,
        closing(ApiClient(proxy.url, deadline=DEADLINE)) as api,
    ):
        began_at = monotonic()
        with pytest.raises(NoResponseError):
            api.toggle_archived("a.b.c", CALL_ID)
        seconds = monotonic() - began_at
        proxy.slow.clear()

        assert api.get_call("a.b.c", CALL_ID).id == CALL_ID

    assert seconds < MARGIN * DEADLINE
    assert server.connections == [1, 2]
