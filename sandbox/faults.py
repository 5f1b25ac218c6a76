"""Faults by name: what `POST /sandbox/faults/<name>` switches on.

Common parameters: `times` is the number of requests, None until the faults are cleared; `path` is a prefix of
the paths affected; `applied` tells whether the request is executed nevertheless; other times are in seconds.
A request is affected by at most one fault: the first one switched on that matches it.
"""

import base64
import inspect
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Event, Lock
from typing import Literal

from sandbox.channel import CHANNEL, CLOSING_CODES, Hub, error_frame
from sandbox.tokens import TokenIssuer

CHANGES = ("POST", "PUT")
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedResponse:
    """A response that replaces the real one. The body is `missing` bytes shorter than Content-Length."""

    status: int
    body: bytes
    content_type: str = JSON
    retry_after: float | None = None
    missing: int = 0


@dataclass(slots=True, kw_only=True)
class RequestFault:
    """A fault of the next `times` requests (None: all) whose path starts with `path`.

    In this order: the request is executed if `is_applied`; a pause of `wait` seconds; a TCP reset, the canned
    response or the real one, with `drip` seconds between the bytes of its body.
    """

    path: str = "/"
    methods: tuple[str, ...] = ()
    times: int | None = None
    is_applied: bool = False
    wait: float = 0
    then: Literal["answer", "reset"] = "answer"
    canned: CannedResponse | None = None
    drip: float = 0
    # Set when the faults are cleared, to end every pause.
    cleared: Event = field(default_factory=Event)

    def matches(self, method: str, path: str) -> bool:
        """Return whether the fault affects this request."""
        return path.startswith(self.path) and (not self.methods or method in self.methods)

    def pause(self, seconds: float) -> None:
        """Sleep, or return early when the faults are cleared."""
        self.cleared.wait(seconds)


