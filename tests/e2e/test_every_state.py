"""Every page in every state: fit for everybody, valid, and no wider than its window."""

import json
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Error, Page, Response

from tests.e2e.pages import WAIT_MS
from tests.e2e.tour import TROUBLES, take_tour
from tests.e2e.troubles import no_trouble, open_context
from tests.support.dashboard import serving
from tests.support.processes import ROOT
from tests.support.sandbox import Sandbox

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
# Of the rules for these, axe leaves out that on the size of targets unless it is asked for.
RUN_AXE = """() => axe.run({
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  rules: { 'target-size': { enabled: true } },
})"""
# Numbers are not broken into lines.
IS_TOO_WIDE = """() => document.documentElement.scrollWidth > innerWidth
  || [...document.querySelectorAll('.card .number')].some((number) =>
    number.getBoundingClientRect().right > number.closest('.card').getBoundingClientRect().right - 8)"""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 375)
NARROWEST = 320
# A tour takes two minutes on a machine that does nothing else.
pytestmark = pytest.mark.timeout(900)


@dataclass(slots=True)
class Seen:
    """What was found on the tour, by state: violations of axe's rules, pages as they were served, widths."""

    states: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    too_wide: list[str] = field(default_factory=list)
    html: dict[str, str] = field(default_factory=dict)


class Observer:
    """Looks at a page at each stop of a tour."""

    def __init__(self, page: Page) -> None:
        self.seen = Seen()
        self._page = page
        self._answers: list[Response] = []
        page.on("response", self._keep)

    def look(self, state: str) -> None:
        """Look at the page in every scheme and width; it is in the first of both afterwards."""
        self.seen.states.append(state)
        self._read(state)
        for scheme, width in product(reversed(SCHEMES), reversed(WIDTHS)):
            self._show(width, scheme)
            self.seen.violations += [
                f"{state}, {scheme}, {width}: {found}" for found in violations(self._page)
            ]
        for width in (NARROWEST, *reversed(WIDTHS)):
            self._show(width)
            self.seen.too_wide += [f"{state}, {width}"] if is_too_wide(self._page) else []

    def _show(self, width: int, scheme: Literal["light", "dark"] = "light") -> None:
        self._page.emulate_media(color_scheme=scheme)
        self._page.set_viewport_size({"width": width, "height": 800})

    def _keep(self, answer: Response) -> None:
        kind = answer.headers.get("content-type", "")
        if kind.startswith("text/html") and not 300 <= answer.status < 400:
            self._answers.append(answer)

    def _read(self, state: str) -> None:
        """Keep what was served since the last stop; of a page that was passed by the browser has no more."""
        for number, answer in enumerate(self._answers):
            with suppress(Error):
                self.seen.html[f"{state}-{number}"] = answer.text()
        self._answers.clear()


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(RUN_AXE)
    return [f"{each['id']}: {node['target']}" for each in found["violations"] for node in each["nodes"]]


def is_too_wide(page: Page) -> bool:
    """Whether the page can be scrolled sideways, or a number reaches over the edge of its card."""
    return bool(page.evaluate(IS_TOO_WIDE))


@pytest.fixture(scope="module")
def seen(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What a tour has found."""
    data_dir: Path = tmp_path_factory.mktemp("tour") / "data"
    with Sandbox.start() as sandbox, serving(sandbox, data_dir) as address, no_trouble() as troubles:
        for pattern in TROUBLES:
            troubles.expect(pattern)
        context = open_context(
            browser, troubles, address, timezone_id="Europe/Paris", reduced_motion="reduce"
        )
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        observer = Observer(page)
        take_tour(page, sandbox, data_dir, observer.look)
        context.close()
    return observer.seen


def test_axe_finds_nothing(seen: Seen) -> None:
    assert seen.violations == []


def test_no_page_scrolls_sideways(seen: Seen) -> None:
    assert seen.too_wide == []


def test_every_page_that_is_served_is_valid_html(seen: Seen) -> None:
    command = ["node", str(ROOT / "tests" / "e2e" / "validate.mjs")]

    answer = subprocess.run(command, input=json.dumps(seen.html), capture_output=True, text=True, check=True)

    # Each state but those that a script makes of a page came with a page of its own.
    assert len({name.rpartition("-")[0] for name in seen.html}) > len(seen.states) * 2 / 3
    assert answer.stdout.splitlines() == []
