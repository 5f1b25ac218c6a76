"""Compiled templates are kept on disk, and no state of that disk breaks a page."""

import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from aircall.web.services import stop
from app import create_app
from config import Config


@contextmanager
def built(config: Config) -> Iterator[Flask]:
    """A dashboard without background work."""
    app = create_app(config)
    yield app
    stop(app)


def login_page(config: Config) -> int:
    with built(config) as app:
        return app.test_client().get("/login").status_code


def files(config: Config) -> list[Path]:
    return sorted((config.data_dir / "jinja").glob("*.cache"))


def cut_them_short(folder: Path) -> None:
    for number, path in enumerate(folder.iterdir()):
        path.write_bytes(path.read_bytes()[: 20 * (number % 2)])


def replace_by_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("")


def test_the_next_start_finds_the_compiled_templates_which_only_their_owner_may_read(config: Config) -> None:
    assert login_page(config) == 200
    written = {path: path.stat().st_mtime_ns for path in files(config)}

    assert login_page(config) == 200

    assert written
    assert {path: path.stat().st_mtime_ns for path in files(config)} == written
    assert stat.S_IMODE((config.data_dir / "jinja").stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", [cut_them_short, replace_by_a_file])
def test_a_damaged_cache_breaks_no_page(config: Config, damage: Callable[[Path], None]) -> None:
    login_page(config)
    damage(config.data_dir / "jinja")

    assert login_page(config) == 200


def test_a_disk_that_cannot_be_written_breaks_no_page(config: Config) -> None:
    with built(config) as app:
        shutil.rmtree(config.data_dir / "jinja")

        assert app.test_client().get("/login").status_code == 200
    assert files(config) == []