class Faults:
    """The active faults."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._cleared = Event()
        self._start()

    def _start(self) -> None:
        self._armed: list[RequestFault] = []
        self._events_to_lose = 0
        self.has_login_refresh_token = True
        self.rejected_password = ""
        self.are_sockets_refused = False
        self.is_total_wrong = False
        self.wrong_total: object = None

    def clear(self) -> None:
        """Switch off all faults and end their pauses."""
        with self._lock:
            self._start()
            self._cleared.set()
            self._cleared = Event()

    def arm(self, fault: RequestFault) -> None:
        """Switch on a fault, after those already active."""
        with self._lock:
            fault.cleared = self._cleared
            self._armed.append(fault)

    def take(self, method: str, path: str) -> RequestFault | None:
        """Return the fault of this request, if any, and count it as used."""
        with self._lock:
            fault = next((fault for fault in self._armed if fault.matches(method, path)), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._armed.remove(fault)
            return fault

    def lose_events(self, count: int) -> None:
        """Suppress the events of the next `count` changes."""
        with self._lock:
            self._events_to_lose = count

    def take_event_loss(self) -> bool:
        """Return whether to suppress the next event, and count it."""
        with self._lock:
            is_lost = self._events_to_lose > 0
            self._events_to_lose -= is_lost
            return is_lost


def error_response(status: int, retry_after: float | None = None) -> CannedResponse:
    """Return an error response with the default message. Raises ValueError for an unknown status."""
    body = {"statusCode": status, "message": HTTPStatus(status).phrase}
    return CannedResponse(status=status, body=json.dumps(body).encode(), retry_after=retry_after)


LOGIN = "/auth/login"
REFRESH = "/auth/refresh-token"
CHANNEL_AUTH = "/pusher/auth"


class FaultSwitches:
    """One public method per fault, with the name and the parameters of the fault."""

    def __init__(self, faults: Faults, tokens: TokenIssuer, hub: Hub) -> None:
        self._faults = faults
        self._tokens = tokens
        self._hub = hub

    def expire_access_tokens(self) -> None:
        """Reject all access tokens issued so far, but no refresh tokens."""
        self._tokens.expire_access_tokens()

    def revoke(self) -> None:
        """Reject all refresh tokens issued so far, but no access tokens."""
        self._tokens.revoke()

    def strict_rotation(self, on: bool = True) -> None:
        """Accept a refresh token only once; reuse revokes all refresh tokens of its login."""
        self._tokens.is_rotation_strict = on

    def shift_clock(self, seconds: float) -> None:
        """Shift the clock that issues and checks tokens."""
        self._tokens.clock_shift = seconds

    def login_without_refresh_token(self, on: bool = True) -> None:
        """Omit the refresh token from login responses."""
        self._faults.has_login_refresh_token = not on

    def reject_logins(self, status: int = 401) -> None:
        """Reject every login with this status."""
        self._refuse(LOGIN, status)

    def reject_password(self, password: str) -> None:
        """Reject every login with this password, as a wrong one."""
        self._faults.rejected_password = password

    def refuse_refresh(self, status: int = 401) -> None:
        """Reject every request to both refresh endpoints with this status."""
        self._refuse(REFRESH, status)

    def refuse_channel_auth(self, status: int = 403, times: int | None = None) -> None:
        """Reject channel authorizations with this status."""
        self._refuse(CHANNEL_AUTH, status, times)

    def answer_503(
        self, times: int | None = 1, path: str = "/", retry_after: float | None = None, applied: bool = False
    ) -> None:
        """Answer 503 Service Unavailable, with a Retry-After header if given."""
        canned = error_response(503, retry_after)
        self._faults.arm(RequestFault(times=times, path=path, canned=canned, is_applied=applied))

    def answer_with(
        self,
        status: int = 200,
        body: str = "",
        body_base64: str | None = None,
        content_type: str = JSON,
        times: int | None = 1,
        path: str = "/",
        applied: bool = False,
        missing: int = 0,
    ) -> None:
        """Replace the response; `body_base64` is for binary bodies.

        The body is `missing` bytes shorter than Content-Length.
        """
        raw = body.encode() if body_base64 is None else base64.b64decode(body_base64, validate=True)
        canned = CannedResponse(status=status, body=raw, content_type=content_type, missing=missing)
        self._faults.arm(RequestFault(times=times, path=path, canned=canned, is_applied=applied))

    def be_slow(
        self, seconds: float, times: int | None = None, path: str = "/", applied: bool = False
    ) -> None:
        """Delay the response; `applied` executes the request before the delay, not after it."""
        self._faults.arm(RequestFault(times=times, path=path, wait=seconds, is_applied=applied))

    def drip(self, seconds: float, times: int | None = None, path: str = "/") -> None:
        """Send the real response byte by byte, with a pause after each."""
        self._faults.arm(RequestFault(times=times, path=path, drip=seconds))

    def apply_and_never_answer(
        self, times: int | None = 1, path: str = "/calls", seconds: float = 30
    ) -> None:
        """Execute a change, send no response, and reset the connection after `seconds`."""
        self._arm_reset(times, path, is_applied=True, wait=seconds)

    def reset_after_send(self, times: int | None = 1, path: str = "/calls", applied: bool = False) -> None:
        """Read the request of a change, and reset the connection at once."""
        self._arm_reset(times, path, is_applied=applied, wait=0)

    def wrong_total(self, value: object) -> None:
        """Return this value as the list's `totalCount`."""
        self._faults.wrong_total = value
        self._faults.is_total_wrong = True

    def drop_sockets(self, code: int | None = None, reason: str = "") -> None:
        """Close all channel connections with a code, or reset them if none is given."""
        for listener in self._hub.listeners():
            if code is None:
                listener.reset()
            else:
                listener.close(code, reason)

    def refuse_sockets(self, on: bool = True) -> None:
        """Refuse new channel connections: 503 instead of a handshake."""
        self._faults.are_sockets_refused = on

    def mute_sockets(self) -> None:
        """Make the open connections half-open: they stay, but nothing is read or sent."""
        for listener in self._hub.listeners():
            listener.mute()

    def lose_events(self, count: int = 1) -> None:
        """Suppress the events of the next changes."""
        self._faults.lose_events(count)

    def send_event(self, name: str, data: object = None, channel: str = CHANNEL) -> None:
        """Send an arbitrary event to all subscribers; a string is sent as is, anything else as JSON."""
        self._hub.publish(name, data if isinstance(data, str) else json.dumps(data), channel)

    def pusher_error(self, code: int | None, message: str = "A fault of the sandbox") -> None:
        """Send `pusher:error` to all connections; codes from 4000 to 4299 also close them."""
        for listener in self._hub.listeners():
            listener.send(error_frame(code, message))
            if code is not None and code in CLOSING_CODES:
                listener.close(code, message)

    def _refuse(self, path: str, status: int, times: int | None = None) -> None:
        self._faults.arm(RequestFault(path=path, times=times, canned=error_response(status)))

    def _arm_reset(self, times: int | None, path: str, *, is_applied: bool, wait: float) -> None:
        fault = RequestFault(
            times=times, path=path, methods=CHANGES, is_applied=is_applied, wait=wait, then="reset"
        )
        self._faults.arm(fault)


# Names of all faults, sorted.
FAULTS = tuple(name for name, _ in inspect.getmembers(FaultSwitches, inspect.isfunction) if name[0] != "_")
