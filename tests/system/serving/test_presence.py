"""Viewers of a call: told to everyone signed in, soon, without flicker, and for as long as a page is open."""

from contextlib import ExitStack

import pytest

from tests.support.dashboard import log_in
from tests.support.deaf_page import deaf_page
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.waiting import wait_until
from tests.system.serving.conftest import viewers

NO_CALLS: list[object] = [None, 7, [], {"id": 7}, {"id": "x" * 3000}, {"id": "../etc"}, {"id": [None]}]


@pytest.fixture
def cookie(address: str, cookie: str) -> str:
    """Alice's session cookie, once the viewers of the test before are gone."""

    def has_left() -> bool:
        with connected(address, cookie) as page:
            return bool(page.next("all-viewers") == {})

    wait_until(has_left, what="a dashboard without viewers")
    return cookie


@pytest.fixture
def call_ids(sandbox: Sandbox) -> list[str]:
    """Some calls."""
    return [call["id"] for call in sandbox.calls()[:3]]


def test_everyone_is_told_who_opens_a_call_and_who_leaves_it(
    address: str, cookie: str, call_ids: list[str]
) -> None:
    with connected(address, cookie) as alice:
        with connected(address, log_in(address, "bob"), call=call_ids[0]):
            assert viewers(alice, call_ids[0]) == ["bob"]
            alice.client.emit("view", {"id": call_ids[0]})
            assert viewers(alice, call_ids[0]) == ["alice", "bob"]

            # A page that connects is told who is where.
            with connected(address, cookie) as late:
                assert late.next("all-viewers") == {call_ids[0]: ["alice", "bob"]}

        assert viewers(alice, call_ids[0]) == ["alice"]
        alice.client.emit("view", {})
        assert viewers(alice, call_ids[0]) == []


def test_what_is_no_call_is_ignored(address: str, cookie: str, call_ids: list[str]) -> None:
    with connected(address, cookie, call=call_ids[0]) as alice:
        assert viewers(alice, call_ids[0]) == ["alice"]
        # A text is no payload of this event, while a page that connects gives its call as one.
        for payload in ("x", *NO_CALLS):
            alice.client.emit("view", payload)
            alice.client.emit("view", (payload, payload))
        for call in NO_CALLS:
            with connected(address, cookie, call=call):
                pass

        with connected(address, log_in(address, "bob")) as bob:
            assert bob.next("all-viewers") == {call_ids[0]: ["alice"]}


def test_a_browser_that_vanishes_in_silence_is_gone_when_it_answers_no_ping(
    address: str, cookie: str, call_ids: list[str]
) -> None:
    with connected(address, log_in(address, "bob")) as bob, deaf_page(address, cookie, call=call_ids[0]):
        assert viewers(bob, call_ids[0]) == ["alice"]

        assert viewers(bob, call_ids[0]) == []
        assert bob.client.connected


def test_many_moves_at_once_are_all_told(address: str, cookie: str, sandbox: Sandbox) -> None:
    ids = [call["id"] for call in sandbox.calls()[:20]]
    told: dict[str, list[str]] = {}
    with connected(address, cookie) as alice, ExitStack() as pages:
        for call_id in ids:
            pages.enter_context(connected(address, cookie, call=call_id))

        while told != {call_id: ["alice"] for call_id in ids}:
            name, payload = alice.next_of("viewers", "all-viewers")
            told |= payload if name == "all-viewers" else {payload["id"]: payload["viewers"]}
