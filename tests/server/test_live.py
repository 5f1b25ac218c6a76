"""Live updates over real sockets: who may listen, what is told, and when a socket ends."""

import time
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup
from socketio.exceptions import ConnectionError as RefusedError

from tests.support.dashboard import COOKIE, log_in, serving
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.waiting import wait_until


def test_a_colleagues_change_reaches_everybody_with_the_apis_own_payload(
    address: str, cookie: str, sandbox: Sandbox
) -> None:
    call_id = sandbox.calls()[0]["id"]
    with connected(address, cookie) as alice, connected(address, log_in(address, "bob")) as bob:
        changed = sandbox.archive(call_id)

        for person in (alice, bob):
            event = person.next("update-call")
            assert event["call"] == changed
            assert event["position"]


def test_what_a_page_missed_is_sent_when_it_connects(address: str, cookie: str, sandbox: Sandbox) -> None:
    ids = [call["id"] for call in sandbox.calls()[:3]]
    with connected(address, cookie) as page:
        position = page.next("caught-up")["position"]
    sandbox.archive(ids[0])
    sandbox.add_note(ids[1], "while away")
    with connected(address, cookie) as witness:
        sandbox.archive(ids[2])
        wait_until(lambda: witness.next("update-call")["call"]["id"] == ids[2])

    with connected(address, cookie, position=position) as page:
        missed = [page.next("update-call")["call"]["id"] for _ in ids]
        assert missed == ids
        caught_up = page.next("caught-up")["position"]
    assert caught_up != position


@pytest.mark.parametrize("position", ["0.0", "nonsense", "x" * 2000, "é.1", "."])
def test_a_page_from_another_time_is_told_to_read_itself_again(
    address: str, cookie: str, position: str
) -> None:
    with connected(address, cookie, position=position) as page:
        assert page.next("reload")["position"]


def test_a_call_that_nobody_announced_is_told_once_it_is_read(
    address: str, cookie: str, sandbox: Sandbox
) -> None:
    with connected(address, cookie) as page:
        page.next("caught-up")
        new = sandbox.add_call()
        sandbox.drop_sockets()

        assert page.next("add-call")["call"] == new


def test_the_state_of_the_link_to_the_api_is_told(address: str, cookie: str, sandbox: Sandbox) -> None:
    with connected(address, cookie) as page:
        link = page.next("link")
        while link["state"] != "live":
            link = page.next("link")

        sandbox.refuse_sockets()
        sandbox.drop_sockets()
        troubles = [page.next("link") for _ in range(2)]
        assert {trouble["state"] for trouble in troubles} == {"reconnecting"}
        # One kind of trouble followed the other, and it was live last before the first.
        assert len({trouble["since"] for trouble in troubles}) == 1
        assert troubles[0]["since"] >= link["since"]

        sandbox.refuse_sockets(on=False)
        wait_until(lambda: page.next("link")["state"] == "live", what="a live link")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None, "http://127.0.0.1"])
def test_a_foreign_missing_or_null_origin_is_refused(address: str, cookie: str, origin: str | None) -> None:
    with pytest.raises(RefusedError), connected(address, cookie, origin=origin):
        pass


@pytest.mark.parametrize("value", [None, "nonsense"])
def test_a_stranger_is_refused(address: str, value: str | None) -> None:
    with pytest.raises(RefusedError), connected(address, value):
        pass


def test_logging_out_closes_the_sockets_and_no_others(address: str, cookie: str, sandbox: Sandbox) -> None:
    with connected(address, cookie) as alice, connected(address, log_in(address, "bob")) as bob:
        page = requests.get(f"{address}/calls", cookies={COOKIE: cookie}, timeout=10)
        token = BeautifulSoup(page.text, "html.parser").select("form[action='/logout'] [name=csrf_token]")[0]
        fields = {"csrf_token": token["value"]}
        requests.post(f"{address}/logout", data=fields, cookies={COOKIE: cookie}, timeout=10)
        logged_out_at = time.monotonic()

        alice.next("signed-out")
        alice.next("disconnect")
        assert time.monotonic() < logged_out_at + 1
        sandbox.archive(sandbox.calls()[0]["id"])
        assert bob.next("update-call")
        assert not alice.client.connected


@pytest.mark.timeout(90)
def test_a_session_that_the_api_ends_loses_its_sockets_within_a_minute(tmp_path: Path) -> None:
    with (
        Sandbox.start("--access-ttl", "5") as sandbox,
        serving(sandbox, tmp_path / "data") as address,
        connected(address, log_in(address)) as page,
    ):
        sandbox.revoke()

        wait_until(lambda: not page.client.connected, deadline=60, what="the end of the socket")
        page.next("signed-out")


def test_a_frame_too_large_or_unknown_harms_nobody(address: str, cookie: str, sandbox: Sandbox) -> None:
    with connected(address, cookie) as rude, connected(address, cookie) as other:
        rude.client.emit("no-such-event", {"x": 1})
        rude.client.emit("no-such-event", "x" * 1_000_000)
        rude.next("disconnect")

        sandbox.archive(sandbox.calls()[0]["id"])

        assert other.next("update-call")


def test_the_link_is_not_called_live_before_what_was_missed_has_been_read(
    address: str, cookie: str, sandbox: Sandbox
) -> None:
    call_id = sandbox.calls()[0]["id"]
    with connected(address, cookie) as page:
        wait_until(lambda: page.next("link")["state"] == "live", what="a live link")
        sandbox.answer_503(times=1000, path="/calls")
        sandbox.lose_events(1)
        sandbox.archive(call_id)
        sandbox.drop_sockets()

        wait_until(lambda: page.next("link")["reason"] == "reading what was missed", what="the gap")

        sandbox.clear_faults()
        assert page.next("update-call")["call"]["id"] == call_id
        assert page.next("link")["state"] == "live"
