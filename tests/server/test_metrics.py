"""What the served dashboard counts, alone and with a second process beside it."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.dashboard import READY, log_in, serving, settings
from tests.support.exposition import Exposition, scrape
from tests.support.processes import running
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.waiting import wait_until

TIMEOUT = 10.0
# As the dashboard starts the server, which is told of a second process here.
TWO_WORKERS = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--workers", "2"]


@pytest.fixture
def shared(sandbox: Sandbox, tmp_path: Path) -> Iterator[str]:
    """The address that two processes share."""
    environment = dict(os.environ) | settings(sandbox, tmp_path / "data")
    with running(TWO_WORKERS, READY, environment=environment) as started:
        address = started.ready[1]
        wait_until(lambda: scrape(address).total("callboard_leader") == 2, 20, "two processes at work")
        yield address


def pids(told: Exposition) -> set[str]:
    return told.label_values("callboard_process_start_time_seconds", "pid")


def test_requests_are_counted_by_route_method_and_status(address: str) -> None:
    for _ in range(3):
        requests.get(f"{address}/login?next=/calls", timeout=TIMEOUT)
    requests.get(f"{address}/nowhere/at/all", timeout=TIMEOUT)
    requests.request("BREW", f"{address}/calls/1/archive", timeout=TIMEOUT)
    requests.get(f"{address}/static/dist/manifest.json", timeout=TIMEOUT)

    told = scrape(address)

    counted = "callboard_requests_total"
    assert told.total(counted, route="/login", method="GET", status="200") == 3
    assert told.total(counted, route="none", method="GET", status="404") == 1
    assert told.total(counted, route="/calls/<call_id>/archive", method="other", status="405") <= 1
    assert told.label_values(counted, "route") <= {"/login", "none", "/calls/<call_id>/archive"}
    assert told.label_values(counted, "method") == {"GET", "other"}
    assert told.total(counted) == 5
    assert told.total("callboard_request_seconds_count") == 5


def test_a_day_of_work_shows_in_the_counts(address: str, sandbox: Sandbox) -> None:
    with connected(address, log_in(address)) as page:
        page.next("caught-up")
        wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")
        wait_until(lambda: scrape(address).total("callboard_link_live") == 1, what="a live link")

        sandbox.archive(sandbox.calls()[0]["id"])

        page.next("update-call")
        told = scrape(address)

    assert told.total("callboard_open_sockets") == 1
    assert told.total("callboard_events_in_total", outcome="update") == 1
    assert told.total("callboard_events_in_total") == 1
    assert told.total("callboard_events_out_total", event="update-call") == 1
    assert told.total("callboard_feed_changes_total", kind="update") == 1
    assert 0 < told.total("callboard_event_age_seconds_sum") < 5
    assert told.total("callboard_sync_calls") == len(sandbox.calls())
    assert told.total("callboard_sync_seconds_count", outcome="whole") >= 1
    assert told.total("callboard_upstream_seconds_count", endpoint="login") == 1
    assert told.total("callboard_leader") == 1
    wait_until(lambda: scrape(address).total("callboard_open_sockets") == 0, what="the end of the socket")


def test_trouble_with_the_api_shows_by_endpoint_and_kind(address: str, sandbox: Sandbox) -> None:
    sandbox.refuse_channel_auth(status=403, times=100)
    log_in(address)

    def refusals() -> float:
        return scrape(address).total("callboard_upstream_errors_total", endpoint="authorize_channel")

    wait_until(refusals, what="a refusal")


def test_what_was_counted_before_a_restart_counts_no_more(sandbox: Sandbox, tmp_path: Path) -> None:
    for _ in range(2):
        with serving(sandbox, tmp_path / "data") as address:
            requests.get(f"{address}/login", timeout=TIMEOUT)
            told = scrape(address)
            assert told.total("callboard_requests_total", route="/login") == 1
            assert len(pids(told)) == 1


def test_whichever_process_is_asked_answers_for_both(shared: str) -> None:
    for _ in range(40):
        requests.get(f"{shared}/login", timeout=TIMEOUT, headers={"Connection": "close"})

    answers = [scrape(shared) for _ in range(10)]

    assert {told.total("callboard_requests_total", route="/login") for told in answers} == {40}
    assert {told.total("callboard_request_seconds_count", route="/login") for told in answers} == {40}
    assert [len(pids(told)) for told in answers] == [2] * 10


def test_a_process_that_is_killed_has_no_sockets_and_owns_nothing_any_more(shared: str) -> None:
    cookie = log_in(shared)
    with connected(shared, cookie) as one, connected(shared, cookie) as other:
        one.next("caught-up")
        other.next("caught-up")
        before = scrape(shared)
        assert before.total("callboard_open_sockets") == 2

        for pid in pids(before):
            os.kill(int(pid), signal.SIGKILL)

        one.next("disconnect")
        other.next("disconnect")

    def is_new() -> bool:
        told = scrape(shared)
        return len(pids(told)) == 2 and not pids(told) & pids(before)

    wait_until(is_new, 20, "two other processes")
    wait_until(lambda: scrape(shared).total("callboard_leader") == 2, 20, "both at work")
    after = scrape(shared)
    assert after.total("callboard_open_sockets") == 0
    assert after.total("callboard_requests_total", route="/login", method="POST") == 1
