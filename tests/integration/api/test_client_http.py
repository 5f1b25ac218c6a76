"""How HTTP is used: what is sent, kept, followed and refused."""

import gzip
import json
import tracemalloc
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from aircall.api.client import ApiClient
from aircall.api.transport import BODY_LIMIT, USER_AGENT
from aircall.errors import AircallError, MalformedResponseError, RejectedError, WrongAddressError
from tests.integration.api.asking import CALL, CALL_ID, ENDPOINTS, USER, asking
from tests.integration.api.behaviours import BOMB, answer, never_end
from tests.integration.api.certificates import server_context
from tests.integration.api.hostile_http import Behaviour, HostileServer
from tests.support.forward_proxy import ForwardProxy

GRANT = b'{"access_token":"a.b.c"}'


@pytest.mark.parametrize("password", [" pass word ", "p\u00e4ss\n😀\x00", "half \ud800", '"\\', ""])
def test_a_password_is_sent_exactly_as_typed(password: str) -> None:
    with asking(answer(GRANT, 201)) as (server, api):
        api.login("Élodie", password)

    (request,) = server.received
    assert json.loads(request.body) == {"username": "Élodie", "password": password}
    assert request.headers["content-type"] == "application/json"
    assert "authorization" not in request.headers


def test_a_request_names_the_program_and_carries_the_token() -> None:
    with asking(answer(USER)) as (server, api):
        api.me("a.b.c")

    (request,) = server.received
    assert server.lines == ["GET /me"]
    assert request.headers["authorization"] == "Bearer a.b.c"
    assert request.headers["user-agent"] == USER_AGENT
    assert USER_AGENT.startswith("Callboard/")


def test_the_base_url_may_have_a_path() -> None:
    with HostileServer(answer(CALL)) as server, closing(ApiClient(f"{server.url}/v1/")) as api:
        api.get_call("a.b.c", CALL_ID)

    assert server.lines == [f"GET /v1/calls/{CALL_ID}"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with (
        HostileServer(answer(USER)) as elsewhere,
        asking(answer(b"", status, f"Location: {elsewhere.url}/me")) as (server, api),
    ):
        with pytest.raises(RejectedError):
            api.me("a.b.c")
        with pytest.raises(RejectedError):
            api.toggle_archived("a.b.c", CALL_ID)

    assert elsewhere.received == []
    assert len(server.received) == 2


def test_cookies_are_not_kept() -> None:
    with asking(answer(USER, 200, "Set-Cookie: sid=alice; Path=/")) as (server, api):
        api.me("a.b.c")
        api.me("a.b.c")

    assert [request.headers.get("cookie") for request in server.received] == [None, None]


def test_proxies_and_passwords_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login eve password evil\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with HostileServer(answer(b'{"access_token":"evil"}')) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        with asking(answer(GRANT)) as (server, api):
            grant = api.login("alice", "secret")

    assert grant.tokens.access == "a.b.c"
    assert "authorization" not in server.received[0].headers


@pytest.mark.parametrize(
    ("url", "status"),
    [("https://{}", "SSLCertVerificationError"), ("http://no-such-host.invalid", "NameResolutionError")],
)
def test_an_address_of_another_or_of_nobody_is_told_as_wrong(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, url: str, status: str
) -> None:
    with (
        HostileServer(answer(GRANT, 201), tls=server_context(tmp_path)) as server,
        closing(ApiClient(url.format(urlsplit(server.url).netloc))) as api,
    ):
        for ask in (ENDPOINTS["login"], ENDPOINTS["authorize_channel"]):
            with pytest.raises(WrongAddressError):
                ask(api)

    names = ("setting", "path", "status")
    told = [tuple(vars(each).get(name) for name in names) for each in caplog.records]
    assert ("AIRCALL_API_URL", "/auth/login", status) in told
    assert ("PUSHER_AUTH_ENDPOINT", "/pusher/auth", status) in told


def test_a_proxy_that_refuses_is_no_wrong_address() -> None:
    with ForwardProxy.start("ann", "secret") as proxy:
        for scheme in ("http", "https"):
            url, proxy_url = f"{scheme}://api.example", f"http://ann:wrong@{proxy.address}"
            with closing(ApiClient(url, proxy_url=proxy_url)) as api, pytest.raises(AircallError) as failed:
                api.login("ann", "x")
            assert not isinstance(failed.value, WrongAddressError)

    assert proxy.lines == []


@pytest.mark.parametrize(
    "behaviour",
    [
        answer(BOMB, 200, "Content-Encoding: gzip"),
        answer(BOMB, 302, "Location: /me", "Content-Encoding: gzip"),
        never_end,
    ],
    ids=["gzip bomb", "gzip bomb in a redirect", "endless body"],
)
def test_a_huge_body_is_refused_in_little_memory(behaviour: Behaviour) -> None:
    with asking(behaviour) as (server, api):
        tracemalloc.start()
        with pytest.raises(MalformedResponseError, match="too large"):
            api.get_calls("a.b.c", 0, 10)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert peak < 5 * BODY_LIMIT
    assert len(server.received) == 1


def test_a_compressed_body_is_read_unless_it_cannot_be_decompressed() -> None:
    gzipped = "Content-Encoding: gzip"
    with asking(answer(gzip.compress(USER), 200, gzipped), answer(b"not gzip", 200, gzipped)) as (_, api):
        assert api.me("a.b.c").username == "alice"
        with pytest.raises(MalformedResponseError):
            api.me("a.b.c")
