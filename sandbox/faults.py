"""Which faults are on, and which of them the next request meets. Knows neither HTTP requests nor sockets."""

from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Literal

CHANGES = ("POST", "PUT")


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedAnswer:
    """An answer that is sent instead of the real one; `missing` bytes fewer than its length says."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
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
