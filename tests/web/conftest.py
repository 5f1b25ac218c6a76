"""The dashboard in this process, on a real sandbox; Alice and Bob are signed in, a stranger is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from aircall.web.services import start, stop
from app import create_app
from config import Config
from tests.support.person import Person
from tests.support.sandbox import Sandbox


@pytest.fixture
def config(sandbox: Sandbox, tmp_path: Path) -> Config:
    """Settings that point at the sandbox."""
    return Config.from_environment(
        {
            "AIRCALL_API_URL": sandbox.url,
            "PUSHER_HOST": sandbox.host,
            "PUSHER_PORT": str(sandbox.port),
            "PUSHER_SCHEME": "http",
            "DATA_DIR": str(tmp_path / "data"),
        }
    )


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The dashboard, listening and synchronising."""
    app = create_app(config)
    start(app)
    yield app
    stop(app)


@pytest.fixture
def stranger(app: Flask) -> Person:
    """Somebody who is not signed in."""
    return Person(app)


@pytest.fixture
def alice(app: Flask) -> Person:
    """Somebody who is signed in."""
    return Person(app).sign_in("alice")


@pytest.fixture
def bob(app: Flask) -> Person:
    """Somebody else who is signed in."""
    return Person(app).sign_in("bob")
