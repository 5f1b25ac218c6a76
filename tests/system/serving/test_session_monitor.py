"""The watch over the logins of open pages: what ended is told soon, whatever the API does to the others."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aircall.api.client import ApiClient
from aircall.auth.logins import Logins
from aircall.storage.database import open_database
from aircall.storage.records import SQLiteRecordStore
from aircall.web.live.presence import ConnectionRegistry
from aircall.web.live.session_monitor import PARALLEL_REFRESHES, SessionMonitor
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

INTERVAL = 0.05
# More than are refreshed at once.
PAGES = PARALLEL_REFRESHES + 5


@contextmanager
def watched(sandbox: Sandbox, directory: Path) -> Iterator[tuple[Logins, list[str], list[str]]]:
    """The logins, the ids of those with an open page, and of those that the watch said have ended."""
    api, store = (
        ApiClient(sandbox.url),
        SQLiteRecordStore(open_database(f"sqlite:///{directory / 'logins.db'}")),
    )
    logins = Logins(store, api)
    connections, ended = ConnectionRegistry(logins), list[str]()
    ids = [logins.create(f"user-{number}", "any").id for number in range(PAGES)]
    for login_id in ids:
        assert connections.add(f"page of {login_id}", login_id)
    monitor = SessionMonitor(logins, connections, ended.append, INTERVAL)
    monitor.start()
    try:
        yield logins, ids, ended
    finally:
        monitor.stop()
        sandbox.clear_faults()
        api.close()
        store.close()


@pytest.fixture
def short_lived() -> Iterator[Sandbox]:
    """A sandbox whose access tokens are soon due, but good for long enough to log in on a busy machine."""
    with Sandbox.start("--access-ttl", "3") as sandbox:
        yield sandbox


def test_a_login_that_has_ended_is_told_even_while_the_api_hangs_for_all_others(
    short_lived: Sandbox, tmp_path: Path
) -> None:
    with watched(short_lived, tmp_path) as (logins, ids, ended):
        short_lived.be_slow(30, path="/auth")
        wait_until(lambda: all(logins.get(login_id).needs_refresh(time.time()) for login_id in ids))

        # The second one shows that the watch goes on.
        for login_id in ids[-2:]:
            logins.end(login_id)
            wait_until(lambda: login_id in ended, what="the end")  # noqa: B023

        assert set(ended) == set(ids[-2:])


def test_logins_are_kept_alive_while_pages_are_open_until_the_api_refuses_to_refresh_them(
    short_lived: Sandbox, tmp_path: Path
) -> None:
    with watched(short_lived, tmp_path) as (_, ids, ended):
        wait_until(lambda: short_lived.counters().refreshes >= 2 * PAGES, what="refreshes")
        assert ended == []

        short_lived.refuse_refresh()

        wait_until(lambda: set(ended) == set(ids), what="the end of all")


def test_a_login_that_is_fresh_by_its_own_record_costs_no_request(sandbox: Sandbox, tmp_path: Path) -> None:
    with watched(sandbox, tmp_path) as (logins, ids, ended):
        before = sandbox.counters().requests

        # Those before the last one have been looked at by then.
        for login_id in ids[-2:]:
            logins.end(login_id)
            wait_until(lambda: login_id in ended, what="a look at all of them")  # noqa: B023

        assert sandbox.counters().requests == before
        assert set(ended) == set(ids[-2:])
