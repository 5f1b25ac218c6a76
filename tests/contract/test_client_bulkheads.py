"""Trouble with one kind of request stays with it, and an API that is dead is left alone."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest

from aircall.api.client import POOL_SIZE, ApiClient, Pool
from aircall.api.resilience import FAILURE_LIMIT, PAUSE
from aircall.errors import AircallError, CircuitOpenError, NoResponseError, ServerError
from tests.contract.behaviours import answer, reset
from tests.contract.hostile_http import HostileServer
from tests.support.clock import StillClock
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

CALL_ID = "7876e2eb-1a50-4a7e-afb5-2936cbe6e814"
USES: dict[Pool, list[Callable[[ApiClient], object]]] = {
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
REQUESTS = [(use, ask) for use, asks in USES.items() for ask in asks]


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[ApiClient]:
    client = ApiClient(sandbox.url)
    yield client
    client.close()


def fail(api: ApiClient, ask: Callable[[ApiClient], object], times: int = FAILURE_LIMIT) -> None:
    for _ in range(times):
        with pytest.raises(ServerError):
            ask(api)


@pytest.mark.parametrize(("use", "ask"), REQUESTS)
def test_a_use_that_keeps_failing_is_stopped_alone(use: Pool, ask: Callable[[ApiClient], object]) -> None:
    with (
        HostileServer(answer(b"{}", 500)) as server,
        closing(ApiClient(server.url, clock=StillClock())) as api,
    ):
        fail(api, ask)
        before = len(server.received)

        for other, other_ask in REQUESTS:
            with pytest.raises(CircuitOpenError if other == use else ServerError):
                other_ask(api)

    # Each of the others was sent.
    assert len(server.received) - before >= len(REQUESTS) - len(USES[use])


def test_the_tries_of_one_request_are_one_failure() -> None:
    with HostileServer(reset) as server, closing(ApiClient(server.url)) as api:
        for _ in range(FAILURE_LIMIT - 1):
            with pytest.raises(NoResponseError):
                api.me("a.b.c")
        assert len(server.received) > FAILURE_LIMIT

        with pytest.raises(NoResponseError):
            api.me("a.b.c")
        with pytest.raises(CircuitOpenError):
            api.me("a.b.c")


def test_an_api_that_is_back_is_found_by_a_probe() -> None:
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


def test_a_list_that_hangs_keeps_nobody_from_a_call_a_login_or_a_refresh(
    api: ApiClient, sandbox: Sandbox
) -> None:
    grant = api.login("alice", "any")
    call_id = sandbox.calls()[0]["id"]
    # A request meets the first fault that is for it: this one lets single calls pass.
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

    assert call.id == call_id
    assert renewed.tokens
    assert bob.tokens


def test_no_error_holds_the_request_with_its_password() -> None:
    with (
        HostileServer(reset) as server,
        closing(ApiClient(server.url)) as api,
        pytest.raises(NoResponseError) as caught,
    ):
        api.login("alice", "hunter2")

    assert b"hunter2" in server.received[0].body
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert "hunter2" not in repr(caught.value)
