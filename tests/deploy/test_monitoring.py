"""The dashboard for Grafana and the alerts ask for what there is, and point to what operators can read."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.support.dashboard import COOKIE, TIMEOUT, log_in, serving
from tests.support.exposition import scrape
from tests.support.processes import ROOT
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.waiting import wait_until

METRIC = re.compile(r"callboard_\w+")
RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text())["groups"][0][
    "rules"
]
PANELS: list[dict[str, Any]] = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel.get("targets", ())]


@pytest.fixture
def told(sandbox: Sandbox, tmp_path: Path) -> Iterator[set[str]]:
    """What a dashboard that has had some traffic can be asked for."""
    with serving(sandbox, tmp_path / "data") as address:
        cookie = log_in(address)
        with connected(address, cookie) as page:
            page.next("caught-up")
            call_id = sandbox.archive(sandbox.calls()[0]["id"])["id"]
            page.next("update-call")
            sandbox.answer_503(path="/calls/")
            requests.get(f"{address}/calls/{call_id}", cookies={COOKIE: cookie}, timeout=TIMEOUT)
            wait_until(lambda: scrape(address).total("callboard_upstream_errors_total"), what="an error")
            yield scrape(address).sample_names


def test_there_is_whatever_they_ask_for(told: set[str]) -> None:
    asked = {
        name for text in (*EXPRESSIONS, *(rule["expr"] for rule in RULES)) for name in METRIC.findall(text)
    }

    assert asked - told == set()
    assert len(asked) > 15


def test_every_panel_says_what_it_shows_and_none_covers_another() -> None:
    places = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in PANELS
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]

    assert len(places) == len(set(places))
    assert [panel["title"] for panel in PANELS if panel["type"] != "row" and not panel["description"]] == []


def test_there_are_five_alerts_each_with_a_reason_and_a_place_to_read_on() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text()

    assert len({rule["alert"] for rule in RULES}) == 5
    for rule in RULES:
        assert rule["annotations"]["reason"]
        places = rule["annotations"]["runbook"].removeprefix("docs/operations.md: ").split("; ")
        assert [place for place in places if f"**{place}**" not in guide] == []
