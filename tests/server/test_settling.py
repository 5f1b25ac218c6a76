"""After quick changes, and where the log cannot be written, pages end up with the truth."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.dashboard import log_in
from tests.support.sandbox import Sandbox
from tests.support.socket_client import SocketClient, connected
from tests.support.waiting import wait_until


def live_page(page: SocketClient) -> None:
    """Return when the page has been told that all is live."""
    wait_until(lambda: page.next("link")["state"] == "live", what="a live link")


def test_an_old_state_that_is_told_last_is_put_right(address: str, cookie: str, sandbox: Sandbox) -> None:
    call_id = sandbox.calls()[0]["id"]
    with connected(address, cookie) as page:
        live_page(page)
        changed = sandbox.archive(call_id)
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


def test_changes_of_many_calls_and_a_single_one_of_each_cost_no_reading(
    address: str, cookie: str, sandbox: Sandbox
) -> None:
    ids = [call["id"] for call in sandbox.calls()]
    with connected(address, cookie) as page:
        live_page(page)
        for call_id in ids[1:]:
            sandbox.archive(call_id)
        # What is read of this one shows that whatever came before it would have been read.
        for _ in range(2):
            sandbox.archive(ids[0])

        wait_until(lambda: sandbox.counters().call_reads == 1)
        wait_until(lambda: page.next("update-call")["call"]["id"] == ids[0])

    assert sandbox.counters().call_reads == 1


def test_an_event_that_cannot_be_written_is_a_gap_until_it_has_been_read(
    address: str, cookie: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    call_id = sandbox.calls()[0]["id"]
    with connected(address, cookie) as page, closing(sqlite3.connect(tmp_path / "data" / "calls.db")) as rude:
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


def test_who_missed_much_reads_the_page_again_unless_it_was_all_about_the_same_call(
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
