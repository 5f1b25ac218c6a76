"""Takes pictures of every page in every state, in all sizes, light and dark. `make screenshots` calls it."""

import argparse
import shutil
import tempfile
from itertools import product
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

from tests.e2e.conftest import ARGUMENTS
from tests.e2e.pages import WAIT_MS, expect_live, open_call, sign_in
from tests.e2e.tour import TOURS, Look
from tests.support.dashboard import serving
from tests.support.processes import ROOT
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

PICTURES = ROOT / "screenshots"
README_PICTURES = ROOT / "docs" / "screenshots"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("dark", "light")
# The last ones are those in which the tour goes on.
SIZES = ((320, 640), (375, 812), (768, 1024), (1920, 1080), (1280, 800))


def main() -> None:
    """Write the pictures into screenshots/, or with --readme the two of README.md into docs/screenshots/."""
    parser = argparse.ArgumentParser("python -m tests.screenshots", description=main.__doc__)
    parser.add_argument("--readme", action="store_true", help="only the two pictures of README.md")
    is_for_readme = parser.parse_args().readme
    take = take_for_readme if is_for_readme else take_all
    with (
        tempfile.TemporaryDirectory() as data_dir,
        # As `make run` shows it.
        Sandbox.start(*(["--team"] if is_for_readme else [])) as sandbox,
        serving(sandbox, Path(data_dir)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for tour in (tour_for_readme,) if is_for_readme else TOURS:
            page = browser.new_page(base_url=address, timezone_id="Europe/Paris", reduced_motion="reduce")
            page.set_default_timeout(WAIT_MS)
            tour(page, sandbox, Path(data_dir), take(page))
            page.close()
        browser.close()


def tour_for_readme(page: Page, _sandbox: Sandbox, _data_dir: Path, look: Look) -> None:
    """Look at the list once it counts who is to be called back, and at a missed call that has a note."""
    sign_in(page)
    queue = page.locator("[data-count=callers]")
    wait_until(lambda: page.goto("/calls?view=all") and queue.is_visible(), what="the queue")
    expect_live(page)
    look("list")
    page.goto("/calls?view=all&type=missed-call&per_page=100")
    noted = page.locator("[data-call-id]:has(.call-row__notes)").first
    open_call(page, noted.get_attribute("data-call-id") or "")
    expect_live(page)
    look("call")


def take_all(page: Page) -> Look:
    """Takes a picture of the page for each size and scheme."""

    def look(state: str) -> None:
        for (width, height), scheme in product(SIZES, SCHEMES):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": height})
            picture(page, PICTURES / f"{scheme}-{width}" / f"{state}.png")

    return look


def take_for_readme(page: Page) -> Look:
    """Takes a picture of the page for the README."""
    page.set_viewport_size({"width": 1280, "height": 800})
    return lambda state: picture(page, README_PICTURES / f"{state}.png")


def picture(page: Page, path: Path) -> None:
    """What can be seen of the page."""
    page.screenshot(path=path)
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
