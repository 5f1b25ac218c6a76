"""Every state of changes and of a call is accessible, valid HTML and narrow enough."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.observer import expect_fit_on_tour
from tests.e2e.tour import tour_changes


@pytest.mark.timeout(600)
def test_every_state_is_fit_for_everyone_valid_and_narrow_enough(browser: Browser, tmp_path: Path) -> None:
    expect_fit_on_tour(browser, tour_changes, tmp_path / "data")
