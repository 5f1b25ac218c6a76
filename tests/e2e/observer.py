"""What is looked at on a page at each stop of a tour: accessibility, valid HTML, and its width."""

import json
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Error, Page, Response

from tests.e2e.pages import WAIT_MS
from tests.e2e.tour import TROUBLES, Look
from tests.e2e.troubles import no_trouble, open_context
from tests.support.dashboard import serving
from tests.support.node import TOOLS, node_of
from tests.support.processes import ROOT
from tests.support.sandbox import Sandbox

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
# Of the rules for these, axe leaves out that on the size of targets unless it is asked for.
RUN_AXE = """() => axe.run({
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  rules: { 'target-size': { enabled: true } },
  resultTypes: ['violations'],
})"""
# Numbers are not broken into lines. Those that only screen readers have, or that are not shown, are anywhere.
IS_TOO_WIDE = """() => document.documentElement.scrollWidth > innerWidth
  || [...document.querySelectorAll('.card .number:not(.visually-hidden *)')].some((number) =>
    number.checkVisibility() &&
    number.getBoundingClientRect().right > number.closest('.card').getBoundingClientRect().right - 8)"""
Scheme = Literal["light", "dark"]
# What axe looks at; a tour goes on in the last one.
COMBINATIONS: tuple[tuple[int, Scheme], ...] = ((375, "dark"), (1280, "light"))
WIDTHS = (320, 375, 1280)

Tour = Callable[[Page, Sandbox, Path, Look], None]


@dataclass(slots=True)
class Seen:
    """What was found on a tour, by state: what is wrong, and the pages as they were served."""

    states: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    html: dict[str, str] = field(default_factory=dict)


class Observer:
    """Looks at a page at each stop of a tour."""

    def __init__(self, page: Page) -> None:
        self.seen = Seen()
        self._page = page
        self._answers: list[Response] = []
        page.on("response", self._keep)

    def look(self, state: str) -> None:
        """Look at the page in each scheme and width; it is in the last of both afterwards."""
        self.seen.states.append(state)
        self._read(state)
        for width in WIDTHS:
            self._page.set_viewport_size({"width": width, "height": 800})
            self.seen.wrong += [f"{state} is too wide in {width}"] if is_too_wide(self._page) else []
        for width, scheme in COMBINATIONS:
            self._page.emulate_media(color_scheme=scheme)
            self._page.set_viewport_size({"width": width, "height": 800})
            self.seen.wrong += [f"{state}, {scheme}, {width}: {found}" for found in violations(self._page)]

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
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(RUN_AXE)
    return [f"{each['id']}: {node['target']}" for each in found["violations"] for node in each["nodes"]]


def is_too_wide(page: Page) -> bool:
    """Whether the page can be scrolled sideways, or a number reaches over the edge of its card."""
    return bool(page.evaluate(IS_TOO_WIDE))


def expect_fit_on_tour(browser: Browser, tour: Tour, data_dir: Path) -> None:
    """Every state on this tour passes axe, fits its window, and is valid HTML."""
    with (
        Sandbox.start() as sandbox,
        serving(sandbox, data_dir) as address,
        no_trouble() as troubles,
    ):
        for pattern in TROUBLES:
            troubles.expect(pattern)
        context = open_context(
            browser, troubles, address, timezone_id="Europe/Paris", reduced_motion="reduce"
        )
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        observer = Observer(page)
        tour(page, sandbox, data_dir, observer.look)
        context.close()

    seen = observer.seen
    assert seen.wrong == []
    # Each state but those that a script makes of a page came with a page of its own.
    assert len({name.rpartition("-")[0] for name in seen.html}) > len(seen.states) / 2
    command = [node_of(TOOLS), str(TOOLS / "validate-html.mjs")]
    answer = subprocess.run(command, input=json.dumps(seen.html), capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == [], answer.stdout
