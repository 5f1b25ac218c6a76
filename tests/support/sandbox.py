"""The sandbox as tests see it: a process of its own, its faults and colleagues as methods."""

import base64
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import requests

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


class Sandbox:
    """A running sandbox: what colleagues do, what is true, and each fault that sandbox/README.md explains.

    `times` None means until the faults are cleared; `path` is how the paths begin that a fault is for;
    `applied` says whether the request is executed all the same; other times are in seconds.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 0
        self._session = requests.Session()
        self._session.trust_env = False

    @classmethod
    @contextmanager
    def start(cls, *options: str) -> Iterator[Self]:
        """Start a sandbox with these command line options, on a port of the system's choice."""
        command = [sys.executable, "-m", "sandbox", "--port", "0", *options]
        with running(command, READY) as started:
            sandbox = cls(started.ready[1])
            try:
                yield sandbox
            finally:
                sandbox.close()

    def close(self) -> None:
        """Close the connections of this object; the sandbox itself goes on."""
        self._session.close()

    def reset(self) -> None:
        """Back to the start: the same calls, counters at zero, no faults; tokens and sockets end."""
        self._ask("POST", "/sandbox/reset")

    def calls(self) -> list[Call]:
        """Return every call as it is now, in the list's order."""
        return list(self._ask("GET", "/sandbox/calls").json())

    def call(self, call_id: str) -> Call:
        """Return one call as it is now. Raises KeyError where there is no such call."""
        return {call["id"]: call for call in self.calls()}[call_id]

    def counters(self) -> Counters:
        return Counters(**self._ask("GET", "/sandbox/counters").json())

    def add_call(self, **given: Any) -> Call:
        """A new call comes in, unannounced. `caller` stands for the field `from`."""
        if "caller" in given:
            given["from"] = given.pop("caller")
        return dict(self._ask("POST", "/sandbox/calls", given).json())

    def remove_call(self, call_id: str) -> None:
        """The API lists this call no longer."""
        self._ask("DELETE", f"/sandbox/calls/{call_id}")

    def archive(self, call_id: str) -> Call:
        """A colleague archives the call, or moves it back; the event is sent."""
        return dict(self._ask("POST", f"/sandbox/calls/{call_id}/archive").json())

    def add_note(self, call_id: str, content: str) -> Call:
        """A colleague puts a note on the call; the event is sent."""
        return dict(self._ask("POST", f"/sandbox/calls/{call_id}/note", {"content": content}).json())

    def clear_faults(self) -> None:
        self._ask("DELETE", "/sandbox/faults")

    def expire_access_tokens(self) -> None:
        self._fault("expire_access_tokens")

    def revoke(self) -> None:
        self._fault("revoke")

    def strict_rotation(self, on: bool = True) -> None:
        self._fault("strict_rotation", on=on)

    def shift_clock(self, seconds: float) -> None:
        self._fault("shift_clock", seconds=seconds)

    def login_without_refresh_token(self) -> None:
        self._fault("login_without_refresh_token")

    def reject_logins(self, status: int = 401) -> None:
        self._fault("reject_logins", status=status)

    def reject_password(self, password: str = "wrong") -> None:
        self._fault("reject_password", password=password)

    def refuse_refresh(self, status: int = 401) -> None:
        self._fault("refuse_refresh", status=status)

    def refuse_channel_auth(self, status: int = 403, times: int | None = None) -> None:
        self._fault("refuse_channel_auth", status=status, times=times)

    def answer_503(
        self, times: int | None = 1, path: str = "/", *, retry_after: float = 0, applied: bool = False
    ) -> None:
        self._fault("answer_503", times=times, path=path, retry_after=retry_after or None, applied=applied)

    def answer_with(
        self,
        status: int = 200,
        body: bytes = b"",
        content_type: str = "application/json; charset=utf-8",
        *,
        times: int | None = 1,
        path: str = "/",
        applied: bool = False,
        missing: int = 0,
    ) -> None:
        """Any answer; `missing` is by how many bytes the body falls short of the length it names."""
        answer = {"status": status, "body_base64": base64.b64encode(body).decode(), "missing": missing}
        scope = {"times": times, "path": path, "applied": applied}
        self._fault("answer_with", content_type=content_type, **answer, **scope)

    def be_slow(
        self, seconds: float, *, times: int | None = None, path: str = "/", applied: bool = False
    ) -> None:
        self._fault("be_slow", seconds=seconds, times=times, path=path, applied=applied)

    def drip(self, seconds: float, *, times: int | None = None, path: str = "/") -> None:
        self._fault("drip", seconds=seconds, times=times, path=path)

    def apply_and_never_answer(
        self, times: int | None = 1, *, path: str = "/calls", seconds: float = 30
    ) -> None:
        self._fault("apply_and_never_answer", times=times, path=path, seconds=seconds)

    def reset_after_send(self, times: int | None = 1, *, path: str = "/calls", applied: bool = False) -> None:
        self._fault("reset_after_send", times=times, path=path, applied=applied)

    def wrong_total(self, value: object) -> None:
        self._fault("wrong_total", value=value)

    def drop_sockets(self, code: int | None = None, reason: str = "") -> None:
        self._fault("drop_sockets", code=code, reason=reason)

    def refuse_sockets(self, on: bool = True) -> None:
        self._fault("refuse_sockets", on=on)

    def mute_sockets(self) -> None:
        self._fault("mute_sockets")

    def lose_events(self, count: int = 1) -> None:
        self._fault("lose_events", count=count)

    def send_event(self, name: str, data: object = None, *, channel: str = "private-aircall") -> None:
        self._fault("send_event", name=name, data=data, channel=channel)

    def pusher_error(self, code: int | None, message: str = "A fault of the sandbox") -> None:
        self._fault("pusher_error", code=code, message=message)

    def _fault(self, fault: str, /, **parameters: object) -> None:
        self._ask("POST", f"/sandbox/faults/{fault}", parameters)

    def _ask(self, method: str, path: str, fields: object = None) -> requests.Response:
        answer = self._session.request(method, self.url + path, json=fields, timeout=TIMEOUT)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer
