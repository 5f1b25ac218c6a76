"""Which faults are on, and which of them the next request meets. Knows neither HTTP requests nor sockets.

Every fault by its name: what `POST /sandbox/faults/<name>` switches on. Knows no HTTP request.

`times` None means until the faults are cleared; `path` is how the paths begin that a fault is for; `applied`
says whether the request is executed all the same; other times are in seconds. A request meets one fault at
most: the first switched on that is for it.
"""

import base64
import inspect
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Event, Lock
from typing import Literal

from sandbox.channel import CHANNEL, CLOSING_CODES, Hub, error_frame
from sandbox.tokens import TokenDesk

CHANGES = ("POST", "PUT")
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedAnswer:
    """An answer that is sent instead of the real one; `missing` bytes fewer than its length says."""

    status: int
    body: bytes
    content_type: str = JSON
    retry_after: float | None = None
    missing: int = 0


@dataclass(slots=True, kw_only=True)
class RequestFault:
    """What happens to the next `times` requests (None: to all) whose path begins with `path`.

    `is_applied`: the request is executed before anything goes wrong. `wait` is in seconds and comes next.
    Then the real answer, a canned one or a reset follows. `drip` is the seconds between two bytes of a body.
    """

    path: str = "/"
    methods: tuple[str, ...] = ()
    times: int | None = None
    is_applied: bool = False
    wait: float = 0
    then: Literal["answer", "reset"] = "answer"
    canned: CannedAnswer | None = None
    drip: float = 0
    # Set when the faults are cleared, which ends every pause.
    cleared: Event = field(default_factory=Event)

    def meets(self, method: str, path: str) -> bool:
        """Whether a request with this method and path is one of those it is for."""
        return path.startswith(self.path) and (not self.methods or method in self.methods)

    def pause(self, seconds: float) -> None:
        """Let so much time pass, or less where the faults are cleared meanwhile."""
        self.cleared.wait(seconds)


class Faults:
    """The faults that are on. A request meets one at most: the first armed that is for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._cleared = Event()
        self._start()

    def _start(self) -> None:
        self._armed: list[RequestFault] = []
        self._events_to_lose = 0
        self.has_login_refresh_token = True
        self.are_sockets_refused = False
        self.is_total_wrong = False
        self.wrong_total: object = None

    def clear(self) -> None:
        """Switch all off, and let go whatever waits because of one."""
        with self._lock:
            self._start()
            self._cleared.set()
            self._cleared = Event()

    def arm(self, fault: RequestFault) -> None:
        """Switch a fault on, behind those that are on already."""
        with self._lock:
            fault.cleared = self._cleared
            self._armed.append(fault)

    def take(self, method: str, path: str) -> RequestFault | None:
        """The fault this request meets, if any; that uses one of its times up."""
        with self._lock:
            fault = next((fault for fault in self._armed if fault.meets(method, path)), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._armed.remove(fault)
            return fault

    def lose_events(self, count: int) -> None:
        """Send nothing for the next `count` changes."""
        with self._lock:
            self._events_to_lose = count

    def is_event_lost(self) -> bool:
        """Whether the event that is due now is one of those to lose; that uses one up."""
        with self._lock:
            is_lost = self._events_to_lose > 0
            self._events_to_lose -= is_lost
            return is_lost


def plain_error(status: int, retry_after: float | None = None) -> CannedAnswer:
    """An answer that says no more than what the status is called. Raises ValueError for an unknown one."""
    body = {"statusCode": status, "message": HTTPStatus(status).phrase}
    return CannedAnswer(status=status, body=json.dumps(body).encode(), retry_after=retry_after)


LOGIN = "/auth/login"
REFRESH = "/auth/refresh-token"
CHANNEL_AUTH = "/pusher/auth"


class FaultSwitches:
    """One public method per fault, with the fault's name and parameters."""

    def __init__(self, faults: Faults, tokens: TokenDesk, hub: Hub) -> None:
        self._faults = faults
        self._tokens = tokens
        self._hub = hub

    def expire_access_tokens(self) -> None:
        """Every access token made so far is refused; refresh tokens are not."""
        self._tokens.expire_access_tokens()

    def revoke(self) -> None:
        """Every refresh token made so far is refused; access tokens are not."""
        self._tokens.revoke()

    def strict_rotation(self, on: bool = True) -> None:
        """A refresh token is good once; using it again ends all tokens of its login."""
        self._tokens.is_rotation_strict = on

    def shift_clock(self, seconds: float) -> None:
        """The clock that makes and checks tokens is ahead by so much, or behind."""
        self._tokens.clock_shift = seconds

    def login_without_refresh_token(self, on: bool = True) -> None:
        """A login answers with an access token alone."""
        self._faults.has_login_refresh_token = not on

    def reject_logins(self, status: int = 401) -> None:
        """Every login is refused with this status."""
        self._refuse(LOGIN, status)

    def refuse_refresh(self, status: int = 401) -> None:
        """Both refresh endpoints refuse with this status."""
        self._refuse(REFRESH, status)

    def refuse_channel_auth(self, status: int = 403, times: int | None = None) -> None:
        """No subscription is signed."""
        self._refuse(CHANNEL_AUTH, status, times)

    def answer_503(
        self, times: int | None = 1, path: str = "/", retry_after: float | None = None, applied: bool = False
    ) -> None:
        """503 Service Unavailable, with a Retry-After header where one is given."""
        canned = plain_error(503, retry_after)
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
        """Any answer instead of the real one; `body_base64` is for bodies that are no text.

        `missing` is by how many bytes the body falls short of the length the answer names.
        """
        raw = body.encode() if body_base64 is None else base64.b64decode(body_base64, validate=True)
        canned = CannedAnswer(status=status, body=raw, content_type=content_type, missing=missing)
        self._faults.arm(RequestFault(times=times, path=path, canned=canned, is_applied=applied))

    def be_slow(
        self, seconds: float, times: int | None = None, path: str = "/", applied: bool = False
    ) -> None:
        """The answer comes so much later; `applied` says whether the work is done before that or after."""
        self._faults.arm(RequestFault(times=times, path=path, wait=seconds, is_applied=applied))

    def drip(self, seconds: float, times: int | None = None, path: str = "/") -> None:
        """The real answer comes byte by byte, with a pause after each."""
        self._faults.arm(RequestFault(times=times, path=path, drip=seconds))

    def apply_and_never_answer(
        self, times: int | None = 1, path: str = "/calls", seconds: float = 30
    ) -> None:
        """A change is made; then the connection hangs, and after `seconds` it is reset."""
        self._arm_reset(times, path, is_applied=True, wait=seconds)

    def reset_after_send(self, times: int | None = 1, path: str = "/calls", applied: bool = False) -> None:
        """A change's request is taken, and the connection reset at once."""
        self._arm_reset(times, path, is_applied=applied, wait=0)

    def wrong_total(self, value: object) -> None:
        """The list's `totalCount` is this, whatever the truth."""
        self._faults.wrong_total = value
        self._faults.is_total_wrong = True

    def drop_sockets(self, code: int | None = None, reason: str = "") -> None:
        """Every connection to the channel ends: closed with a code, or reset where none is given."""
        for listener in self._hub.listeners():
            if code is None:
                listener.reset()
            else:
                listener.close(code, reason)

    def refuse_sockets(self, on: bool = True) -> None:
        """No new connection to the channel is made: 503 instead of a handshake."""
        self._faults.are_sockets_refused = on

    def mute_sockets(self) -> None:
        """Connections that are open now go half-open: they stay, and nothing is read or answered."""
        for listener in self._hub.listeners():
            listener.mute()

    def lose_events(self, count: int = 1) -> None:
        """The next changes are announced to nobody."""
        self._faults.lose_events(count)

    def send_event(self, name: str, data: object = None, channel: str = CHANNEL) -> None:
        """An event that nobody expects goes to all subscribers; a text is sent raw, anything else as JSON."""
        self._hub.publish(name, data if isinstance(data, str) else json.dumps(data), channel)

    def pusher_error(self, code: int | None, message: str = "A fault of the sandbox") -> None:
        """Every connection gets `pusher:error`; codes from 4000 to 4299 close it too, as in the protocol."""
        for listener in self._hub.listeners():
            listener.send(error_frame(code, message))
            if code is not None and code in CLOSING_CODES:
                listener.close(code, message)

    def _refuse(self, path: str, status: int, times: int | None = None) -> None:
        self._faults.arm(RequestFault(path=path, times=times, canned=plain_error(status)))

    def _arm_reset(self, times: int | None, path: str, *, is_applied: bool, wait: float) -> None:
        fault = RequestFault(
            times=times, path=path, methods=CHANGES, is_applied=is_applied, wait=wait, then="reset"
        )
        self._faults.arm(fault)


# The names of all faults, sorted.
FAULTS = tuple(name for name, _ in inspect.getmembers(FaultSwitches, inspect.isfunction) if name[0] != "_")
