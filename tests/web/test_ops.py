"""What operators ask."""

from typing import Any

from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def test_it_is_alive_whoever_asks(stranger: Person) -> None:
    assert stranger.client.get("/healthz").status_code == 200


def test_it_is_ready_with_the_state_of_each_neighbour(alice: Person) -> None:
    def listener_state() -> str:
        return str(alice.client.get("/readyz").get_json()["listener"]["state"])

    wait_until(lambda: listener_state() == "live", what="a live listener")
    answer = alice.client.get("/readyz")

    assert answer.status_code == 200
    state = answer.get_json()
    assert {name: one["state"] for name, one in state.items()} == {
        "storage": "ok",
        "upstream": "ok",
        "listener": "live",
        "feed": "ok",
        "leader": "leader",
    }
    assert all(0 <= one["age"] < 60 for one in state.values())
    assert state["upstream"]["synced_at"].endswith("Z")


def test_a_refused_channel_shows(stranger: Person, sandbox: Sandbox) -> None:
    sandbox.refuse_channel_auth(status=403, times=100)
    stranger.sign_in("ann")

    def listener() -> dict[str, Any]:
        return dict(stranger.client.get("/readyz").get_json()["listener"])

    wait_until(lambda: "not authorized" in listener()["reason"], what="the refusal")
    state = listener()
    assert state["state"] == "reconnecting"
    assert state["retry_at"] > state["since"]
    sandbox.clear_faults()
    wait_until(lambda: listener()["state"] == "live", deadline=10, what="a live listener")
    assert listener()["retry_at"] is None
