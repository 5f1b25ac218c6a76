"""One browser and one dashboard for these tests, and a browser context for each person."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e.pages import WAIT_MS, sign_in
from tests.e2e.troubles import Troubles, Visitor, no_trouble, open_context
from tests.support.dashboard import SharedDashboard, log_in, shared_dashboard
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.waiting import wait_until

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


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedDashboard]:
    """The dashboard of these tests, with short times. Tests ask for `address` or `shared_address` instead."""
    with shared_dashboard(tmp_path_factory.mktemp("shared") / "data", is_quick=True) as shared:
        yield shared


@pytest.fixture
def shared_address(shared: SharedDashboard) -> str:
    """Where the shared dashboard is served, for tests to which changed calls do not matter."""
    return settled(shared)


@pytest.fixture
def address(shared: SharedDashboard, sandbox: Sandbox) -> str:
    """Where the shared dashboard is served, as new for each test. It is not to be stopped or broken."""
    assert sandbox is shared.sandbox
    return settled(shared)


def settled(shared: SharedDashboard) -> str:
    """The dashboard's address, once it shows the calls of a sandbox that was reset, and not those before."""
    if not shared.sandbox.counters().subscriptions_now:
        cookie = log_in(shared.address, "carol")
        wait_until(lambda: shared.sandbox.counters().subscriptions_now == 1, what="the subscription")
        with connected(shared.address, cookie) as page:
            wait_until(lambda: page.next("link")["state"] == "live", what="all calls, read since then")
    return shared.address


@pytest.fixture
def shared_sandbox(shared: SharedDashboard) -> Iterator[Sandbox]:
    """Its sandbox, as the tests before have left it. Faults end with the test."""
    yield shared.sandbox
    shared.sandbox.clear_faults()


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


@pytest.fixture
def page(shared_address: str, visitor: Visitor) -> Page:
    """Alice's inbox on the shared dashboard."""
    return sign_in(visitor(shared_address).new_page())
