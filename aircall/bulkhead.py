"""Keeps trouble with one kind of request from spreading: a bulkhead, with a circuit breaker in its door.

Knows the errors and the clock; knows no HTTP. The breaker is written here because the libraries do not fit a
server of many threads. circuitbreaker 2.1 and purgatory 3.0 let everybody in at once when their pause is
over. pybreaker 1.4.1 holds its lock while the guarded call runs, so that all requests would queue up behind
one that hangs; its context manager `calling()` does not, and with a lock for the probe lets one in at a
time, but it

- takes whatever is no failure for a success: a probe that ends by a bug of ours, for want of a slot or with
  its greenlet (killed) closes the circuit of an API that is still dead;
- opens anew with each request that was under way when it opened and fails later: with eleven of those, a
  tenth of a second apart, the probe came after 1.4 s instead of 0.3;
- goes by the wall clock: one set back by an hour keeps the API shut out for that hour.

Making up for that takes more code than the breaker.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TypeVar

from aircall.errors import (
    AircallError,
    CircuitOpenError,
    CrowdedError,
    NoAnswerError,
    ServerError,
    UnreachableError,
)

T = TypeVar("T")
log = logging.getLogger(__name__)

# So many requests have to fail one after the other before none is sent for a pause (seconds).
FAILURE_LIMIT = 5
PAUSE = 10.0
# How long a request waits while as many as may be are under way.
QUEUE_SECONDS = 0.5
# An API that refuses (4xx) is in health.
FAILURES = (UnreachableError, NoAnswerError, ServerError)


class CircuitBreaker:
    """Opens after FAILURE_LIMIT failures in a row; then one request per PAUSE probes if the API is back."""

    def __init__(self, name: str, clock: Callable[[], float] = monotonic) -> None:
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._failure_count = 0
        self._probe_at = 0.0

    def admit(self) -> None:
        """Let a request pass, or raise CircuitOpenError, which says when the next probe is due."""
        with self._lock:
            if self._failure_count < FAILURE_LIMIT:
                return
            now = self._clock()
            if now < self._probe_at:
                raise CircuitOpenError("The API has failed repeatedly.", retry_after=self._probe_at - now)
            # From now on, so that a probe whose outcome is never recorded does not keep the next one away.
            self._probe_at = now + PAUSE

    def record(self, error: AircallError | None) -> None:
        """How a request that was admitted has ended; None where it succeeded."""
        with self._lock:
            was_open = self._failure_count >= FAILURE_LIMIT
            self._failure_count = self._failure_count + 1 if isinstance(error, FAILURES) else 0
            is_open = self._failure_count >= FAILURE_LIMIT
            if is_open and not was_open:
                self._probe_at = self._clock() + PAUSE
        if is_open != was_open:
            state = "open" if is_open else "closed"
            log.warning("circuit %s", state, extra={"requests": self._name})


class Bulkhead:
    """The room for one kind of request: at most `slots` at once, none while the API fails them all."""

    def __init__(self, name: str, slots: int, clock: Callable[[], float] = monotonic) -> None:
        self._slots = threading.BoundedSemaphore(slots)
        self._breaker = CircuitBreaker(name, clock)

    def run(self, request: Callable[[float], T], deadline: float) -> T:
        """What `request` returns, given what is left of `deadline` (seconds) after the wait for a slot.

        Raises CircuitOpenError and CrowdedError, nothing being sent, and what `request` raises.
        """
        self._breaker.admit()
        with self._slot(deadline) as left:
            try:
                answer = request(left)
            except AircallError as error:
                self._breaker.record(error)
                raise
        self._breaker.record(None)
        return answer

    @contextmanager
    def _slot(self, deadline: float) -> Iterator[float]:
        ends = monotonic() + deadline
        if not self._slots.acquire(timeout=min(QUEUE_SECONDS, deadline / 2)):
            raise CrowdedError("Too many requests to the API are under way.")
        try:
            yield ends - monotonic()
        finally:
            self._slots.release()
