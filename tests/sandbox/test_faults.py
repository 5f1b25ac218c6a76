"""The faults of requests and of the channel, by name. Faults of tokens: test_auth.py."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from websocket import WebSocketBadStatusException, WebSocketTimeoutException

from tests.support.pusher_socket import CHANNEL, PusherSocket, connected
from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


@pytest.fixture
def socket(sandbox: Sandbox, rest: RestClient) -> Iterator[PusherSocket]:
    with connected(sandbox) as socket:
        socket.subscribe(rest)
        yield socket


def receives_a_change(socket: PusherSocket, sandbox: Sandbox, call_id: str) -> bool:
    return sandbox.archive(call_id) == socket.next_call()


def test_answer_503_is_for_so_many_requests_of_a_path_and_may_execute_them(
    sandbox: Sandbox, rest: RestClient, call_id: str
) -> None:
    sandbox.answer_503(2, "/calls", retry_after=1.5)
    responses = [rest.get(path) for path in ("/calls", "/me", "/calls/x", "/calls")]

    assert [response.status_code for response in responses] == [503, 200, 503, 200]
    assert responses[0].headers["Retry-After"] == "1.5"
    assert responses[0].json() == {"statusCode": 503, "message": "Service Unavailable"}

    sandbox.answer_503(path="/calls", applied=True)
    response = rest.put(f"/calls/{call_id}/archive")
    assert response.status_code == 503
    assert "Retry-After" not in response.headers
    assert sandbox.counters().archive_flips_by_call == {call_id: 1}


@pytest.mark.parametrize("applied", [False, True])
def test_be_slow_delays_so_many_requests_for_its_path_until_it_is_cleared(
    sandbox: Sandbox, rest: RestClient, call_id: str, applied: bool
) -> None:
    sandbox.be_slow(3600, times=1, path="/calls", applied=applied)
    before = sandbox.counters().requests
    with ThreadPoolExecutor() as pool:
        response = pool.submit(rest.put, f"/calls/{call_id}/archive")
        wait_until(
            lambda: sandbox.counters().requests > before and sandbox.counters().archive_flips == applied,
            what="the request arrived",
        )
        assert [rest.get(path).status_code for path in ("/me", "/calls")] == [200, 200]
        assert not response.done()

        sandbox.clear_faults()

        assert response.result(20).status_code == 200
    assert sandbox.counters().archive_flips == 1


def test_options_delay_every_response_and_cap_a_page() -> None:
    with Sandbox.start("--latency", "0.1", "--max-limit", "7") as sandbox, signed_in(sandbox.url) as rest:
        started_at = time.monotonic()

        page = rest.get("/calls", offset=50, limit=50).json()

        assert time.monotonic() - started_at >= 0.1
        assert (len(page["nodes"]), page["hasNextPage"]) == (7, True)


@pytest.mark.parametrize(
    ("fault", "applied"),
    [
        (lambda sandbox: sandbox.reset_after_send(), False),
        (lambda sandbox: sandbox.reset_after_send(applied=True), True),
        (lambda sandbox: sandbox.apply_and_never_answer(seconds=0.1), True),
    ],
)
def test_a_change_whose_connection_is_reset_is_executed_or_not_and_reads_are_not_affected(
    sandbox: Sandbox, rest: RestClient, call_id: str, fault: Callable[[Sandbox], None], applied: bool
) -> None:
    fault(sandbox)

    assert rest.get(f"/calls/{call_id}").status_code == 200
    with pytest.raises(requests.ConnectionError, match="reset"):
        rest.post(f"/calls/{call_id}/note", {"content": "Hello"})

    assert sandbox.counters().notes_added == applied
    assert rest.get(f"/calls/{call_id}").json() == sandbox.call(call_id)


def test_answer_with_sends_any_body_and_can_truncate_it(sandbox: Sandbox, rest: RestClient) -> None:
    for body, content_type in ((b"<html>", "text/html"), (b"{\xff", "application/json"), (b"", "")):
        sandbox.answer_with(202, body, content_type, path="/me")

        response = rest.get("/me")

        assert (response.status_code, response.content) == (202, body)
        assert response.headers.get("Content-Type", "") == content_type
    assert rest.get("/me").status_code == 200

    sandbox.answer_with(200, b'{"id": "al', path="/me", missing=10)

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="10 more expected"):
        rest.get("/me")


def test_drip_sends_the_real_body_slowly(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.drip(0.01, times=1, path="/me")
    started_at = time.monotonic()

    response = rest.get("/me")

    assert time.monotonic() - started_at >= 0.01 * (len(response.content) - 1)
    assert response.json() == {"id": "alice", "username": "alice"}


@pytest.mark.parametrize("value", [0, -1, 10**9, 1.5, None, "many"])
def test_wrong_total_changes_the_total_only(sandbox: Sandbox, rest: RestClient, value: object) -> None:
    sandbox.wrong_total(value)

    page = rest.get("/calls").json()

    assert page["totalCount"] == value
    assert (len(page["nodes"]), page["hasNextPage"]) == (10, True)


def test_the_first_matching_fault_affects_a_request(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.answer_with(418, path="/me")
    sandbox.answer_503(path="/")

    assert [rest.get("/me").status_code for _ in range(3)] == [418, 503, 200]


def test_cleared_faults_are_off(sandbox: Sandbox, rest: RestClient, call_id: str) -> None:
    sandbox.answer_503(None)
    sandbox.wrong_total(7)
    sandbox.lose_events(7)
    sandbox.shift_clock(-50)
    sandbox.login_without_refresh_token()
    sandbox.refuse_sockets()

    sandbox.clear_faults()

    assert rest.login().json().keys() == {"access_token", "refresh_token", "user"}
    assert rest.get("/calls").json()["totalCount"] == 94
    with connected(sandbox) as socket:
        socket.subscribe(rest)
        assert receives_a_change(socket, sandbox, call_id)


def test_drop_sockets_closes_with_a_code_or_resets_the_connection(
    sandbox: Sandbox, socket: PusherSocket
) -> None:
    sandbox.drop_sockets(4200, "Reconnect")
    assert socket.close_code() == 4200

    with connected(sandbox) as another:
        another.socket_id()
        sandbox.drop_sockets()
        with pytest.raises(ConnectionResetError):
            another.next()


def test_refuse_sockets_answers_503_until_it_is_switched_off(sandbox: Sandbox) -> None:
    sandbox.refuse_sockets()

    with pytest.raises(WebSocketBadStatusException, match="503"), connected(sandbox):
        pass

    assert sandbox.counters().connections_refused == 1
    sandbox.refuse_sockets(False)
    with connected(sandbox) as socket:
        assert socket.socket_id()


def test_refuse_channel_auth_is_limited_to_its_times(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.refuse_channel_auth(500, times=2)
    fields = {"socket_id": "1.1", "channel_name": CHANNEL}

    assert [rest.post("/pusher/auth", fields).status_code for _ in range(3)] == [500, 500, 200]


def test_muted_sockets_stay_open_and_send_nothing_until_cleared_while_new_ones_work(
    sandbox: Sandbox, rest: RestClient, socket: PusherSocket, call_id: str
) -> None:
    sandbox.mute_sockets()
    with connected(sandbox) as new:
        new.subscribe(rest)
        changed = sandbox.archive(call_id)
        assert new.next_call() == changed
    socket.send("pusher:ping", {})

    with pytest.raises(WebSocketTimeoutException):
        socket.next(within=0.3)
    sandbox.clear_faults()
    assert socket.next_call() == changed
    assert socket.next()["event"] == "pusher:pong"


def test_lose_events_suppresses_a_number_of_events(
    sandbox: Sandbox, socket: PusherSocket, call_id: str
) -> None:
    sandbox.lose_events(2)

    sandbox.archive(call_id)
    sandbox.archive(call_id)

    assert receives_a_change(socket, sandbox, call_id)
    assert sandbox.counters().events_sent == 1


def test_send_event_sends_any_data(sandbox: Sandbox, socket: PusherSocket) -> None:
    for data, raw in (("not JSON", "not JSON"), ({"id": 7}, '{"id": 7}'), (None, "null")):
        sandbox.send_event("update-call", data)

        assert socket.next() == {"event": "update-call", "channel": CHANNEL, "data": raw}


@pytest.mark.parametrize("closing", [4000, 4299])
def test_pusher_error_closes_with_a_closing_code_alone(
    sandbox: Sandbox, socket: PusherSocket, call_id: str, closing: int
) -> None:
    for code in (None, 4300):
        sandbox.pusher_error(code)
        assert socket.next()["data"]["code"] == code
        assert receives_a_change(socket, sandbox, call_id)

    sandbox.pusher_error(closing, "Over quota")
    assert socket.next() == {"event": "pusher:error", "data": {"code": closing, "message": "Over quota"}}
    assert socket.close_code() == closing
