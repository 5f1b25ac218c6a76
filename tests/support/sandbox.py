"""The sandbox as tests see it: a process of its own, its faults and colleagues as methods."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import requests

from tests.support.faults import Faults
from tests.support.processes import running

READY = r"Sandbox API on (http://\S+)"
# No answer of the control endpoints takes this long, in seconds.
TIMEOUT = 30.0

Call = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Counts since the start or the last reset. What colleagues do counts only as events sent."""

    requests: int
    logins: int
    refreshes: int
    deprecated_refreshes: int
    list_reads: int
    rows_sent: int
    call_reads: int
    notes_added: int
    channel_auths: int
    events_sent: int
    unauthorized: int
    connections_refused: int
    archive_flips: int
    archive_flips_by_call: dict[str, int]
    subscriptions_now: int
    subscriptions_total: int
    connections_total: int


class Sandbox(Faults):
    """A running sandbox: what colleagues do, what is true, and every fault as a method."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.port = parts.port or 0
        self._session = requests.Session()
        self._session.trust_env = False

    @classmethod
    @contextmanager
    def start(cls, *options: str) -> Iterator[Self]:
        """A sandbox of one's own, with these command line options, on a port of the system's choice."""
        command = [sys.executable, "-m", "sandbox", "--port", "0", *options]
        with running(command, READY) as started:
            sandbox = cls(started.ready[1])
            try:
                yield sandbox
            finally:
                sandbox.close()

    def close(self) -> None:
        """Let go of the connections of this object; the sandbox itself goes on."""
        self._session.close()

    def reset(self) -> None:
        """Back to the start: the same calls, counters at zero, no faults; tokens and sockets end."""
        self._ask("POST", "/sandbox/reset")

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._ask("DELETE", "/sandbox/faults")

    def calls(self) -> list[Call]:
        """The whole truth: every call as it is now, in the list's order."""
        calls: list[Call] = self._ask("GET", "/sandbox/calls").json()
        return calls

    def call(self, call_id: str) -> Call:
        """One call as it is now. Raises KeyError where there is no such call."""
        return {call["id"]: call for call in self.calls()}[call_id]

    def counters(self) -> Counters:
        """What clients have done so far."""
        return Counters(**self._ask("GET", "/sandbox/counters").json())

    def add_call(self, **given: Any) -> Call:
        """A new call comes in, unannounced. `caller` stands for the field `from`."""
        if "caller" in given:
            given["from"] = given.pop("caller")
        call: Call = self._ask("POST", "/sandbox/calls", given).json()
        return call

    def remove_call(self, call_id: str) -> None:
        """The API lists this call no longer."""
        self._ask("DELETE", f"/sandbox/calls/{call_id}")

    def archive(self, call_id: str) -> Call:
        """A colleague archives the call, or moves it back; the event is sent."""
        call: Call = self._ask("POST", f"/sandbox/calls/{call_id}/archive").json()
        return call

    def add_note(self, call_id: str, content: str) -> Call:
        """A colleague puts a note on the call; the event is sent."""
        call: Call = self._ask("POST", f"/sandbox/calls/{call_id}/note", {"content": content}).json()
        return call

    def _fault(self, fault: str, /, **parameters: object) -> None:
        self._ask("POST", f"/sandbox/faults/{fault}", parameters)

    def _ask(self, method: str, path: str, fields: object = None) -> requests.Response:
        answer = self._session.request(method, self.url + path, json=fields, timeout=TIMEOUT)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer
