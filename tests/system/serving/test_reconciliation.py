"""After quick changes, and where an event cannot be stored, pages end up with the truth."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
import requests

from tests.support.dashboard import COOKIE, SharedDashboard, shared_dashboard
from tests.support.sandbox import Sandbox
from tests.support.socket_client import SocketClient, connected
from tests.support.waiting import wait_until

# Seconds, in which a write waits for a lock.
PATIENCE = 1.8


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedDashboard]:
    """A dashboard to which no other test has left a call to be read."""
    with shared_dashboard(tmp_path_factory.mktemp("data")) as shared:
        yield shared


def live_page(page: SocketClient) -> None:
    """Return when the page has been told that all is live."""
    wait_until(lambda: page.next("link")["state"] == "live", what="a live link")


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
    # None, if a full sync came first.
    assert sandbox.counters().call_reads <= 1


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
        assert page.next("link")["reason"] == "catching up"
        assert [*told, page.next("update-call")["call"]] == [changed, stale, changed]
        live_page(page)


def test_what_an_event_does_not_tell_is_kept_and_the_call_is_read_at_once(
    address: str, cookie: str, sandbox: Sandbox
) -> None:
    call_id = sandbox.calls()[0]["id"]
    with connected(address, cookie) as page:
        live_page(page)
        sandbox.lose_events(1)
        sandbox.add_note(call_id, "told by no event")
        known, reads = sandbox.call(call_id), sandbox.counters().call_reads
        sandbox.send_event("update-call", {"id": call_id, "is_archived": True, "notes": None})

        merged, read = (page.next("update-call")["call"] for _ in range(2))

    assert merged == {**known, "is_archived": True, "notes": known["notes"][1:]}
    assert read == known
    assert sandbox.counters().call_reads == reads + 1


def test_a_foreign_lock_holds_up_a_write_and_no_page(
    address: str, cookie: str, sandbox: Sandbox, shared: SharedDashboard
) -> None:
    call_id = sandbox.calls()[0]["id"]
    with connected(address, cookie) as page, closing(sqlite3.connect(shared.data_dir / "calls.db")) as rude:
        live_page(page)
        rude.execute("BEGIN IMMEDIATE")
        changed = sandbox.archive(call_id)

        # A process that waits for the lock with all that it does would answer the first one only.
        for _ in range(10):
            assert requests.get(f"{address}/healthz", timeout=PATIENCE).ok
            assert requests.get(f"{address}/calls", cookies={COOKIE: cookie}, timeout=PATIENCE).ok
        rude.rollback()

        assert page.next("update-call")["call"] == changed


def test_an_event_that_cannot_be_written_is_a_gap_until_it_has_been_read(
    address: str, cookie: str, sandbox: Sandbox, shared: SharedDashboard
) -> None:
    call_id = sandbox.calls()[0]["id"]
    with connected(address, cookie) as page, closing(sqlite3.connect(shared.data_dir / "calls.db")) as rude:
        live_page(page)
        rude.execute("BEGIN IMMEDIATE")

        changed = sandbox.archive(call_id)
        assert page.next("link")["reason"] == "catching up"
        rude.rollback()

        assert page.next("update-call")["call"] == changed
        live_page(page)
