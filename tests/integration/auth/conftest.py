"""Logins on the sandbox, and Alice, who is logged in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aircall.auth.login import Login
from tests.integration.auth.environment import Environment, environment
from tests.support.sandbox import Sandbox


@pytest.fixture
def env(sandbox: Sandbox, tmp_path: Path) -> Iterator[Environment]:
    """Logins, of which there is none yet."""
    with environment(sandbox, tmp_path) as env:
        yield env


@pytest.fixture
def alice(env: Environment) -> Login:
    return env.logins.create("alice", "any")
