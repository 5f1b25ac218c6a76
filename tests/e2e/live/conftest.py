"""What the tests of live updates share: a served dashboard with its process."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.dashboard import dashboard
from tests.support.processes import Started
from tests.support.sandbox import Sandbox

Serve = Callable[..., AbstractContextManager[Started]]


@pytest.fixture
def serve(sandbox: Sandbox, tmp_path: Path) -> Serve:
    """Starts a dashboard on this sandbox, given a port or taking one; it keeps its data between starts."""

    def start(port: int | str = 0) -> AbstractContextManager[Started]:
        return dashboard(sandbox, tmp_path / "data", {"PORT": str(port)})

    return start
