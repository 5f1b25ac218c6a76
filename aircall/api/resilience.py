"""Resilience of API calls: bulkhead, circuit breaker, retry policy with a budget, backpressure, and health.

Retry policy:

- Not sent (UnreachableError): retried whatever the method, a GET twice, a change once.
- A change otherwise: never. The API's archive is a toggle, so repeating it undoes it, although PUT is called
  idempotent (RFC 9110, 9.2.2) and HTTP libraries repeat it on their own.
- A GET answered by 429 or 503 with Retry-After: after that time, if it is short.
- A GET without a complete response, or answered by another 5xx: up to twice, after a short random pause.

The retry budget keeps retries a small share of all requests, so that an API in trouble does not get three
times the load. Why the circuit breaker is not a library's: docs/decisions/0001-own-circuit-breaker.md.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TypeVar

from aircall.errors import (
    AircallError,
    CircuitOpenError,
    NoResponseError,
    PoolExhaustedError,
    RateLimitedError,
    ServerError,
    UnreachableError,
)

T = TypeVar("T")
log = logging.getLogger(__name__)

# Consecutive failures that open the circuit.
FAILURE_LIMIT = 5
# Seconds between two probes while the circuit is open.
PAUSE = 10.0
# Seconds. Upper bound for the wait for a slot of a bulkhead, unless it has another.
QUEUE_TIMEOUT = 0.5
# A 4xx is not a failure: the API is healthy.
FAILURES = (UnreachableError, NoResponseError, ServerError)


class CircuitBreaker:
    """Opens after FAILURE_LIMIT consecutive failures; then lets one request per `pause` probe the API."""

    def __init__(self, name: str, clock: Callable[[], float] = monotonic, pause: float = PAUSE) -> None:
        self._name = name
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._failure_count = 0
        self._probe_at = 0.0

    def admit(self) -> None:
        """Raise CircuitOpenError, with the time to the next probe, unless a request may be sent."""
        with self._lock:
            if self._failure_count < FAILURE_LIMIT:
                return
            now = self._clock()
            if now < self._probe_at:
                raise CircuitOpenError("The API has failed repeatedly.", retry_after=self._probe_at - now)
            # Set here and not by `record`: the outcome of a probe may never be recorded.
            self._probe_at = now + self._pause

    def resume(self) -> None:
        """Let the next request probe the API at once."""
        with self._lock:
            self._probe_at = 0.0

    def record(self, error: AircallError | None) -> None:
        """Record the outcome of an admitted request; None if it succeeded."""
        with self._lock:
            was_open = self._failure_count >= FAILURE_LIMIT
            self._failure_count = self._failure_count + 1 if isinstance(error, FAILURES) else 0
            is_open = self._failure_count >= FAILURE_LIMIT
            if is_open and not was_open:
                self._probe_at = self._clock() + self._pause
        if is_open != was_open:
            state = "open" if is_open else "closed"
            log.warning("circuit %s", state, extra={"requests": self._name})


NEVER = float("-inf")
# These tell nothing of the API: they were not sent.
NOT_SENT = (CircuitOpenError, PoolExhaustedError)


class ApiHealth:
    """When the API last answered a request for calls, and when one last failed (monotonic clock, seconds)."""

    def __init__(self) -> None:
        self.answered_at = self.failed_at = NEVER

    def record(self, error: AircallError | None) -> None:
        """Record the outcome of a request; None if it succeeded. A refusal is an answer."""
        if isinstance(error, FAILURES):
            self.failed_at = monotonic()
        elif not isinstance(error, NOT_SENT):
            self.answered_at = monotonic()


class Bulkhead:
    """Limits one kind of request to `slots` at once, behind a circuit breaker."""

    def __init__(
        self,
        name: str,
        slots: int,
        clock: Callable[[], float] = monotonic,
        pause: float = PAUSE,
        queue_timeout: float = QUEUE_TIMEOUT,
    ) -> None:
        self._slots = threading.BoundedSemaphore(slots)
        self._queue_timeout = queue_timeout
        self._breaker = CircuitBreaker(name, clock, pause)

    def run(self, request: Callable[[float], T], deadline: float) -> T:
        """Wait for a slot, call `request` with the seconds left of `deadline`, and return its result.

        Raises CircuitOpenError or PoolExhaustedError without calling it, or what `request` raises.
        """
        self._breaker.admit()
        with self._slot(deadline) as left:
            try:
                result = request(left)
            except AircallError as error:
                self._breaker.record(error)
                raise
        self._breaker.record(None)
        return result

    def resume(self) -> None:
        """Let the next request probe the API at once."""
        self._breaker.resume()

    @contextmanager
    def _slot(self, deadline: float) -> Iterator[float]:
        ends = monotonic() + deadline
        if not self._slots.acquire(timeout=min(self._queue_timeout, deadline / 2)):
            raise PoolExhaustedError("Too many requests to the API are under way.")
        try:
            yield ends - monotonic()
        finally:
            self._slots.release()


GET_RETRIES = 2
CHANGE_RETRIES = 1
TRANSIENT = (NoResponseError, ServerError, RateLimitedError, UnreachableError)
# Seconds. Upper bounds of the random pauses before the first and the second retry.
PAUSES = (0.2, 0.4)
# Seconds. A GET is not retried if Retry-After is longer.
LONGEST_RETRY_AFTER = 3.0
# Share of the deadline that one attempt may take, so that a lost response leaves time for another.
ATTEMPT_SHARE = 5 / 8
# Seconds. Lower bound for an attempt: a timeout of zero or less would mean none.
SHORTEST_ATTEMPT = 0.001


class RetryBudget:
    """A token bucket: each retry takes a token, each request adds `per_request` of one."""

    def __init__(self, *, capacity: float = 10.0, per_request: float = 0.1) -> None:
        self._capacity = capacity
        self._per_request = per_request
        self._tokens = capacity
        self._lock = threading.Lock()

    def earn(self) -> None:
        """Count a request."""
        with self._lock:
            self._tokens = min(self._capacity, self._tokens + self._per_request)

    def spend(self) -> bool:
        """Take a token for one retry and return True, or return False if there is none."""
        with self._lock:
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


def with_retries(
    attempt: Callable[[float], T], *, is_change: bool, deadline: float, budget: RetryBudget
) -> T:
    """Call `attempt` with the seconds it may take until it succeeds, and return its result.

    All attempts and pauses end within `deadline` seconds. Raises the error of the last attempt.
    """
    ends = monotonic() + deadline
    budget.earn()
    retries = 0
    while True:
        try:
            return attempt(max(SHORTEST_ATTEMPT, min(ends - monotonic(), deadline * ATTEMPT_SHARE)))
        except AircallError as error:
            pause = retry_pause(error, is_change=is_change, retries=retries)
            if pause is None or monotonic() + pause >= ends or not budget.spend():
                raise
            log.info("trying again", extra={"error": type(error).__name__, "in_seconds": round(pause, 1)})
        time.sleep(pause)
        retries += 1


def retry_pause(error: AircallError, *, is_change: bool, retries: int) -> float | None:
    """Return the seconds to wait before the next retry, after `retries` of them; None for no retry."""
    if is_change and not isinstance(error, UnreachableError):
        return None
    if not isinstance(error, TRANSIENT) or retries >= (CHANGE_RETRIES if is_change else GET_RETRIES):
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= LONGEST_RETRY_AFTER else None
    if isinstance(error, RateLimitedError):
        return None
    return random.uniform(0, PAUSES[retries])  # noqa: S311  # not a secret


# Seconds. Shortest pause after a refusal: a Retry-After may be 0 or in the past.
MIN_PAUSE = 1.0
BACKPRESSURE_ERRORS = (PoolExhaustedError, RateLimitedError, CircuitOpenError)


def is_backpressure(error: AircallError) -> bool:
    """Return whether the request was not executed, for a reason that passes by itself."""
    return not error.is_executed_possible and (
        error.retry_after is not None or isinstance(error, BACKPRESSURE_ERRORS)
    )


class Backpressure:
    """The pauses of a bulk job whose changes the API refuses for now; `seconds` bounds their sum."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._pause_ends = 0.0
        # True from a refusal to the next execution: one change at a time probes the API.
        self.is_probing = False

    @property
    def pause_left(self) -> float:
        """Seconds in which no change must be started."""
        return max(0.0, self._pause_ends - monotonic())

    def taken(self) -> None:
        """Record that the API has handled a change, successfully or not."""
        self.is_probing = False

    def refused(self, error: AircallError) -> bool:
        """Pause as this refusal asks, for at least MIN_PAUSE; return False if too few seconds are left."""
        self.is_probing = True
        seconds = max(MIN_PAUSE, error.retry_after or 0.0)
        # Changes that were refused at the same time share one pause.
        added = max(0.0, seconds - self.pause_left)
        if added > self._seconds:
            self._seconds = 0.0
            return False
        self._seconds -= added
        self._pause_ends = monotonic() + max(seconds, self.pause_left)
        return True
