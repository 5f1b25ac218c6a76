"""Live updates over real sockets: who may listen, what is told, and when a socket ends."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import quantiles

import pytest
import requests
from socketio.exceptions import ConnectionError as RefusedError

from tests.support.bare_socket import BareSocket
from tests.support.dashboard import COOKIE, TIMEOUT, log_in, serving
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until
from tests.system.serving.conftest import log_out, post

OPEN, LOADS = 200, 40
# Seconds. What nineteen of twenty page loads take at the most (the promise is 0.5).
LOAD_SECONDS = 2.0


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


def test_pages_with_names_of_earlier_that_connect_together_are_told_of_it(address: str, cookie: str) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(3) as pool:
        connect = partial(connected, address, cookie, directory="-1")
        pages = [stack.enter_context(page) for page in pool.map(lambda _: connect(), range(3))]
        assert [page.next("team-change")["topic"] for page in pages] == ["directory"] * 3


def test_a_page_from_another_time_is_told_to_read_itself_again(address: str, cookie: str) -> None:
    for position in ("0.0", "nonsense", "x" * 2000, "é.1", "."):
        with connected(address, cookie, position=position) as page:
            assert page.next("reload")["position"]


def test_a_call_that_was_not_announced_is_told_once_it_is_read(
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


def test_a_stranger_and_a_foreign_missing_or_null_origin_are_refused(address: str, cookie: str) -> None:
    for value in (None, "nonsense"):
        with pytest.raises(RefusedError), connected(address, value):
            pass
    for origin in ("https://evil.example", "null", None, "http://127.0.0.1"):
        with pytest.raises(RefusedError), connected(address, cookie, origin=origin):
            pass


def test_logging_out_closes_the_sockets_and_no_others(address: str, cookie: str, sandbox: Sandbox) -> None:
    with connected(address, cookie) as alice, connected(address, log_in(address, "bob")) as bob:
        # Sockets have an event of this name of their own. Sent by a page, it hides the page from nothing.
        alice.client.emit("disconnect", "x")
        log_out(address, cookie)
        logged_out_at = time.monotonic()

        alice.next("signed-out")
        alice.next("disconnect")
        # The promise is one second; a busy machine has some more.
        assert time.monotonic() < logged_out_at + 5
        sandbox.archive(sandbox.calls()[0]["id"])
        assert bob.next("update-call")
        assert not alice.client.connected


def test_pages_of_a_session_that_its_owner_ends_elsewhere_are_told_and_no_others(
    address: str, cookie: str
) -> None:
    with connected(address, cookie) as here, connected(address, log_in(address)) as elsewhere:
        post(address, cookie, "/sessions", "/sessions/end-others")
        ended_at = time.monotonic()

        elsewhere.next("signed-out")
        elsewhere.next("disconnect")
        # The promise is one second; a busy machine has some more.
        assert time.monotonic() < ended_at + 5
        assert here.client.connected


def test_a_session_that_the_api_ends_loses_its_sockets_soon(tmp_path: Path) -> None:
    with (
        Sandbox.start("--access-ttl", "3") as sandbox,
        serving(sandbox, tmp_path / "data", is_quick=True) as address,
        connected(address, log_in(address)) as page,
    ):
        sandbox.revoke()

        page.next("signed-out")
        page.next("disconnect")


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

        wait_until(lambda: page.next("link")["reason"] == "catching up", what="the gap")

        sandbox.clear_faults()
        assert page.next("update-call")["call"]["id"] == call_id
        assert page.next("link")["state"] == "live"


def test_two_hundred_open_pages_leave_room_for_others(
    sandbox: Sandbox, tmp_path: Path, took: Stopwatch
) -> None:
    # With production's times: these pages answer no ping.
    with serving(sandbox, tmp_path / "data") as address, ExitStack() as many:
        cookie = log_in(address)
        for _ in range(OPEN):
            many.enter_context(BareSocket.connect(address, cookie)).next_of("caught-up", "reload")

        seconds = []
        with took(f"{LOADS} pages loaded beside {OPEN} open ones"):
            for _ in range(LOADS):
                began = time.monotonic()
                answer = requests.get(f"{address}/calls", cookies={COOKIE: cookie}, timeout=TIMEOUT)
                seconds.append(time.monotonic() - began)
                assert answer.status_code == 200

    assert quantiles(seconds, n=20)[-1] <= LOAD_SECONDS
