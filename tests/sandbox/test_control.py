"""The control endpoints, counters and simulated traffic."""

from dataclasses import asdict

import pytest
import requests

from sandbox.faults import FAULTS
from sandbox.options import EXAMPLES
from tests.support.pusher_socket import connected
from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def control(sandbox: Sandbox, method: str, path: str, body: str | None = None) -> requests.Response:
    """Send the request as `curl -d` does, without a JSON Content-Type."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return requests.request(method, f"{sandbox.url}/sandbox/{path}", data=body, headers=headers, timeout=20)


@pytest.mark.parametrize("name", FAULTS)
def test_the_example_of_each_fault_works(sandbox: Sandbox, name: str) -> None:
    response = control(sandbox, "POST", f"faults/{name}", EXAMPLES.get(name))

    assert (response.status_code, response.text) == (204, "")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "faults/no_such_fault", "{}", 404),
        ("POST", "faults/_refuse", '{"path": "/"}', 404),
        ("POST", "faults/be_slow", "{}", 400),
        ("POST", "faults/be_slow", '{"seconds": "long"}', 400),
        ("POST", "faults/be_slow", '{"seconds": 1, "color": "red"}', 400),
        ("POST", "faults/lose_events", '{"count": 1.5}', 400),
        ("POST", "faults/reject_logins", '{"status": 999}', 400),
        ("POST", "faults/answer_with", '{"body_base64": "?"}', 400),
        ("POST", "faults/revoke", "not JSON", 400),
        ("POST", "faults/revoke", "[]", 400),
        ("POST", "calls", '{"color": "red"}', 400),
        ("DELETE", f"calls/{UNKNOWN}", None, 404),
        ("POST", f"calls/{UNKNOWN}/archive", None, 404),
        ("POST", f"calls/{UNKNOWN}/note", '{"content": "Hello"}', 404),
    ],
)
def test_an_invalid_request_is_refused_and_changes_nothing(
    sandbox: Sandbox, rest: RestClient, method: str, path: str, body: str | None, status: int
) -> None:
    assert control(sandbox, method, path, body).status_code == status
    assert rest.get("/calls").json()["totalCount"] == 94


def test_a_new_call_accepts_any_values_and_has_random_ones_otherwise(sandbox: Sandbox) -> None:
    call = sandbox.add_call(call_type="fax", duration=None)

    assert (call["call_type"], call["duration"]) == ("fax", None)
    assert call["from"].startswith("+33")
    assert sandbox.call(call["id"]) == call


def test_actions_of_clients_are_counted(sandbox: Sandbox, call_id: str) -> None:
    with signed_in(sandbox.url) as rest:
        rest.refresh()
        rest.post("/auth/refresh-token")
        rest.get("/calls", limit=7)
        rest.get(f"/calls/{call_id}")
        rest.put(f"/calls/{call_id}/archive")
        rest.post(f"/calls/{call_id}/note", {"content": "Hello"})
        rest.post("/pusher/auth", {"socket_id": "1.1", "channel_name": "private-aircall"})
        rest.get("/me", token="")
    sandbox.archive(call_id)
    sandbox.add_note(call_id, "From a colleague")

    once = ["logins", "refreshes", "deprecated_refreshes", "list_reads", "call_reads", "notes_added"]
    once += ["channel_auths", "unauthorized", "archive_flips"]
    assert {name: count for name, count in asdict(sandbox.counters()).items() if count} == {
        **dict.fromkeys(once, 1),
        "requests": 9,
        "rows_sent": 7,
        "events_sent": 4,
        "archive_flips_by_call": {call_id: 1},
    }


def test_a_reset_restores_the_initial_state_and_closes_every_socket(
    sandbox: Sandbox, rest: RestClient
) -> None:
    initial = sandbox.calls()
    sandbox.archive(initial[0]["id"])
    sandbox.add_note(initial[1]["id"], "Hello")
    sandbox.remove_call(initial[2]["id"])
    sandbox.add_call()
    with connected(sandbox) as subscriber, connected(sandbox) as muted:
        subscriber.subscribe(rest)
        muted.socket_id()
        sandbox.mute_sockets()
        sandbox.answer_503(None)

        sandbox.reset()

        assert (subscriber.close_code(), muted.close_code()) == (4200, 4200)
    assert sandbox.calls() == initial
    assert not any(asdict(sandbox.counters()).values())
    assert rest.get("/me").status_code == 401
    assert rest.refresh().status_code == 401


def test_simulated_traffic_adds_calls_even_to_none_and_toggles_and_notes_them() -> None:
    with Sandbox.start("--calls", "0", "--traffic", "0.002") as sandbox:
        wait_until(lambda: any(call["is_archived"] for call in sandbox.calls()), what="an archived call")
        wait_until(lambda: any(call["notes"] for call in sandbox.calls()), what="a note")
        assert sandbox.counters().events_sent > 0
