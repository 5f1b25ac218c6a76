"""The list as a file, read slowly from the served dashboard: what cannot be finished visibly breaks off."""

import socket
import sqlite3
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path

import pytest
import requests

from aircall.calls.tables import calls
from aircall.web.calls.export import PART
from tests.support.dashboard import COOKIE, TIMEOUT, log_in, serving
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# The newest calls have notes, together more than the buffers on the way hold: reading goes on only as the
# download does.
NOTED, NOTE_LENGTH = 150, 40_000


def test_a_download_that_cannot_be_finished_breaks_off(tmp_path: Path) -> None:
    with Sandbox.start("--calls", f"{3 * PART}") as sandbox:
        newest_first = sorted(
            sandbox.calls(), key=lambda call: (call["created_at"], call["id"]), reverse=True
        )
        for call in newest_first[:NOTED]:
            sandbox.add_note(call["id"], "x" * NOTE_LENGTH)
        with serving(sandbox, tmp_path) as address:
            cookie = log_in(address)
            nothing, cookies = f"{address}/calls.csv?q=nothing", {COOKIE: cookie}
            wait_until(lambda: requests.get(nothing, cookies=cookies, timeout=TIMEOUT).ok, what="the list")
            host, port = address.removeprefix("http://").split(":")
            with closing(HTTPConnection(host, int(port))) as connection:
                connection.sock = socket.socket()
                # A small window, so that the server has to wait for us.
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.sock.settimeout(TIMEOUT)
                connection.sock.connect((host, int(port)))
                connection.request("GET", "/calls.csv?view=all", headers={"Cookie": f"{COOKIE}={cookie}"})
                answer = connection.getresponse()
                assert answer.read(1000)

                with closing(sqlite3.connect(tmp_path / "calls.db", timeout=10)) as database:
                    database.execute(f"ALTER TABLE {calls.name} RENAME TO elsewhere")

                with pytest.raises((IncompleteRead, ConnectionResetError)):
                    answer.read()
                assert answer.headers["Transfer-Encoding"] == "chunked"
