"""A refresh that fails or hangs: how seldom it is tried, and that nobody waits for it who need not."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from aircall.api.client import ApiClient
from aircall.auth.login import Login
from aircall.auth.logins import Logins, _refresh_later
from aircall.auth.refresh import URGENT_RETRY_INTERVAL
from aircall.errors import ServerError
from tests.integration.auth.rooms import Later, Rooms, rooms
from tests.integration.auth.test_trouble import DUE, EXPIRED, FAULTS, REFRESH
from tests.support.clock import StillClock
from tests.support.log_lines import told, written
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def asked_at(here: Rooms, login: Login, sandbox: Sandbox, seconds: range) -> list[int]:
    """At which of these seconds of its token's life a login that is used all the time asks the API."""
    clock, later = StillClock(), Later()
    with closing(ApiClient(sandbox.url, deadline=0.5, clock=clock)) as api:
        logins = Logins(here.store, api, clock, run_later=later)
        asked: list[int] = []
        for second in seconds:
            clock.now = login.access_expires_at - 600 + second
            before = sandbox.counters().requests
            for _ in range(2):
                assert logins.get_fresh(login.id) == login
            later.settle()
            asked += [second] * (sandbox.counters().requests - before)
    return asked


def test_a_failing_refresh_is_tried_every_ten_seconds_while_the_token_lives(
    here: Rooms, alice: Login, sandbox: Sandbox
) -> None:
    sandbox.answer_503(times=None, path=REFRESH)

    assert asked_at(here, alice, sandbox, range(470, 600)) == list(range(480, 600, 10))


@pytest.mark.parametrize("name", ["not JSON", "cut short", "reset", "no answer"])
def test_a_refresh_whose_answer_was_lost_is_repeated_only_when_the_token_is_almost_dead(
    here: Rooms, alice: Login, sandbox: Sandbox, name: str
) -> None:
    """Who punishes the reuse of a refresh token would end the login at once."""
    FAULTS[name](sandbox)

    assert asked_at(here, alice, sandbox, range(470, 600, 5)) == [480, 570, 580, 590]


def test_a_refresh_that_hangs_delays_nobody_while_the_token_lives(sandbox: Sandbox, tmp_path: Path) -> None:
    with rooms(sandbox.url, tmp_path) as here:
        logins = Logins(here.store, here.api, here.clock)
        alice = logins.create("alice", "any")
        sandbox.be_slow(30, path=REFRESH)
        here.clock.ahead = DUE

        served = [logins.with_token(alice.id, here.api.me) for _ in range(3)]
        # Had anybody waited for it, the refresh would have been given up by now.
        sandbox.clear_faults()

        assert served == [alice.user] * 3
        wait_until(lambda: logins.get(alice.id).generation == 2, what="the refresh")


@pytest.mark.parametrize("ahead", [DUE, EXPIRED])
def test_a_refresh_that_hangs_keeps_nobody_else_from_refreshing(
    sandbox: Sandbox, tmp_path: Path, ahead: float
) -> None:
    with rooms(sandbox.url, tmp_path) as here, ThreadPoolExecutor(1) as pool:
        alice, bob = here.logins.create("alice", "any"), here.logins.create("bob", "any")
        here.clock.ahead = ahead
        sandbox.be_slow(30, times=1, path=REFRESH)
        before = sandbox.counters().requests
        hanging = pool.submit(here.logins.get_fresh, alice.id)
        wait_until(lambda: sandbox.counters().requests > before, what="Alice's refresh")

        here.logins.get_fresh(bob.id)
        wait_until(lambda: here.logins.get(bob.id).generation == 2, what="Bob's refresh")

        assert here.logins.get(alice.id).generation == 1
        sandbox.clear_faults()
        hanging.result(10)


def test_a_dead_token_is_not_waited_for_twice_by_one_page(
    here: Rooms, alice: Login, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.answer_503(times=None, path=REFRESH)
    here.clock.ahead = EXPIRED
    before = sandbox.counters().requests

    for _ in range(3):
        with pytest.raises(ServerError):
            here.logins.get_fresh(alice.id)
    at_once = sandbox.counters().requests - before
    here.clock.ahead += URGENT_RETRY_INTERVAL
    with pytest.raises(ServerError):
        here.logins.get_fresh(alice.id)

    assert at_once == 1
    assert told(caplog.records, "error") == [("refresh failed, the login stays", "ServerError")] * 2
    assert sandbox.counters().requests - before == 2


def test_a_refresh_in_the_background_that_breaks_is_logged_by_its_type_alone(
    here: Rooms, alice: Login, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here.clock.ahead = DUE

    def break_first(task: Callable[[], None]) -> None:
        with closing(sqlite3.connect(tmp_path / "sessions.db")) as connection:
            connection.execute("drop table records")
        task()

    Logins(here.store, here.api, here.clock, run_later=break_first).get_fresh(alice.id)

    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.getMessage() == "a login could not be refreshed"
    assert alice.id not in written(record)


def test_what_runs_in_the_background_holds_up_no_end() -> None:
    threads: list[threading.Thread] = []

    _refresh_later(lambda: threads.append(threading.current_thread()))
    wait_until(lambda: threads, what="the thread")

    assert threads[0].daemon
    assert threads[0].name == "refresh"
