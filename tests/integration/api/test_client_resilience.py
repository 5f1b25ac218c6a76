"""Retries, circuit breakers and bulkheads of the client, observed at the server."""

import itertools
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from time import monotonic

import pytest

from aircall.api.client import POOL_SIZE, ApiClient, Pool
from aircall.api.resilience import FAILURE_LIMIT, PAUSE
from aircall.errors import (
    AircallError,
    CircuitOpenError,
    ForbiddenError,
    InvalidRequestError,
    MalformedResponseError,
    NoResponseError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    ServerError,
    UnauthorizedError,
)
from tests.integration.api.behaviours import HEAD, answer, reset, send_and_hang_up
from tests.integration.api.hostile_http import Behaviour, HostileServer
from tests.support.clock import StillClock
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

CALL_ID = "7876e2eb-1a50-4a7e-afb5-2936cbe6e814"
USER = json.dumps({"id": "alice", "username": "alice"}).encode()
FAILURES: dict[str, tuple[Behaviour, type[AircallError]]] = {
    "500": (answer(b"", 500), ServerError),
    "502": (answer(b"<html>", 502), ServerError),
    "503": (answer(b"{}", 503), ServerError),
    "504": (answer(b"{}", 504), ServerError),
    "503, come back": (answer(b"{}", 503, "Retry-After: 0"), ServerError),
    "429, come back": (answer(b"{}", 429, "Retry-After: 0"), RateLimitedError),
    "a reset": (reset, NoResponseError),
    "the end": (send_and_hang_up(b""), NoResponseError),
    "a short body": (send_and_hang_up(HEAD + b'Content-Length: 9\r\n\r\n{"id":'), NoResponseError),
    "half a chunk": (send_and_hang_up(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{"), NoResponseError),
    "half a header": (send_and_hang_up(b"HTTP/1.1 200 OK\r\nContent-Le"), NoResponseError),
    "only the status": (send_and_hang_up(b"HTTP/1.1 200 OK\r\n"), NoResponseError),
    "no HTTP": (send_and_hang_up(b"SSH-2.0-OpenSSH_9.2\r\n"), NoResponseError),
    "101 headers": (send_and_hang_up(HEAD + b"X-A: b\r\n" * 101 + b"\r\n"), NoResponseError),
    "two lengths": (
        send_and_hang_up(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}"),
        NoResponseError,
    ),
}
FINAL: dict[str, tuple[Behaviour, type[AircallError]]] = {
    "302": (answer(b"", 302, "Location: /login"), RejectedError),
    "304": (answer(b"", 304), RejectedError),
    "400": (answer(b'{"message":["no"]}', 400), InvalidRequestError),
    "401": (answer(b"{}", 401), UnauthorizedError),
    "403": (answer(b"{}", 403), ForbiddenError),
    "404": (answer(b"{}", 404), NotFoundError),
    "409": (answer(b"{}", 409), RejectedError),
    "429": (answer(b"{}", 429), RateLimitedError),
    "429, much later": (answer(b"{}", 429, "Retry-After: 60"), RateLimitedError),
    "503, much later": (answer(b"{}", 503, "Retry-After: 60"), ServerError),
    "HTML": (answer(b"<html>"), MalformedResponseError),
}
CHANGES: dict[str, Callable[[ApiClient], object]] = {
    "login": lambda api: api.login("alice", "secret"),
    "refresh": lambda api: api.refresh("d.e.f"),
    "refresh_access": lambda api: api.refresh_access("a.b.c"),
    "add_note": lambda api: api.add_note("a.b.c", CALL_ID, "Text"),
    "toggle_archived": lambda api: api.toggle_archived("a.b.c", CALL_ID),
    "authorize_channel": lambda api: api.authorize_channel("a.b.c", "1.2", "private-aircall"),
}
REQUESTS_OF: dict[Pool, list[Callable[[ApiClient], object]]] = {
    Pool.LIST: [lambda api: api.get_calls("a.b.c", 0, 10)],
    Pool.CALL: [
        lambda api: api.get_call("a.b.c", CALL_ID),
        lambda api: api.add_note("a.b.c", CALL_ID, "Text"),
        lambda api: api.toggle_archived("a.b.c", CALL_ID),
    ],
    Pool.LOGIN: [lambda api: api.login("alice", "secret"), lambda api: api.me("a.b.c")],
    Pool.REFRESH: [lambda api: api.refresh("d.e.f"), lambda api: api.refresh_access("a.b.c")],
    Pool.CHANNEL: [lambda api: api.authorize_channel("a.b.c", "1.2", "private-aircall")],
}
REQUESTS = [(pool, ask) for pool, asks in REQUESTS_OF.items() for ask in asks]


@pytest.mark.parametrize(("failure", "kind"), FAILURES.values(), ids=FAILURES)
def test_reading_is_sent_three_times_at_most(failure: Behaviour, kind: type[AircallError]) -> None:
    with HostileServer(failure) as server, closing(ApiClient(server.url)) as api, pytest.raises(kind):
        api.me("a.b.c")

    assert server.lines == ["GET /me"] * 3


@pytest.mark.parametrize("name", ["500", "a reset", "a short body"])
def test_reading_survives_two_failures(name: str) -> None:
    failure, _ = FAILURES[name]
    with HostileServer(failure, failure, answer(USER)) as server, closing(ApiClient(server.url)) as api:
        assert api.me("a.b.c").username == "alice"

    assert len(server.received) == 3


@pytest.mark.parametrize(("failure", "kind"), (FAILURES | FINAL).values(), ids=FAILURES | FINAL)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_sent_once(
    change: Callable[[ApiClient], object], failure: Behaviour, kind: type[AircallError]
) -> None:
    with HostileServer(failure) as server, closing(ApiClient(server.url)) as api, pytest.raises(kind):
        change(api)

    assert len(server.received) == 1


@pytest.mark.parametrize(("failure", "kind"), FINAL.values(), ids=FINAL)
def test_reading_is_not_retried_after_a_final_error(failure: Behaviour, kind: type[AircallError]) -> None:
    with HostileServer(failure) as server, closing(ApiClient(server.url)) as api, pytest.raises(kind):
        api.me("a.b.c")

    assert len(server.received) == 1


def test_reading_is_retried_after_the_time_that_the_api_gave() -> None:
    busy = answer(b"{}", 503, "Retry-After: 1")
    with HostileServer(busy, answer(USER)) as server, closing(ApiClient(server.url)) as api:
        began_at = monotonic()
        api.me("a.b.c")

    assert monotonic() - began_at >= 1
    assert len(server.received) == 2


def test_reading_does_not_wait_past_its_deadline() -> None:
    busy = answer(b"{}", 503, "Retry-After: 2")
    with HostileServer(busy) as server, closing(ApiClient(server.url, deadline=1)) as api:
        began_at = monotonic()
        with pytest.raises(ServerError) as caught:
            api.me("a.b.c")

    assert caught.value.retry_after == 2
    assert monotonic() - began_at < 1
    assert len(server.received) == 1


def test_the_budget_limits_the_retries_to_an_api_in_trouble() -> None:
    # A clock that advances a minute per reading, so that the circuit breaker admits every request.
    minutes = itertools.count(0.0, 60.0)
    with (
        HostileServer(answer(b"{}", 500)) as server,
        closing(ApiClient(server.url, clock=lambda: next(minutes))) as api,
    ):
        for _ in range(30):
            with suppress(ServerError):
                api.me("a.b.c")

    # Ten retries at first, and one more for every ten requests.
    assert 30 + 11 <= len(server.received) <= 30 + 13


def test_no_error_contains_a_token_or_a_password() -> None:
    echo = answer(b'{"message":["bad: s3cr3t.a.b","wrong: hunter2","sorry"]}', 400)
    with HostileServer(echo) as server, closing(ApiClient(server.url)) as api:
        with pytest.raises(InvalidRequestError) as by_token:
            api.me("s3cr3t.a.b")
        with pytest.raises(InvalidRequestError) as by_password:
            api.login("alice", "hunter2")

    assert by_token.value.messages == ("wrong: hunter2", "sorry")
    assert by_password.value.messages == ("bad: s3cr3t.a.b", "sorry")


def fail(api: ApiClient, ask: Callable[[ApiClient], object], times: int = FAILURE_LIMIT) -> None:
    for _ in range(times):
        with pytest.raises(ServerError):
            ask(api)


@pytest.mark.parametrize(("pool", "ask"), REQUESTS)
def test_a_pool_that_keeps_failing_is_stopped_alone(pool: Pool, ask: Callable[[ApiClient], object]) -> None:
    with (
        HostileServer(answer(b"{}", 500)) as server,
        closing(ApiClient(server.url, clock=StillClock())) as api,
    ):
        fail(api, ask)
        before = len(server.received)

        for other, other_ask in REQUESTS:
            with pytest.raises(CircuitOpenError if other == pool else ServerError):
                other_ask(api)

    # Each of the others was sent.
    assert len(server.received) - before >= len(REQUESTS) - len(REQUESTS_OF[pool])


def test_the_attempts_of_one_request_are_one_failure() -> None:
    with HostileServer(reset) as server, closing(ApiClient(server.url)) as api:
        for _ in range(FAILURE_LIMIT - 1):
            with pytest.raises(NoResponseError):
                api.me("a.b.c")
        assert len(server.received) > FAILURE_LIMIT

        with pytest.raises(NoResponseError):
            api.me("a.b.c")
        with pytest.raises(CircuitOpenError):
            api.me("a.b.c")


def test_a_probe_finds_that_the_api_is_back() -> None:
    clock = StillClock()
    failures = [answer(b"{}", 500)] * FAILURE_LIMIT
    fine = answer(b'{"access_token":"a.b.c","refresh_token":"d.e.f"}', 201)
    with HostileServer(*failures, fine) as server, closing(ApiClient(server.url, clock=clock)) as api:
        fail(api, lambda api: api.refresh("d.e.f"))
        with pytest.raises(CircuitOpenError):
            api.refresh("d.e.f")

        clock.now += PAUSE

        assert api.refresh("d.e.f").tokens.access == "a.b.c"
        assert api.refresh("d.e.f")
    assert len(server.received) == FAILURE_LIMIT + 2


def test_a_list_that_hangs_blocks_no_call_login_or_refresh(sandbox: Sandbox) -> None:
    api = ApiClient(sandbox.url)
    grant = api.login("alice", "any")
    call_id = sandbox.calls()[0]["id"]
    # The first fault that matches a request applies: this one exempts single calls.
    sandbox.be_slow(0, path="/calls/")
    sandbox.be_slow(60, path="/calls")
    readers = 2 * POOL_SIZE[Pool.LIST]
    before = sandbox.counters().requests

    def read_list(_: int) -> None:
        with suppress(AircallError):
            api.get_calls(grant.tokens.access, 0, 10)

    with ThreadPoolExecutor(readers) as pool:
        pool.map(read_list, range(readers))
        wait_until(
            lambda: sandbox.counters().requests == before + POOL_SIZE[Pool.LIST], what="all slots taken"
        )

        call = api.get_call(grant.tokens.access, call_id)
        renewed = api.refresh(grant.tokens.refresh or "")
        bob = api.login("bob", "any")
        sandbox.clear_faults()

    api.close()
    assert call.id == call_id
    assert renewed.tokens
    assert bob.tokens


def test_no_error_references_the_request_with_its_password() -> None:
    with (
        HostileServer(reset) as server,
        closing(ApiClient(server.url)) as api,
        pytest.raises(NoResponseError) as caught,
    ):
        api.login("alice", "hunter2")

    assert b"hunter2" in server.received[0].body
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert "hunter2" not in repr(caught.value)
