"""What the tests of live updates share: the time something took, and a served dashboard with its process."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.support.dashboard import READY, settings
from tests.support.processes import Started, running
from tests.support.sandbox import Sandbox

Stopwatch = Callable[[str], AbstractContextManager[None]]
Serve = Callable[..., AbstractContextManager[Started]]


@pytest.fixture
def took(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Stopwatch:
    """Measures a block, for people to read: `with took("shown on 8 pages"): …`. Asserts nothing."""

    @contextmanager
    def measure(what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        seconds = time.monotonic() - began
        record_property(what, round(seconds, 3))
        if path := os.environ.get("MEASURED_FILE"):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(f"{request.node.name}: {what}: {seconds:.2f} s\n")

    return measure


@pytest.fixture
def serve(sandbox: Sandbox, tmp_path: Path) -> Serve:
    """Starts a dashboard on this sandbox, given a port or taking one; it keeps its data between starts."""

    def start(port: int | str = 0) -> AbstractContextManager[Started]:
        environment = dict(os.environ) | settings(sandbox, tmp_path / "data") | {"PORT": str(port)}
        return running([sys.executable, "app.py"], READY, environment=environment)

    return start
