"""The endpoints for tests and demonstrations."""

from dataclasses import asdict

import pytest
import requests

from sandbox.faults import FAULTS
from sandbox.options import EXAMPLES
from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def control(sandbox: Sandbox, method: str, path: str, body: str | None = None) -> requests.Response:
    """As `curl -d` sends it: without saying that it is JSON."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return requests.request(method, sandbox.url + path, data=body, headers=headers, timeout=5)


@pytest.mark.parametrize("name", FAULTS)
def test_the_example_the_help_gives_for_each_fault_works(sandbox: Sandbox, name: str) -> None:
    answer = control(sandbox, "POST", f"/sandbox/faults/{name}", EXAMPLES.get(name))

    assert (answer.status_code, answer.text) == (204, "")


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("no_such_fault", "{}", 404),
        ("_refuse", '{"path": "/"}', 404),
        ("be_slow", "{}", 400),
        ("be_slow", '{"seconds": "long"}', 400),
        ("be_slow", '{"seconds": 1, "colour": "red"}', 400),
        ("lose_events", '{"count": 1.5}', 400),
        ("answer_503", '{"times": "twice"}', 400),
        ("reject_logins", '{"status": 999}', 400),
        ("answer_with", '{"body_base64": "?"}', 400),
        ("revoke", "not JSON", 400),
        ("revoke", "[]", 400),
    ],
)
def test_a_fault_that_cannot_be_switched_on_is_told_so(
    sandbox: Sandbox, rest: RestClient, name: str, body: str, status: int
) -> None:
    answer = control(sandbox, "POST", f"/sandbox/faults/{name}", body)

    assert answer.status_code == status
    assert rest.get("/me").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", ""), ("POST", "/archive"), ("POST", "/note")],
)
def test_nothing_can_be_done_to_an_unknown_call(sandbox: Sandbox, method: str, path: str) -> None:
    answer = control(sandbox, method, f"/sandbox/calls/{UNKNOWN}{path}", '{"content": "Hello"}')

    assert answer.status_code == 404


@pytest.mark.parametrize("body", ['{"colour": "red"}', "not JSON", '"text"'])
def test_a_new_call_has_the_fields_of_a_call_only(sandbox: Sandbox, body: str) -> None:
    assert control(sandbox, "POST", "/sandbox/calls", body).status_code == 400


def test_a_new_call_has_any_value_a_test_wants_and_made_up_ones_else(sandbox: Sandbox) -> None:
    call = sandbox.add_call(call_type="fax", duration=None)

    assert (call["call_type"], call["duration"]) == ("fax", None)
    assert call["from"].startswith("+33")
    assert sandbox.call(call["id"]) == call


def do_everything_once(sandbox: Sandbox, call_id: str) -> None:
    with signed_in(sandbox.url) as rest:
        rest.refresh()
        rest.post("/auth/refresh-token")
        rest.get("/calls", limit=7)
        rest.get(f"/calls/{call_id}")
        rest.put(f"/calls/{call_id}/archive")
        rest.post(f"/calls/{call_id}/note", {"content": "Hello"})
        rest.post_form("/pusher/auth", {"socket_id": "1.1", "channel_name": "private-aircall"})
        rest.get("/me", token="")
    sandbox.archive(call_id)
    sandbox.add_note(call_id, "From a colleague")


def test_what_clients_do_is_counted(sandbox: Sandbox) -> None:
    call_id = sandbox.calls()[0]["id"]

    do_everything_once(sandbox, call_id)

    happened = {name: count for name, count in asdict(sandbox.counters()).items() if count}
    assert happened == {
        "requests": 9,
        "logins": 1,
        "refreshes": 1,
        "deprecated_refreshes": 1,
        "list_reads": 1,
        "rows_sent": 7,
        "call_reads": 1,
        "notes_added": 1,
        "channel_auths": 1,
        "events_sent": 4,
        "unauthorized": 1,
        "archive_flips": 1,
        "archive_flips_by_call": {call_id: 1},
    }


def test_a_reset_brings_back_the_start(sandbox: Sandbox, rest: RestClient) -> None:
    at_start = sandbox.calls()
    sandbox.archive(at_start[0]["id"])
    sandbox.add_note(at_start[1]["id"], "Hello")
    sandbox.remove_call(at_start[2]["id"])
    sandbox.add_call()
    sandbox.answer_503(None)

    sandbox.reset()

    assert sandbox.calls() == at_start
    assert not any(asdict(sandbox.counters()).values())
    assert rest.get("/me").status_code == 401
    assert rest.refresh().status_code == 401


def test_colleagues_archive_note_and_are_called_at_the_pace_asked_for() -> None:
    with Sandbox.start("--traffic", "0.002") as sandbox:
        at_start = {call["id"]: call for call in sandbox.calls()}

        def has_everything_happened() -> bool:
            calls = sandbox.calls()
            known = [call for call in calls if call["id"] in at_start]
            return (
                len(calls) > len(known)
                and any(call["notes"] != at_start[call["id"]]["notes"] for call in known)
                and any(call["is_archived"] is not at_start[call["id"]]["is_archived"] for call in known)
            )

        wait_until(has_everything_happened, what="a note, a flip and a new call")
        assert sandbox.counters().events_sent > 0


def test_without_traffic_nothing_happens_by_itself_even_with_no_call_at_all() -> None:
    with Sandbox.start("--calls", "0", "--traffic", "0.002") as busy, Sandbox.start() as quiet:
        before = quiet.calls()

        wait_until(busy.calls, what="a new call came in")

        assert quiet.calls() == before
