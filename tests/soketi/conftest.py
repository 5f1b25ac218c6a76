"""Keeps these tests out of a run that does not name them: soketi is large and not always installed."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Ignore this folder, unless an argument of pytest is in it or is this folder itself."""
    asked = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    return None if any(path.is_relative_to(HERE) for path in asked) else True
