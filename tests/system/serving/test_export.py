"""The list as a file, read slowly from the served dashboard: whole in the end, or visibly broken off."""

import csv
import io
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path

import pytest

from aircall.calls.tables import calls
from aircall.web.calls.export import PART
from tests.support.dashboard import COOKIE, log_in, serving
from tests.support.sandbox import Call, Sandbox
from tests.support.waiting import wait_until

# The newest calls have notes, together more than the buffers on the way hold: reading goes on only as the
# download does.
NOTED = 150
NOTE_LENGTH = 40_000
CALLS = 3 * PART


@pytest.fixture(scope="module")
def long_history() -> Iterator[Sandbox]:
    """A sandbox whose list takes several parts."""
    with Sandbox.start("--calls", f"{CALLS}") as sandbox:
        for call in newest_first(sandbox.calls())[:NOTED]:
            sandbox.add_note(call["id"], "x" * NOTE_LENGTH)
        yield sandbox


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the dashboard keeps its data."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def served(long_history: Sandbox, data_dir: Path) -> Iterator[str]:
    """The address of a dashboard on that sandbox. The last test breaks it."""
    with serving(long_history, data_dir) as address:
        yield address


@pytest.fixture
def session(served: str, long_history: Sandbox) -> str:
    """Alice's session, once the list has been read and news arrive."""
    cookie = log_in(served)
    wait_until(lambda: status(served, cookie, "/calls.csv?q=nothing") == 200, 30, what="the whole list")
    wait_until(lambda: long_history.counters().subscriptions_now == 1, what="the subscription")
    return cookie


def newest_first(found: list[Call]) -> list[Call]:
    """The calls in the list's order."""
    return sorted(found, key=lambda call: (call["created_at"], call["id"]), reverse=True)


@contextmanager
def asked(address: str, cookie: str, path: str) -> Iterator[HTTPResponse]:
    """The answer to a request, of which nothing has been read yet but its head."""
    host, port = address.removeprefix("http://").split(":")
    connection = HTTPConnection(host, int(port), timeout=20)
    with closing(connection):
        connection.sock = socket.socket()
        # A small window, so that the server has to wait for us.
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sock.settimeout(20)
        connection.sock.connect((host, int(port)))
        connection.request("GET", path, headers={"Cookie": f"{COOKIE}={cookie}"})
        yield connection.getresponse()


def status(address: str, cookie: str, path: str) -> int:
    """The status that this address answers."""
    with asked(address, cookie, path) as answer:
        return answer.status


def rows_in(data: bytes) -> list[dict[str, str]]:
    """The rows of the file."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def test_what_comes_and_changes_during_a_download_neither_repeats_nor_skips_a_call(
    served: str, session: str, long_history: Sandbox
) -> None:
    before = newest_first(long_history.calls())
    last_in_inbox = [call["id"] for call in before if not call["is_archived"]][-1]
    with asked(served, session, "/calls.csv?view=all") as answer:
        data = answer.read(1000)
        new = long_history.add_call(direction="inbound", call_type="missed")["id"]
        assert status(served, session, f"/calls/{new}") == 200
        long_history.archive(last_in_inbox)
        wait_until(lambda: is_archived(served, session, last_in_inbox), what="the archived call")
        data += answer.read()

    rows = {row["id"]: row for row in rows_in(data)}
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.headers["Content-Length"] is None
    assert [row["id"] for row in rows_in(data)] == [call["id"] for call in before]
    # It was read after the download had begun.
    assert rows[last_in_inbox]["archived"] == "yes"


def is_archived(address: str, cookie: str, call_id: str) -> bool:
    """Whether the list of archived calls has this one."""
    with asked(address, cookie, f"/calls/rows?ids={call_id}") as answer:
        return b'data-archived="true"' in answer.read()


def test_a_download_that_cannot_be_finished_breaks_off(served: str, session: str, data_dir: Path) -> None:
    with asked(served, session, "/calls.csv?view=all") as answer:
        assert answer.read(1000)

        with closing(sqlite3.connect(data_dir / "calls.db", timeout=10)) as database:
            database.execute(f"ALTER TABLE {calls.name} RENAME TO elsewhere")

        with pytest.raises((IncompleteRead, ConnectionResetError)):
            answer.read()
