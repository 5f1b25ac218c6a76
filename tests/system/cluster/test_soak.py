"""Some of a minute of the soak; `make soak` runs half an hour of it."""

import os
from pathlib import Path

import pytest

from tests.soak.soak import Soak

SECONDS = 45 if os.environ.get("CI") == "true" else 25


@pytest.mark.timeout(240)
def test_traffic_expiring_tokens_and_killed_processes_leaves_every_page_right() -> None:
    outcome = Soak(workers=3, seconds=SECONDS, kill_pause=7).run()

    if path := os.environ.get("MEASURED_FILE"):
        with Path(path).open("a", encoding="utf-8") as file:
            print("soak:", *outcome.lines(), sep="\n  ", file=file)
    assert outcome.kills >= 3
    assert outcome.failed_answers == 0
    assert outcome.errors == []
    # It has been at work.
    assert outcome.statuses[200] > 50
    assert outcome.refreshes > 2
    assert outcome.connections > 8
