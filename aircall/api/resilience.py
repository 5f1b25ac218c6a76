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

What may be tried again, when, and how often in all. Knows the errors and the clock; knows no HTTP.

- Nothing was sent (`UnreachableError`): whatever the method, a GET twice, a change once.
- A change otherwise: never. The API's archive is a toggle, so a repeated one undoes itself, though PUT is
  called idempotent (RFC 9110, 9.2.2) and HTTP libraries repeat it of their own accord.
- A GET that was told when to come back (429, 503): then, if that is soon.
- A GET without a whole answer, or answered with 5xx: up to twice, after a short random pause.

A bucket of tokens keeps retries a small share of all requests, so that an API in trouble is not asked
three times as often as one in health.

How long to leave an API alone that takes no changes for now, and when to give up. Knows errors, clock.
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

# So many requests have to fail one after the other before none is sent for a pause (seconds).
FAILURE_LIMIT = 5
PAUSE = 10.0
# How long a request waits while as many as may be are under way.
QUEUE_SECONDS = 0.5
# An API that refuses (4xx) is in health.
FAILURES = (UnreachableError, NoResponseError, ServerError)


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

        Raises CircuitOpenError and PoolExhaustedError, nothing being sent, and what `request` raises.
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
            raise PoolExhaustedError("Too many requests to the API are under way.")
        try:
            yield ends - monotonic()
        finally:
            self._slots.release()


GET_RETRIES = 2
CHANGE_RETRIES = 1
TRANSIENT = (NoResponseError, ServerError, RateLimitedError, UnreachableError)
# The upper ends of the random pauses before the first and the second retry, in seconds.
PAUSES = (0.2, 0.4)
LONGEST_RETRY_AFTER = 3.0
# One try may take this share of the deadline, so that after a lost answer there is time for another.
TRY_SHARE = 5 / 8
# A pause may last longer than was asked for, and less than no time is no timeout.
SHORTEST_TRY = 0.001


class RetryBudget:
    """A bucket of retries: each one takes a token, each request puts back a part of one."""

    def __init__(self, *, capacity: float = 10.0, per_request: float = 0.1) -> None:
        self._capacity = capacity
        self._per_request = per_request
        self._tokens = capacity
        self._lock = threading.Lock()

    def earn(self) -> None:
        """Note that a request begins."""
        with self._lock:
            self._tokens = min(self._capacity, self._tokens + self._per_request)

    def spend(self) -> bool:
        """Take the right to one retry; False where the bucket is empty."""
        with self._lock:
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


def with_retries(
    attempt: Callable[[float], T], *, is_change: bool, deadline: float, budget: RetryBudget
) -> T:
    """What `attempt` returns, given the seconds that it may take; all tries and pauses within `deadline`.

    Raises the last try's error.
    """
    ends = monotonic() + deadline
    budget.earn()
    retries = 0
    while True:
        try:
            return attempt(max(SHORTEST_TRY, min(ends - monotonic(), deadline * TRY_SHARE)))
        except AircallError as error:
            pause = retry_pause(error, is_change=is_change, retries=retries)
            if pause is None or monotonic() + pause >= ends or not budget.spend():
                raise
            log.info("trying again", extra={"error": type(error).__name__, "in_seconds": round(pause, 1)})
        time.sleep(pause)
        retries += 1


def retry_pause(error: AircallError, *, is_change: bool, retries: int) -> float | None:
    """Seconds to wait before the next try after `retries` of them; None where there must be none."""
    if is_change and not isinstance(error, UnreachableError):
        return None
    if not isinstance(error, TRANSIENT) or retries >= (CHANGE_RETRIES if is_change else GET_RETRIES):
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= LONGEST_RETRY_AFTER else None
    if isinstance(error, RateLimitedError):
        return None
    return random.uniform(0, PAUSES[retries])  # noqa: S311  # a pause is no secret


# How long to wait, in seconds, for who does not say when to come back.
USUAL_PAUSE = 1.0
REFUSALS = (PoolExhaustedError, RateLimitedError, CircuitOpenError)


def is_backpressure(error: AircallError) -> bool:
    """Whether nothing was executed, for a reason that passes by itself."""
    return not error.is_executed_possible and (error.retry_after is not None or isinstance(error, REFUSALS))


class Backpressure:
    """Waits for `seconds` in all."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._pause_ends = 0.0
        # Since a refusal nothing has been taken: a single try finds out whether it has passed.
        self.is_probing = False

    @property
    def pause_left(self) -> float:
        """How long to begin nothing, in seconds."""
        return max(0.0, self._pause_ends - monotonic())

    def taken(self) -> None:
        """The API has dealt with a change, however that came out."""
        self.is_probing = False

    def refused(self, error: AircallError) -> bool:
        """Pause for as long as this refusal asks for; False where that is longer than patience lasts."""
        self.is_probing = True
        seconds = USUAL_PAUSE if error.retry_after is None else error.retry_after
        # Several changes may have met the same trouble at the same time.
        longer = max(0.0, seconds - self.pause_left)
        if longer > self._seconds:
            self._seconds = 0.0
            return False
        self._seconds -= longer
        self._pause_ends = monotonic() + max(seconds, self.pause_left)
        return True
