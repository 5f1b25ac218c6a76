"""What the served dashboard counts, alone and with a second process, and what panels and alerts ask for."""

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from aircall import VERSION
from tests.support.dashboard import COOKIE, READY, TIMEOUT, log_in, serving, settings
from tests.support.exposition import Exposition, scrape
from tests.support.processes import ROOT, running
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.waiting import wait_until

METRIC = re.compile(r"callboard_\w+")
RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text())["groups"][0][
    "rules"
]
PANELS: list[dict[str, Any]] = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel.get("targets", ())]
# As the dashboard starts the server, which is told of a second process here.
TWO_WORKERS = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--workers", "2"]


@pytest.fixture(scope="module")
def two_processes(sandbox_process: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address that two processes share."""
    environment = dict(os.environ) | settings(sandbox_process, tmp_path_factory.mktemp("data"))
    with running(TWO_WORKERS, READY, environment=environment) as started:
        address = started.ready[1]
        wait_until(lambda: scrape(address).total("callboard_leader") == 2, 60, "two processes at work")
        yield address


def pids(told: Exposition) -> set[str]:
    return told.label_values("callboard_process_start_time_seconds", "pid")


def test_requests_are_counted_by_route_method_and_status_from_each_start_on(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    counted = "callboard_requests_total"
    for _ in range(2):
        with serving(sandbox, tmp_path / "data") as address:
            for _ in range(3):
                requests.get(f"{address}/login?next=/calls", timeout=TIMEOUT)
            requests.get(f"{address}/nowhere/at/all", timeout=TIMEOUT)
            requests.request("BREW", f"{address}/calls/1/archive", timeout=TIMEOUT)
            requests.get(f"{address}/static/dist/manifest.json", timeout=TIMEOUT)
            told = scrape(address)

        assert told.total(counted, route="/login", method="GET", status="200") == 3
        assert told.total(counted, route="none", method="GET", status="404") == 1
        assert told.total(counted, route="/calls/<call_id>/archive", method="other", status="405") <= 1
        assert told.label_values(counted, "route") <= {"/login", "none", "/calls/<call_id>/archive"}
        assert told.label_values(counted, "method") == {"GET", "other"}
        assert told.total(counted) == 5
        assert told.total("callboard_request_seconds_count") == 5
        assert len(pids(told)) == 1


def test_a_day_of_work_shows_in_the_counts_that_panels_and_alerts_ask_for(
    address: str, sandbox: Sandbox
) -> None:
    start, cookie = scrape(address), log_in(address)
    with connected(address, cookie) as page:
        page.next("caught-up")
        wait_until(lambda: scrape(address).total("callboard_link_live") == 1, what="a live link")
        before = scrape(address)

        call_id = sandbox.archive(sandbox.calls()[0]["id"])["id"]
        page.next("update-call")
        sandbox.answer_503(path="/calls/")
        requests.get(f"{address}/calls/{call_id}", cookies={COOKIE: cookie}, timeout=TIMEOUT)
        told = scrape(address)

    def increase(name: str, since: Exposition = before, **labels: str) -> float:
        return told.total(name, **labels) - since.total(name, **labels)

    assert told.total("callboard_open_sockets") == 1
    assert increase("callboard_events_in_total", outcome="update") == 1
    assert increase("callboard_events_in_total") == 1
    assert increase("callboard_events_out_total", event="update-call") == 1
    assert increase("callboard_feed_changes_total", kind="update") == 1
    assert 0 < increase("callboard_event_age_seconds_sum") < 5
    assert told.total("callboard_sync_calls") == len(sandbox.calls())
    assert increase("callboard_sync_seconds_count", start, outcome="whole") >= 1
    assert increase("callboard_upstream_seconds_count", start, endpoint="login") == 1
    assert increase("callboard_upstream_errors_total", endpoint="get_call") == 1
    assert told.total("callboard_leader") == 1
    assert told.label_values("callboard_build_info", "version") == {VERSION}
    wait_until(lambda: scrape(address).total("callboard_open_sockets") == 0, what="the end of the socket")

    asked = {
        name for text in (*EXPRESSIONS, *(rule["expr"] for rule in RULES)) for name in METRIC.findall(text)
    }
    assert asked - told.sample_names == set()
    assert len(asked) > 15


def test_whichever_process_is_asked_answers_for_both(two_processes: str) -> None:
    for _ in range(40):
        requests.get(f"{two_processes}/login", timeout=TIMEOUT, headers={"Connection": "close"})

    # A request is counted when its response has been sent, which its client may see a moment before.
    wait_until(lambda: scrape(two_processes).total("callboard_requests_total", route="/login") == 40)
    answers = [scrape(two_processes) for _ in range(10)]

    assert {told.total("callboard_requests_total", route="/login") for told in answers} == {40}
    assert {told.total("callboard_request_seconds_count", route="/login") for told in answers} == {40}
    assert [len(pids(told)) for told in answers] == [2] * 10


def test_a_process_that_is_killed_has_no_sockets_and_owns_nothing_any_more(two_processes: str) -> None:
    cookie = log_in(two_processes)
    with connected(two_processes, cookie) as one, connected(two_processes, cookie) as other:
        one.next("caught-up")
        other.next("caught-up")
        before = scrape(two_processes)
        assert before.total("callboard_open_sockets") == 2

        for pid in pids(before):
            os.kill(int(pid), signal.SIGKILL)

        one.next("disconnect")
        other.next("disconnect")

    def is_new() -> bool:
        now = pids(scrape(two_processes))
        return len(now) == 2 and not now & pids(before)

    wait_until(is_new, 60, "two other processes")
    wait_until(lambda: scrape(two_processes).total("callboard_leader") == 2, 60, "both at work")
    after = scrape(two_processes)
    assert after.total("callboard_open_sockets") == 0
    assert after.total("callboard_requests_total", route="/login", method="POST") == 1


def test_every_panel_says_what_it_shows_and_each_alert_has_a_reason_and_a_place_to_read_on() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text()

    assert [panel["title"] for panel in PANELS if panel["type"] != "row" and not panel["description"]] == []
    assert len({rule["alert"] for rule in RULES}) == 5
    for rule in RULES:
        assert rule["annotations"]["reason"]
        places = rule["annotations"]["runbook"].removeprefix("docs/operations.md: ").split("; ")
        assert [place for place in places if f"**{place}**" not in guide] == []
