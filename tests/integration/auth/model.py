"""A plain model of a login's rules, without the machinery: what a request comes to, and what is sent."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.sandbox import Sandbox

ACCESS_LIFE, REFRESH_LIFE, MARGIN = 600, 3600, 120
PAUSE, URGENT_PAUSE, LAST_CHANCE = 10.0, 2.0, 30.0
# The circuit breaker's.
FAILURE_LIMIT, PROBE_PAUSE = 5, 10
ENDED, TROUBLE, FINE = "the login has ended", "the API is in trouble", "fine"
REFRESH = "/auth/refresh-token"
# What may go wrong with a refresh, and whether its answer may have been lost.
TROUBLES: dict[str, tuple[Callable[[Sandbox], None], bool]] = {
    "503": (lambda sandbox: sandbox.answer_503(times=None, path=REFRESH), False),
    "HTML": (lambda sandbox: sandbox.answer_with(200, b"<html>", times=None, path=REFRESH), True),
    "reset": (lambda sandbox: sandbox.reset_after_send(times=None, path=REFRESH), True),
}


@dataclass
class Breaker:
    """Lets a refresh through, or not."""

    failure_count: int = 0
    probe_at: float = 0.0

    def admits(self, now: float) -> bool:
        """Whether the API is asked at all."""
        if self.failure_count < FAILURE_LIMIT:
            return True
        is_probe = now >= self.probe_at
        self.probe_at = now + PROBE_PAUSE if is_probe else self.probe_at
        return is_probe

    def record(self, *, is_failure: bool, now: float) -> None:
        """How it went."""
        self.failure_count = self.failure_count + 1 if is_failure else 0
        if self.failure_count == FAILURE_LIMIT:
            self.probe_at = now + PROBE_PAUSE


class Model:
    """What a login is, without any of its machinery. Times are in seconds since the beginning."""

    def __init__(self) -> None:
        self.now = self.issued_at = self.retry_at = 0.0
        self.failed_at = -PAUSE
        self.is_over = self.is_access_refused = self.is_refresh_refused = False
        self.trouble: str | None = None
        self.refresh_count = 0
        # The two of the sign-in.
        self.request_count = 2
        self.breaker = Breaker()

    def sign_in_again(self) -> None:
        """A login anew, with tokens that were made just now."""
        self.issued_at, self.failed_at, self.retry_at = self.now, -PAUSE, 0.0
        self.is_over = self.is_access_refused = self.is_refresh_refused = False
        self.request_count += 2

    def ask(self) -> str:
        """What a request comes to, and what it sets going in the background."""
        self.is_over |= self.age >= REFRESH_LIFE
        if self.is_over:
            return ENDED
        if self.age >= ACCESS_LIFE:
            outcome = self._replace()
            return self._send() if outcome == FINE else outcome
        outcome = self._send()
        if not self.is_over and self.age >= ACCESS_LIFE - MARGIN and self.now >= self.retry_at:
            self._refresh()
        return outcome

    @property
    def age(self) -> float:
        """How long ago the tokens were issued."""
        return self.now - self.issued_at

    def _send(self) -> str:
        self.request_count += 1
        if not self.is_access_refused:
            return FINE
        outcome = self._replace()
        self.request_count += outcome == FINE
        return outcome

    def _replace(self) -> str:
        return TROUBLE if self.now < self.failed_at + URGENT_PAUSE else self._refresh()

    def _refresh(self) -> str:
        if not self.breaker.admits(self.now):
            return self._failed(is_lost=False)
        self.request_count += 1
        is_lost = self.trouble is not None and TROUBLES[self.trouble][1]
        self.breaker.record(is_failure=self.trouble in ("503", "reset"), now=self.now)
        if self.trouble is not None:
            return self._failed(is_lost=is_lost)
        if self.is_refresh_refused:
            self.is_over = True
            return ENDED
        self.issued_at, self.failed_at, self.retry_at = self.now, -PAUSE, 0.0
        self.is_access_refused = False
        self.refresh_count += 1
        return FINE

    def _failed(self, *, is_lost: bool) -> str:
        self.failed_at, self.retry_at = self.now, self.now + PAUSE
        if is_lost:
            self.retry_at = max(self.retry_at, self.issued_at + ACCESS_LIFE - LAST_CHANCE)
        return TROUBLE
