"""Firefox and WebKitGTK at one dashboard.

Kept out of a run that does not name this folder: neither is always installed.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.browsers.webdriver import ENGINES, Browser
from tests.support.dashboard import SharedDashboard, shared_dashboard

HERE = Path(__file__).parent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Ignore this folder, unless an argument of pytest is in it or is this folder itself."""
    asked = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    return None if any(path.is_relative_to(HERE) for path in asked) else True


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedDashboard]:
    """The dashboard of these tests, with short times."""
    with shared_dashboard(tmp_path_factory.mktemp("shared") / "data", is_quick=True) as shared:
        yield shared


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of a browser."""
    name: str = request.param
    return name


def start(engine: str, address: str, profile: Path, stack: ExitStack, *, has_scripts: bool) -> Browser:
    return Browser(stack.enter_context(ENGINES[engine](profile, has_scripts=has_scripts)), address)


@pytest.fixture(scope="session")
def running_browser(
    engine: str, shared: SharedDashboard, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """One browser for all tests. They ask for `browser` instead."""
    with ExitStack() as stack:
        profile = tmp_path_factory.mktemp(engine)
        yield start(engine, shared.address, profile, stack, has_scripts=True)


@pytest.fixture
def browser(running_browser: Browser, address: str) -> Browser:
    """A browser that has never seen the dashboard, which shows the calls of a sandbox that was reset."""
    assert address == running_browser.address
    running_browser.open("/healthz")
    running_browser.forget()
    return running_browser


@pytest.fixture
def plain_browser(engine: str, address: str, tmp_path: Path) -> Iterator[Browser]:
    """The same without scripts."""
    with ExitStack() as stack:
        yield start(engine, address, tmp_path, stack, has_scripts=False)
