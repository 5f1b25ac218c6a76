"""What may be tried again, when, and how often in all. Knows the errors and the clock; knows no HTTP.

- Nothing was sent (`UnreachableError`): whatever the method, a GET twice, a change once.
- A change otherwise: never. The API's archive is a toggle, so a repeated one undoes itself, though PUT is
  called idempotent (RFC 9110, 9.2.2) and HTTP libraries repeat it of their own accord.
- A GET that was told when to come back (429, 503): then, if that is soon.
- A GET without a whole answer, or answered with 5xx: up to twice, after a short random pause.

A bucket of tokens keeps retries a small share of all requests, so that an API in trouble is not asked
three times as often as one in health.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from aircall.errors import AircallError, NoAnswerError, RateLimitedError, ServerError, UnreachableError

T = TypeVar("T")
log = logging.getLogger(__name__)

GET_RETRIES = 2
CHANGE_RETRIES = 1
TRANSIENT = (NoAnswerError, ServerError, RateLimitedError, UnreachableError)
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
