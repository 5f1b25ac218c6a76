"""Every state of every page is accessible, valid HTML and narrow enough."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.observer import Tour, expect_fit_on_tour
from tests.e2e.tour import TOURS


@pytest.mark.timeout(300)
@pytest.mark.parametrize("tour", TOURS)
def test_every_state_is_fit_for_everyone_valid_and_narrow_enough(
    browser: Browser, tmp_path: Path, tour: Tour
) -> None:
    expect_fit_on_tour(browser, tour, tmp_path / "data")
