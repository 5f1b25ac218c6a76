"""The faults that requests meet, each by its name."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


@pytest.fixture
def call_id(sandbox: Sandbox) -> str:
    return str(sandbox.calls()[0]["id"])


def seconds_of(client: RestClient, path: str) -> float:
    started_at = time.monotonic()
    client.get(path)
    return time.monotonic() - started_at


def test_503_is_answered_so_many_times_and_only_below_the_path(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.answer_503(2, "/calls", retry_after=1.5)

    answers = [rest.get(path) for path in ("/calls", "/me", "/calls/x", "/calls")]

    assert [answer.status_code for answer in answers] == [503, 200, 503, 200]
    assert answers[0].headers["Retry-After"] == "1.5"
    assert answers[0].json() == {"statusCode": 503, "message": "Service Unavailable"}


def test_503_may_come_although_the_change_was_made(sandbox: Sandbox, rest: RestClient, call_id: str) -> None:
    before = sandbox.call(call_id)
    sandbox.answer_503(path="/calls", applied=True)

    answer = rest.put(f"/calls/{call_id}/archive")

    assert answer.status_code == 503
    assert "Retry-After" not in answer.headers
    assert sandbox.call(call_id)["is_archived"] is not before["is_archived"]


def test_slow_answers_are_slow_and_right(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.be_slow(0.5, times=1, path="/calls")

    assert seconds_of(rest, "/me") < 0.5
    assert seconds_of(rest, "/calls") >= 0.5
    assert seconds_of(rest, "/calls") < 0.5


@pytest.mark.parametrize("applied", [False, True])
def test_a_slow_change_is_made_before_the_wait_or_after(
    sandbox: Sandbox, rest: RestClient, call_id: str, applied: bool
) -> None:
    sandbox.be_slow(3600, path="/calls", applied=applied)
    before = sandbox.counters()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(rest.put, f"/calls/{call_id}/archive")
        wait_until(
            lambda: (
                sandbox.counters().requests > before.requests and sandbox.counters().archive_flips == applied
            ),
            what="the request arrived",
        )
        assert not answer.done()

        sandbox.clear_faults()

        assert answer.result(5).status_code == 200
    assert sandbox.counters().archive_flips == 1


def test_latency_precedes_every_answer() -> None:
    with Sandbox.start("--latency", "0.1") as sandbox, signed_in(sandbox.url) as rest:
        assert min(seconds_of(rest, "/me") for _ in range(2)) >= 0.1


def test_a_change_is_made_and_never_answered(sandbox: Sandbox, rest: RestClient, call_id: str) -> None:
    before = sandbox.call(call_id)
    sandbox.apply_and_never_answer(seconds=0.1)

    with pytest.raises(requests.ConnectionError):
        rest.put(f"/calls/{call_id}/archive")

    assert sandbox.call(call_id)["is_archived"] is not before["is_archived"]
    assert sandbox.counters().archive_flips_by_call == {call_id: 1}


@pytest.mark.parametrize("applied", [False, True])
def test_a_connection_is_reset_after_the_request(
    sandbox: Sandbox, rest: RestClient, call_id: str, applied: bool
) -> None:
    sandbox.reset_after_send(applied=applied)

    with pytest.raises(requests.ConnectionError, match="reset"):
        rest.post(f"/calls/{call_id}/note", {"content": "Hello"})

    assert sandbox.counters().notes_added == applied
    assert rest.get(f"/calls/{call_id}").json() == sandbox.call(call_id)


def test_reads_go_on_while_changes_are_never_answered(
    sandbox: Sandbox, rest: RestClient, call_id: str
) -> None:
    sandbox.apply_and_never_answer()

    assert rest.get(f"/calls/{call_id}").status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type"), [(b"<html>", "text/html"), (b'{"nodes": [\xff]', "application/json"), (b"", "")]
)
def test_any_body_can_be_answered(sandbox: Sandbox, rest: RestClient, body: bytes, content_type: str) -> None:
    sandbox.answer_with(202, body, content_type, path="/me")

    answer = rest.get("/me")

    assert (answer.status_code, answer.content) == (202, body)
    assert answer.headers.get("Content-Type", "") == content_type
    assert rest.get("/me").status_code == 200


def test_a_body_can_be_cut_short(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.answer_with(200, b'{"id": "al', path="/me", missing=10)

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="10 more expected"):
        rest.get("/me")


def test_a_body_drips(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.drip(0.01, times=1, path="/me")
    started_at = time.monotonic()

    answer = rest.get("/me")

    pauses = len(answer.content) - 1
    assert time.monotonic() - started_at >= 0.01 * pauses
    assert answer.json() == {"id": "alice", "username": "alice"}


@pytest.mark.parametrize("value", [0, -1, 10**9, 1.5, None, "many"])
def test_the_total_is_wrong_and_the_rest_right(sandbox: Sandbox, rest: RestClient, value: object) -> None:
    sandbox.wrong_total(value)

    page = rest.get("/calls").json()

    assert page["totalCount"] == value
    assert (len(page["nodes"]), page["hasNextPage"]) == (10, True)


def test_the_first_fault_that_is_for_a_request_is_the_one_it_meets(
    sandbox: Sandbox, rest: RestClient
) -> None:
    sandbox.answer_with(418, path="/me")
    sandbox.answer_503(path="/")

    assert [rest.get("/me").status_code for _ in range(3)] == [418, 503, 200]


def test_cleared_faults_are_off(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.answer_503(None)
    sandbox.wrong_total(7)
    sandbox.lose_events(7)
    sandbox.shift_clock(-50)
    sandbox.login_without_refresh_token()
    sandbox.refuse_sockets()

    sandbox.clear_faults()

    assert rest.login().json().keys() == {"access_token", "refresh_token", "user"}
    assert rest.get("/calls").json()["totalCount"] == 94


def test_clearing_lets_go_of_who_waits(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.be_slow(3600, path="/me")
    before = sandbox.counters().requests
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(rest.get, "/me")
        wait_until(lambda: sandbox.counters().requests == before + 1, what="the request arrived")

        sandbox.clear_faults()

        assert answer.result(5).status_code == 200
