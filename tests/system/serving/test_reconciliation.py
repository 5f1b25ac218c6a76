"""After quick changes, and where an event cannot be stored, pages end up with the truth."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support.dashboard import SharedDashboard, log_in, shared_dashboard
from tests.support.sandbox import Sandbox
from tests.support.socket_client import SocketClient, connected
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedDashboard]:
    """A dashboard to which no other test has left a call to be read."""
    with shared_dashboard(tmp_path_factory.mktemp("data")) as shared:
        yield shared


def live_page(page: SocketClient) -> None:
    """Return when the page has been told that all is live."""
    wait_until(lambda: page.next("link")["state"] == "live", 90, "a live link")


def test_an_old_state_that_is_told_last_is_put_right_by_one_reading(
    address: str, cookie: str, sandbox: Sandbox
) -> None:
    first, *others = [call["id"] for call in sandbox.calls()]
    with connected(address, cookie) as page:
        live_page(page)
        # One change of each call costs no reading.
        for call_id in others:
            sandbox.archive(call_id)
            assert page.next("update-call")["call"]["id"] == call_id
        changed = sandbox.archive(first)
        stale = changed | {"is_archived": not changed["is_archived"]}
        sandbox.send_event("update-call", stale)

        told = [page.next("update-call")["call"] for _ in range(3)]

    assert told == [changed, stale, changed]
    assert sandbox.counters().call_reads == 1


def test_an_old_state_is_put_right_soon_even_where_the_call_cannot_be_read(
    address: str, cookie: str, sandbox: Sandbox
) -> None:
    call_id = sandbox.calls()[0]["id"]
    with connected(address, cookie) as page:
        live_page(page)
        sandbox.answer_503(times=None, path=f"/calls/{call_id}")
        changed = sandbox.archive(call_id)
        stale = changed | {"is_archived": not changed["is_archived"]}
        sandbox.send_event("update-call", stale)

        told = [page.next("update-call")["call"] for _ in range(2)]
        assert page.next("link")["reason"] == "reading what was missed"
        assert [*told, page.next("update-call")["call"]] == [changed, stale, changed]
        live_page(page)


def test_an_event_that_cannot_be_written_is_a_gap_until_it_has_been_read(
    address: str, cookie: str, sandbox: Sandbox, shared: SharedDashboard
) -> None:
    call_id = sandbox.calls()[0]["id"]
    with connected(address, cookie) as page, closing(sqlite3.connect(shared.data_dir / "calls.db")) as rude:
        live_page(page)
        rude.execute("BEGIN IMMEDIATE")

        changed = sandbox.archive(call_id)
        assert page.next("link")["reason"] == "reading what was missed"
        rude.rollback()

        assert page.next("update-call")["call"] == changed
        live_page(page)


def test_what_was_lost_in_a_gap_is_told_to_pages_that_were_connected_all_along(
    address: str, cookie: str, sandbox: Sandbox
) -> None:
    ids = [call["id"] for call in sandbox.calls()[:3]]
    with connected(address, cookie) as alice, connected(address, log_in(address, "bob")) as bob:
        live_page(alice)
        sandbox.refuse_sockets()
        sandbox.drop_sockets()
        assert alice.next("link")["state"] == "reconnecting"
        changed = [sandbox.archive(ids[0]), sandbox.add_note(ids[1], "lost"), sandbox.archive(ids[2])]

        sandbox.refuse_sockets(on=False)

        for page in (alice, bob):
            told = [page.next("update-call")["call"] for _ in changed]
            assert sorted(told, key=str) == sorted(changed, key=str)
        live_page(alice)


def test_a_page_that_missed_much_is_read_again_unless_it_was_all_about_the_same_call(
    address: str, cookie: str, sandbox: Sandbox
) -> None:
    call_id = sandbox.calls()[0]["id"]
    with connected(address, cookie) as witness:
        position = witness.next("caught-up")["position"]
        for _ in range(102):
            state = sandbox.archive(call_id)
            while witness.next("update-call")["call"] != state:
                pass
        with connected(address, cookie, position=position) as page:
            assert page.next("update-call")["call"] == state
            assert page.next_of("caught-up", "update-call", "reload")[0] == "caught-up"

        for number in range(110):
            sandbox.add_call(is_archived=bool(number % 2))
        sandbox.drop_sockets()
        wait_until(lambda: witness.next_of("reload", "add-call"), what="the new calls")
        with connected(address, cookie, position=position) as page:
            assert page.next_of("caught-up", "update-call", "reload")[0] == "reload"
