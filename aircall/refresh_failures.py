"""Refreshes that came to nothing, and when each login may try again. Knows no API and no store."""

from collections.abc import Callable
from dataclasses import dataclass

from aircall.errors import AircallError, MalformedAnswerError, NoAnswerError
from aircall.login import Login

# While refreshing fails and the token still lives, the API is asked this seldom (seconds).
REFRESH_PAUSE = 10.0
# With a token that is of no use any more: each request and each part of a page would wait for it otherwise.
URGENT_PAUSE = 2.0
# The API may have made new tokens and lost them on the way. One that lets a refresh token be used once ends
# the login when it is used again, so that this is not tried before the access token is almost at its end.
LOST = (NoAnswerError, MalformedAnswerError)
LAST_CHANCE = 30.0


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why the last refresh of a login came to nothing, when, and when it is worth another try."""

    error: AircallError
    at: float
    again_at: float


class RefreshFailures:
    """The last failure of each login, for any number of threads. Times are those of `clock`, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_login: dict[str, _Failure] = {}

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._by_login)

    def remember(self, login: Login, error: AircallError) -> None:
        """This login could not be refreshed just now."""
        now = self._clock()
        again_at = now + REFRESH_PAUSE
        if isinstance(error, LOST):
            again_at = max(again_at, login.access_expires_at - LAST_CHANCE)
        for other_id, failure in list(self._by_login.items()):
            if now >= failure.again_at:
                self._by_login.pop(other_id, None)
        self._by_login[login.id] = _Failure(error, now, again_at)

    def forget(self, login_id: str) -> None:
        """This login works, or has ended."""
        self._by_login.pop(login_id, None)

    def may_try(self, login_id: str) -> bool:
        """Whether a login whose token still lives may ask the API again."""
        failure = self._by_login.get(login_id)
        return failure is None or self._clock() >= failure.again_at

    def raise_recent(self, login_id: str, asked_at: float) -> None:
        """Raise this login's failure if it is newer than `asked_at`, or only moments old."""
        failure = self._by_login.get(login_id)
        if failure is not None and failure.at > min(asked_at, self._clock() - URGENT_PAUSE):
            # Without the traceback, which would grow with each time that it is raised.
            raise failure.error.with_traceback(None)
