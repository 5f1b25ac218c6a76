"""One browser for all tests of the whole, a context of it for each person, and a dashboard for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.e2e.pages import WAIT_MS
from tests.e2e.troubles import Troubles, Visitor, no_trouble, open_context
from tests.support.dashboard import serving
from tests.support.sandbox import Sandbox

# As root there is no sandbox of Chromium's own; nothing but the dashboard is to be asked for anything.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Tests ask for `visitor` instead."""
    path = shutil.which("chromium")
    assert path, "Chromium has to be installed so that `chromium` is a command."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def address(sandbox: Sandbox, tmp_path: Path) -> Iterator[str]:
    """Where the dashboard is served."""
    with serving(sandbox, tmp_path / "data") as address:
        yield address


@pytest.fixture(scope="package")
def shared_process() -> Iterator[Sandbox]:
    """The sandbox of the tests that share one. Tests ask for `shared_sandbox` instead."""
    with Sandbox.start() as sandbox:
        yield sandbox


@pytest.fixture(scope="package")
def shared_address(shared_process: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a dashboard is served to all tests to which it does not matter what others did to calls."""
    with serving(shared_process, tmp_path_factory.mktemp("shared") / "data") as address:
        yield address


@pytest.fixture
def shared_sandbox(shared_process: Sandbox) -> Iterator[Sandbox]:
    """The sandbox of the shared dashboard. Faults end with the test; changed calls stay so."""
    yield shared_process
    shared_process.clear_faults()


@pytest.fixture
def troubles() -> Iterator[Troubles]:
    """What went wrong in any browser of this test; whatever the test does not expect fails it."""
    with no_trouble() as troubles:
        yield troubles


@pytest.fixture
def visitor(browser: Browser, troubles: Troubles) -> Iterator[Visitor]:
    """Makes a browser context for one more person, with Playwright's options for it."""
    contexts: list[BrowserContext] = []

    def visit(address: str, **options: Any) -> BrowserContext:
        usual = {"timezone_id": "Europe/Paris", "reduced_motion": "reduce"}
        context = open_context(browser, troubles, address, **(usual | options))
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        return context

    yield visit
    for context in contexts:
        context.close()
