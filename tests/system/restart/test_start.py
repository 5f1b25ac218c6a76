"""How the dashboard starts: from any folder, with one line where it cannot, and together with the sandbox."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import requests

from aircall import VERSION
from scripts.run import wait_until_served
from tests.support.dashboard import READY, TIMEOUT, log_in, serving, settings, sign_in
from tests.support.processes import ROOT, running
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
GREETING = r"^(http://\S+)$"
PROGRAM = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"]


def answer_the_second(server: socket.socket) -> None:
    """Say nothing to who comes first until they have hung up, as a machine that is busy does."""
    first, _ = server.accept()
    with first:
        while first.recv(1024):
            pass
    second, _ = server.accept()
    with second:
        second.recv(1024)
        second.sendall(ANSWER)


def test_a_busy_machine_may_take_its_time_for_the_first_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, running(PROGRAM, "ready") as started:
        busy = Thread(target=answer_the_second, args=[server], daemon=True)
        busy.start()

        wait_until_served(started.process, f"http://127.0.0.1:{server.getsockname()[1]}/healthz")

        busy.join(5)
        assert not busy.is_alive()


def start(folder: Path, sandbox: Sandbox, **more: str) -> subprocess.CompletedProcess[str]:
    """Start the dashboard in this folder, from outside of its own, where it is expected to refuse."""
    environment = os.environ | settings(sandbox, folder / "data") | more
    program = [sys.executable, str(ROOT / "app.py")]
    return subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def listener_of(address: str) -> dict[str, str]:
    """Return what the dashboard tells of its link to the channel."""
    listener: dict[str, str] = requests.get(f"{address}/readyz", timeout=TIMEOUT).json()["listener"]
    return listener


def test_it_starts_from_any_folder_and_leaves_nothing_there(sandbox: Sandbox, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # A name that a URL or a pattern would read as something else.
    environment = os.environ | settings(sandbox, tmp_path / "100%20 sure?#*")
    program = [sys.executable, str(ROOT / "app.py")]

    with running(program, READY, environment=environment, directory=elsewhere) as started:
        log_in(started.ready[1])
        scraped = requests.get(f"{started.ready[1]}/metrics", timeout=TIMEOUT)

    assert f"Callboard {VERSION}" in started.output().splitlines()[0]
    assert "callboard_requests_total" in scraped.text
    assert list(elsewhere.iterdir()) == []
    assert {"calls.db", "sessions.db"} <= {path.name for path in (tmp_path / "100%20 sure?#*").iterdir()}
    assert len(list(tmp_path.iterdir())) == 2


def test_a_start_that_fails_says_why_in_one_line_and_leaves_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    for wrong in ({"TIMEZONE": "Nowhere"}, {"HOST": "0.0.0.0"}, {"SECRET_KEY": "k" * 32}):  # noqa: S104  # to refuse it
        refused = start(tmp_path, sandbox, **wrong)

        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr
        assert refused.stderr.startswith("Callboard cannot start: ")
        assert list(tmp_path.iterdir()) == []


def test_an_address_that_cannot_be_listened_on_is_told_in_one_line(sandbox: Sandbox, tmp_path: Path) -> None:
    public = {"SECRET_KEY": "a key for tests, which is long enough", "PUBLIC_ORIGIN": "https://calls.example"}
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        taken = start(tmp_path, sandbox, PORT=port)
    nowhere = start(tmp_path, sandbox, HOST="x86_64-conda-linux-gnu", **public)

    for refused, names in ((taken, ("PORT", port)), (nowhere, ("HOST", "x86_64-conda-linux-gnu"))):
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr
        assert all(name in refused.stderr for name in names)


def test_make_run_ends_its_greeting_with_the_address_and_adds_nothing(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "AIRCALL_API_URL"}
    environment |= {"PORT": "0", "DATA_DIR": str(tmp_path / "data")}

    with running([sys.executable, "-m", "scripts.run"], GREETING, environment=environment) as started:
        address = started.ready[1]
        wait_until(lambda: listener_of(address)["reason"] == "nobody is logged in")
        # Its line comes after all that was logged before.
        requests.get(f"{address}/login", timeout=TIMEOUT)
        wait_until(lambda: "/login" in started.output())

        lines = started.output().splitlines()

    assert "Any name and password will do." in lines[lines.index(address) - 1]
    assert "/login" in lines[lines.index(address) + 1], lines


def test_make_run_tells_the_address_that_it_has_been_given(sandbox: Sandbox, tmp_path: Path) -> None:
    environment = os.environ | settings(sandbox, tmp_path / "data")
    program = [sys.executable, "-m", "scripts.run"]

    with running(program, GREETING, environment=environment) as started:
        address = started.ready[1]
        assert requests.get(f"{address}/healthz", timeout=TIMEOUT).ok
        taken = environment | {"PORT": str(urlsplit(address).port), "DATA_DIR": str(tmp_path / "other")}
        # Beside the first one, which answers at that address.
        second = subprocess.run(program, cwd=ROOT, env=taken, capture_output=True, text=True, timeout=60)

    assert (second.returncode, second.stdout, second.stderr.count("\n")) == (1, "", 1)
    assert "is taken by another program" in second.stderr


def test_two_dashboards_of_one_host_leave_each_other_signed_in(sandbox: Sandbox, tmp_path: Path) -> None:
    with (
        serving(sandbox, tmp_path / "a") as first,
        serving(sandbox, tmp_path / "b") as second,
        requests.Session() as browser,
    ):
        browser.trust_env = False
        for address in (first, second):
            sign_in(browser, address)
        pages = [browser.get(f"{address}/calls", timeout=TIMEOUT).url for address in (first, second)]

    assert pages == [f"{first}/calls", f"{second}/calls"]
