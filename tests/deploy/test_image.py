"""The Dockerfile: what it names is there, and what comes of it serves as a user who may write nothing."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup

from tests.deploy.image import Image, build, unlock
from tests.deploy.recipe import stages
from tests.support.dashboard import READY, TIMEOUT, log_in
from tests.support.ports import LOOPBACK, free_port
from tests.support.processes import ROOT
from tests.support.sandbox import Sandbox

DOCKERFILE = (ROOT / "Dockerfile").read_text()
# Packages are downloaded and installed.
BUILDING_TIME = 300
WRITABLE = """
import os, sys
for folder, folders, files in os.walk(sys.argv[1]):
    for name in (".", *folders, *files):
        path = os.path.join(folder, name)
        if os.access(path, os.W_OK) and not os.path.islink(path):
            print(os.path.normpath(path))
"""

pytestmark = pytest.mark.timeout(BUILDING_TIME)


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The image, built once."""
    # The folders of pytest are closed to other users.
    with tempfile.TemporaryDirectory(prefix="image-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        try:
            yield build(DOCKERFILE, directory)
        finally:
            unlock(directory)


@pytest.fixture
def settings(sandbox: Sandbox) -> dict[str, str]:
    """What one has to say beside what the image says itself."""
    return {
        "AIRCALL_API_URL": sandbox.url,
        "PUSHER_HOST": sandbox.host,
        "PUSHER_PORT": str(sandbox.port),
        "PUSHER_SCHEME": "http",
        "PORT": str(free_port()),
        "SECRET_KEY": "k" * 32,
    }


def test_the_image_serves_as_an_ordinary_user(image: Image, settings: dict[str, str]) -> None:
    address = f"http://{LOOPBACK}:{settings['PORT']}"
    with image.running(READY, settings) as started:
        alive = requests.get(f"{address}/healthz", timeout=TIMEOUT)
        log_in(address)
        page = BeautifulSoup(requests.get(f"{address}/login", timeout=TIMEOUT).text, "html.parser")
        built = [page.select("script[src]")[0]["src"], page.select("link[rel=stylesheet]")[0]["href"]]
        statuses = [requests.get(f"{address}{path}", timeout=TIMEOUT).status_code for path in built]
        owner = Path(f"/proc/{started.process.pid}").stat().st_uid if os.geteuid() == 0 else os.geteuid()

    assert (alive.status_code, alive.text) == (200, "ok\n")
    assert statuses == [200, 200]
    assert owner != 0
    assert (image.path("/data") / "calls.db").is_file()


def test_its_user_may_write_nothing_but_the_data(image: Image, settings: dict[str, str]) -> None:
    found = image.output(["python", "-c", WRITABLE, str(image.root)], settings)

    writable = [Path(line) for line in found.stdout.splitlines()]
    assert image.path("/data") in writable
    assert [path for path in writable if not path.is_relative_to(image.path("/data"))] == []


def test_the_health_check_tells_whether_it_serves(image: Image, settings: dict[str, str]) -> None:
    check = image.stage.step("HEALTHCHECK").command()

    with image.running(READY, settings):
        while_serving = image.output(check, settings)
    afterwards = image.output(check, settings)

    assert while_serving.returncode == 0, while_serving.stderr
    assert afterwards.returncode == 1


def test_it_starts_with_no_key_that_everybody_has(image: Image, settings: dict[str, str]) -> None:
    del settings["SECRET_KEY"]

    started = image.output(image.stage.step("CMD").command(), settings)

    assert started.returncode == 1
    assert "SECRET_KEY has to be set" in started.stderr


def test_nothing_in_it_installs_or_builds(image: Image) -> None:
    for module in ("pip", "setuptools"):
        assert image.output(["python", "-c", f"import {module}"], {}).returncode == 1, module
    assert not list(image.root.rglob("node_modules"))


def test_nothing_but_the_program_gets_into_it(image: Image) -> None:
    names = {path.name for path in image.path(".").iterdir()}

    assert names == {
        "app.py",
        "config.py",
        "gunicorn.conf.py",
        "requirements.txt",
        "aircall",
        "templates",
        "static",
    }
    assert {path.name for path in image.path("static").iterdir()} == {"dist"}
    assert not list(image.path(".").rglob("__pycache__"))


def test_bases_are_pinned_to_a_release() -> None:
    for stage in stages(DOCKERFILE):
        assert stage.base.count(".") == 2, stage.base


@pytest.mark.parametrize(
    "copied", ["absent.py", "README.md", "tests", "static/dist", "--from=front-end /build/absent"]
)
def test_a_file_that_is_not_there_is_noticed(tmp_path: Path, copied: str) -> None:
    with pytest.raises(FileNotFoundError, match="COPY finds nothing"):
        build(f"FROM node AS front-end\nFROM node\nCOPY {copied} ./\nVOLUME /data", tmp_path)


def test_a_command_that_fails_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no such luck"):
        build("FROM node\nRUN echo no such luck && false\nVOLUME /data", tmp_path)
