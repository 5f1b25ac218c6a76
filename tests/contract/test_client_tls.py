"""`ApiClient` over TLS: whom it trusts, and that TLS keeps nobody waiting either."""

import json
import ssl
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from aircall.api.client import ApiClient
from aircall.errors import NoResponseError, UnreachableError
from tests.contract.behaviours import answer, nobody_accepts
from tests.contract.certificates import server_context
from tests.contract.dripping_proxy import DrippingProxy
from tests.contract.hostile_http import HostileServer, Peer
from tests.contract.under_gevent import ask_under_gevent

DEADLINE = 0.8
# A machine may be busy; without the deadline, each of these calls would take half a minute.
MARGIN = 4
PAUSE = 0.05
USER = json.dumps({"id": "alice", "username": "alice", "padding": " " * 1000}).encode()
CALL_ID = "7876e2eb-1a50-4a7e-afb5-2936cbe6e814"
CALL = json.dumps({"id": CALL_ID, "is_archived": True}).encode()


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """TLS for a server on loopback, by a certificate that the environment vouches for."""
    tls = server_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    return tls


def test_a_company_may_vouch_by_its_own_certificate(trusted: ssl.SSLContext) -> None:
    with (
        HostileServer(answer(USER), answer(CALL), tls=trusted) as server,
        closing(ApiClient(server.url)) as api,
    ):
        user, call = api.me("a.b.c"), api.toggle_archived("a.b.c", CALL_ID)

    assert (user.username, call.id) == ("alice", CALL_ID)
    assert server.connections == [1, 1]


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
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


def test_what_was_not_sent_for_want_of_trust_is_tried_again(tmp_path: Path) -> None:
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


def test_a_silent_handshake_ends_by_the_deadline() -> None:
    began_at = monotonic()
    with nobody_accepts("https") as url, closing(ApiClient(url, deadline=DEADLINE)) as api:
        with pytest.raises(UnreachableError):
            api.me("a.b.c")

        assert monotonic() - began_at < MARGIN * DEADLINE


def test_a_dripped_handshake_ends_by_the_deadline(trusted: ssl.SSLContext) -> None:
    with HostileServer(answer(USER), tls=trusted) as server, DrippingProxy(server.port, PAUSE) as proxy:
        proxy.slow.set()
        began_at = monotonic()
        with closing(ApiClient(proxy.url, deadline=DEADLINE)) as api, pytest.raises(UnreachableError):
            api.toggle_archived("a.b.c", CALL_ID)
        seconds = monotonic() - began_at

        asked = ask_under_gevent(proxy.url, DEADLINE)

    assert seconds < MARGIN * DEADLINE
    assert asked.outcome == "UnreachableError"
    assert asked.seconds < MARGIN * DEADLINE
    assert server.received == []


def test_a_dripped_record_ends_by_the_deadline(trusted: ssl.SSLContext) -> None:
    def answer_slowly(peer: Peer) -> None:
        proxy.slow.set()
        answer(USER)(peer)

    with HostileServer(answer_slowly, tls=trusted) as server, DrippingProxy(server.port, PAUSE) as proxy:
        began_at = monotonic()
        with closing(ApiClient(proxy.url, deadline=DEADLINE)) as api, pytest.raises(NoResponseError):
            api.toggle_archived("a.b.c", CALL_ID)
        seconds = monotonic() - began_at

        proxy.slow.clear()
        asked = ask_under_gevent(proxy.url, DEADLINE)

    assert seconds < MARGIN * DEADLINE
    # What it reads is asked for again, and then the handshake drips.
    assert asked.outcome in ("NoResponseError", "UnreachableError")
    assert asked.seconds < MARGIN * DEADLINE
    assert asked.turns > 5
