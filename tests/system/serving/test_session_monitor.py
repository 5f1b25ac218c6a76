"""The watch over the logins of open pages: what ended is told soon, whatever the API does to the others."""

import time
from collections.abc import Callable, Iterator
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

SHORT = 0.05


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox whose access tokens are soon due."""
    with Sandbox.start("--access-ttl", "5") as sandbox:
        yield sandbox


@pytest.fixture
def logins(sandbox: Sandbox, tmp_path: Path) -> Iterator[Logins]:
    """No logins yet."""
    api, store = (
        ApiClient(sandbox.url),
        SQLiteRecordStore(open_database(f"sqlite:///{tmp_path / 'logins.db'}")),
    )
    yield Logins(store, api)
    api.close()
    store.close()


class Asked(ConnectionRegistry):
    """The open pages, which count how often they are asked for."""

    def __init__(self, logins: Logins, ask: Callable[[], list[str]]) -> None:
        super().__init__(logins)
        self._ask = ask

    @property
    def login_ids(self) -> set[str]:
        return set(self._ask())


class Watch:
    """A watch with a short interval over some logins, and which of them it said have ended."""

    def __init__(self, logins: Logins, login_ids: list[str]) -> None:
        self.ended: list[str] = []
        self.round_count = 0
        self.login_ids = login_ids
        self.watch = SessionMonitor(logins, Asked(logins, self._ask), self.ended.append, SHORT)

    def _ask(self) -> list[str]:
        self.round_count += 1
        return self.login_ids


@pytest.fixture
def watched(logins: Logins) -> Iterator[Watch]:
    """More logins than are refreshed at once, watched over."""
    ids = [logins.create(f"user-{number}", "any").id for number in range(PARALLEL_REFRESHES + 5)]
    watch = Watch(logins, ids)
    watch.watch.start()
    yield watch
    watch.watch.stop()


def test_a_login_that_has_ended_is_told_even_while_the_api_hangs_for_all_others(
    sandbox: Sandbox, logins: Logins, watched: Watch
) -> None:
    sandbox.be_slow(30, path="/auth")
    wait_until(lambda: all(needs_refresh(logins, login_id) for login_id in watched.login_ids))
    rounds = watched.round_count

    logins.end(watched.login_ids[-1])

    wait_until(lambda: watched.ended == [watched.login_ids[-1]])
    # None of them waited for the API, which would answer after half a minute.
    wait_until(lambda: watched.round_count >= rounds + 3)
    sandbox.clear_faults()


def test_logins_that_the_api_refuses_to_refresh_have_ended(sandbox: Sandbox, watched: Watch) -> None:
    sandbox.refuse_refresh()

    wait_until(lambda: set(watched.ended) == set(watched.login_ids), deadline=15)


def test_a_login_that_is_fresh_by_its_own_record_costs_no_request(sandbox: Sandbox, watched: Watch) -> None:
    sandbox.refuse_refresh()
    requests = sandbox.counters().requests
    rounds = watched.round_count

    wait_until(lambda: watched.round_count >= rounds + 3)

    assert sandbox.counters().requests == requests
    assert watched.ended == []


def test_logins_are_kept_alive_for_as_long_as_pages_are_open(sandbox: Sandbox, watched: Watch) -> None:
    wait_until(lambda: sandbox.counters().refreshes >= 2 * len(watched.login_ids), deadline=20)

    assert watched.ended == []


def needs_refresh(logins: Logins, login_id: str) -> bool:
    return logins.get(login_id).needs_refresh(time.time())
