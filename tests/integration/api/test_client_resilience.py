"""Retries, circuit breakers and bulkheads of the client, observed at the server."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from time import monotonic

import pytest

from aircall.api.client import POOL_SIZE, SETTING_OF, ApiClient, Pool
from aircall.api.resilience import FAILURE_LIMIT
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
    WrongAddressError,
)
from tests.integration.api.asking import CHANGES, ENDPOINTS, USER, asking
from tests.integration.api.behaviours import HEAD, answer, reset, send_and_hang_up
from tests.integration.api.hostile_http import Behaviour
from tests.support.clock import StillClock
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

FAILURES: dict[str, tuple[Behaviour, type[AircallError]]] = {
    "500": (answer(b"", 500), ServerError),
    "502": (answer(b"<html>", 502), ServerError),
    "503": (answer(b"{}", 503), ServerError),
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
POOLS = {
    Pool.LIST: ["get_calls"],
    Pool.CALL: ["get_call", "add_note", "toggle_archived"],
    Pool.LOGIN: ["login"],
    Pool.ME: ["me"],
    Pool.REFRESH: ["refresh", "refresh_access"],
    Pool.CHANNEL: ["authorize_channel"],
}


@pytest.mark.parametrize(("failure", "kind"), (FAILURES | FINAL).values(), ids=FAILURES | FINAL)
def test_a_change_is_sent_once_and_a_read_three_times_at_most_but_once_after_a_final_error(
    failure: Behaviour, kind: type[AircallError]
) -> None:
    with asking(failure) as (server, api):
        for name, change in CHANGES.items():
            # There is no login and no signature at a wrong address alone.
            with pytest.raises(WrongAddressError if kind is NotFoundError and name in SETTING_OF else kind):
                change(api)
        assert len(server.received) == len(CHANGES)

        with pytest.raises(kind):
            api.me("a.b.c")

    is_final = (failure, kind) in FINAL.values()
    assert server.lines[len(CHANGES) :] == ["GET /me"] * (1 if is_final else 3)


def test_reading_survives_two_failures_and_waits_for_the_time_that_the_api_gave() -> None:
    cut_short, _ = FAILURES["a short body"]
    with asking(answer(b"{}", 503, "Retry-After: 1"), cut_short, answer(USER)) as (server, api):
        began_at = monotonic()
        assert api.me("a.b.c").username == "alice"

    assert monotonic() - began_at >= 1
    assert len(server.received) == 3


def test_reading_does_not_wait_past_its_deadline() -> None:
    with asking(answer(b"{}", 503, "Retry-After: 3"), deadline=2.5) as (server, api):
        began_at = monotonic()
        with pytest.raises(ServerError) as caught:
            api.me("a.b.c")

    assert caught.value.retry_after == 3
    assert monotonic() - began_at < 3
    assert len(server.received) == 1


def test_the_budget_limits_the_retries_to_an_api_in_trouble() -> None:
    # A clock that advances a minute per reading, so that the circuit breaker admits every request.
    minutes = itertools.count(0.0, 60.0)
    with asking(answer(b"{}", 500), clock=lambda: next(minutes)) as (server, api):
        for _ in range(30):
            with suppress(ServerError):
                api.me("a.b.c")

    # Ten retries at first, and one more for every ten requests.
    assert 30 + 11 <= len(server.received) <= 30 + 13


def test_no_error_contains_a_token_or_a_password() -> None:
    with asking(answer(b'{"message":["bad: s3cr3t.a.b","wrong: hunter2","sorry"]}', 400)) as (_, api):
        with pytest.raises(InvalidRequestError) as by_token:
            api.me("s3cr3t.a.b")
        with pytest.raises(InvalidRequestError) as by_password:
            api.login("alice", "hunter2")

    assert by_token.value.messages == ("wrong: hunter2", "sorry")
    assert by_password.value.messages == ("bad: s3cr3t.a.b", "sorry")


def test_no_error_references_the_request_with_its_password() -> None:
    with asking(reset) as (server, api), pytest.raises(NoResponseError) as caught:
        api.login("alice", "hunter2")

    assert b"hunter2" in server.received[0].body
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert "hunter2" not in repr(caught.value)


@pytest.mark.parametrize("pool", POOLS)
def test_a_pool_whose_requests_keep_failing_is_stopped_alone(pool: Pool) -> None:
    with asking(answer(b"{}", 500), clock=StillClock()) as (server, api):
        for _ in range(FAILURE_LIMIT):
            # However often a read is sent, it is one failure.
            with pytest.raises(ServerError):
                ENDPOINTS[POOLS[pool][0]](api)
        before = len(server.received)

        for other, names in POOLS.items():
            for name in names:
                with pytest.raises(CircuitOpenError if other == pool else ServerError):
                    ENDPOINTS[name](api)

    assert len(server.received) - before >= len(ENDPOINTS) - len(POOLS[pool])


def test_a_list_that_hangs_blocks_no_call_login_or_refresh(sandbox: Sandbox) -> None:
    readers = 2 * POOL_SIZE[Pool.LIST]
    with closing(ApiClient(sandbox.url)) as api, ThreadPoolExecutor(readers) as pool:
        grant = api.login("alice", "any")
        call_id = sandbox.calls()[0]["id"]
        # The first fault that matches a request applies: this one exempts single calls.
        sandbox.be_slow(0, path="/calls/")
        sandbox.be_slow(60, path="/calls")
        taken = sandbox.counters().requests + POOL_SIZE[Pool.LIST]

        def read_list(_: int) -> None:
            with suppress(AircallError):
                api.get_calls(grant.tokens.access, 0, 10)

        pool.map(read_list, range(readers))
        wait_until(lambda: sandbox.counters().requests == taken, what="all slots taken")

        assert api.get_call(grant.tokens.access, call_id).id == call_id
        assert api.refresh(grant.tokens.refresh or "").tokens
        assert api.login("bob", "any").tokens
        sandbox.clear_faults()
