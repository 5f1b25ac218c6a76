"""A minute of the soak: what half an hour of it tells, `make soak` does."""

import os
from pathlib import Path

import pytest

from tests.soak.soak import Soak


@pytest.mark.timeout(240)
def test_a_minute_of_traffic_expiring_tokens_and_killed_processes_leaves_every_page_right() -> None:
    outcome = Soak(workers=3, seconds=60, kill_pause=12).run()

    if path := os.environ.get("MEASURED_FILE"):
        with Path(path).open("a", encoding="utf-8") as file:
            print("soak:", *outcome.lines(), sep="\n  ", file=file)
    assert outcome.kills == 4
    assert outcome.failed_answers == 0
    assert outcome.errors == []
    # It has been at work.
    assert outcome.statuses[200] > 100
    assert outcome.refreshes > 5
    assert outcome.connections > 8
