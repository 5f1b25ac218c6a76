"""The Dockerfile: what it copies is there, the demo runs on it, and the image serves as a user.

The last holds only where a container engine answers; the linter of `make lint` looks at the rest.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.support.dashboard import TIMEOUT, log_in
from tests.support.ports import LOOPBACK, free_port
from tests.support.processes import ROOT, running
from tests.support.settings_read import settings_read
from tests.support.socket_client import connected
from tests.support.waiting import wait_until

DOCKERFILE = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
COPIED = [
    source for sources in re.findall("^COPY (?!--)(.+) \\S+$", DOCKERFILE, re.M) for source in sources.split()
]
# Seconds. Packages are downloaded and installed.
BUILDING_TIME = 900
# Settings of Python and SQLite, of which the dashboard knows nothing.
NOT_OURS = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "SQLITE_TMPDIR", "TMPDIR"}
WRITABLE = "find / -xdev -writable -not -path '/proc/*' -not -path '/dev/*' -not -path '/data*'"


def test_the_files_that_it_copies_are_there_and_no_others_reach_it() -> None:
    listed = (ROOT / ".dockerignore").read_text().splitlines()

    assert [name for name in COPIED if not (ROOT / name).exists()] == []
    assert listed[1] == "*"
    assert {line[1:] for line in listed if line.startswith("!")} == set(COPIED)
    assert {"static/dist", "**/__pycache__"} <= set(listed)


def test_it_runs_the_dashboard_on_pinned_bases_as_a_user_who_owns_nothing_but_the_data() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    settings = set(re.findall(r"(\w+)=", DOCKERFILE.partition("\nENV ")[2].partition("\n")[0]))

    assert [base for base in bases if not re.fullmatch(r"installed|\w+:\d+\.\d+\.\d+-[\w-]+", base)] == []
    for line in ("USER 10001:10001", "VOLUME /data"):
        assert f"\n{line}\n" in DOCKERFILE.partition(" AS installed\n")[2]
    # What is built where no target is named.
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert last.split("\n", 1) == ["installed AS dashboard", 'CMD ["python", "app.py"]\n']
    assert "install -d -m 0770 -o 10001 -g 0 /data" in DOCKERFILE
    assert "--chown" not in DOCKERFILE
    # No secret, and nothing that the dashboard does not read.
    assert settings - NOT_OURS == {"HOST", "PORT", "DATA_DIR"} <= settings_read()


def docker(*command: str) -> str:
    """What this command of the container engine prints. Raises CalledProcessError where it fails."""
    return subprocess.run(["docker", *command], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """The image, built once."""
    try:
        docker("info")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no container engine answers on this machine")
    name = "callboard-test"
    docker("build", "--quiet", "--tag", name, str(ROOT))
    yield name
    docker("rmi", "--force", name)


@pytest.mark.timeout(BUILDING_TIME)
def test_the_image_serves_where_nothing_but_its_data_may_be_written_to(image: str) -> None:
    port = free_port()
    key = "--env=SECRET_KEY=a-key-for-tests-which-is-long-enough"
    options = ("--read-only", "--volume=/data", key, "--env=ALLOW_INSECURE=yes")
    container = docker("run", "--detach", *options, f"--publish={LOOPBACK}:{port}:8000", image)
    try:
        wait_until(lambda: is_served(port), 60, "the dashboard")
        assert docker("exec", container, "id", "-u") == "10001"
        assert docker("exec", container, "sh", "-c", WRITABLE) == ""
        with pytest.raises(subprocess.CalledProcessError):
            docker("exec", container, "python", "-c", "import pip")
    finally:
        docker("rm", "--force", "--volumes", container)


@pytest.mark.timeout(BUILDING_TIME)
def test_the_image_does_not_start_without_a_secret_key(image: str) -> None:
    started = subprocess.run(["docker", "run", "--rm", image], capture_output=True, text=True)

    assert started.returncode == 1
    assert "SECRET_KEY has to be set" in started.stderr


DEMO = DOCKERFILE.partition(" AS demo\n")[2].partition("\nFROM ")[0]


def test_the_demo_serves_calls_that_change_by_what_is_copied_for_it_alone(tmp_path: Path) -> None:
    copied = re.findall(r"^COPY (.+) (\S+)$", DOCKERFILE.partition(" AS installed\n")[2], re.M)
    for sources, target in copied:
        copy(tmp_path, sources.removeprefix("--from=front-end ").split(), target)
    (command,) = re.findall("^CMD (.+)$", DEMO, re.M)
    port = free_port()
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOST": "0.0.0.0",  # noqa: S104  # as in the image
        "PORT": str(port),
        "DATA_DIR": str(tmp_path / "data"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    address = f"http://{LOOPBACK}:{port}"

    with running(json.loads(command), f"^{address}$", environment=environment, directory=tmp_path):
        cookie = log_in(address)
        with connected(address, cookie) as page:
            page.next("caught-up")
            assert page.next_of("update-call", "add-call")


def copy(folder: Path, sources: list[str], target: str) -> None:
    """Copy what a COPY line names into `folder`, but for what .dockerignore leaves out."""
    for source in sources:
        # The built files come from another stage.
        here = ROOT / source.removeprefix("/build/")
        there = folder / target / ("" if here.is_dir() else here.name)
        there.parent.mkdir(parents=True, exist_ok=True)
        if here.is_dir():
            shutil.copytree(here, there, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(here, there)


def is_served(port: int) -> bool:
    """Whether the dashboard answers there."""
    with suppress(requests.ConnectionError):
        return requests.get(f"http://{LOOPBACK}:{port}/healthz", timeout=TIMEOUT).ok
    return False
