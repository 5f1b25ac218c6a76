"""Refreshes that came to nothing, and when each login may try again. Knows a store and no API."""

from collections.abc import Callable, Mapping

import msgspec

from aircall.auth.login import Login
from aircall.errors import (
    AircallError,
    CircuitOpenError,
    ForbiddenError,
    MalformedResponseError,
    NoResponseError,
    NotFoundError,
    PoolExhaustedError,
    RateLimitedError,
    RejectedError,
    ServerError,
    UnreachableError,
)
from aircall.storage.records import RecordStore

# While refreshing fails and the token still lives, the API is asked this seldom (seconds).
REFRESH_PAUSE = 10.0
# With a token that is of no use any more: each request and each part of a page would wait for it otherwise.
URGENT_PAUSE = 2.0
# The API may have made new tokens and lost them on the way. One that lets a refresh token be used once ends
# the login when it is used again, so that this is not tried before the access token is almost at its end.
LOST = (NoResponseError, MalformedResponseError)
LAST_CHANCE = 30.0


# Longer than anybody waits for a refresh that another one has under way, in seconds.
MEMORY = 15.0
PREFIX = "refresh:"
# What a refresh comes to that is no refusal; anything else is told as the general error.
KINDS: Mapping[str, type[AircallError]] = {
    kind.__name__: kind
    for kind in (
        CircuitOpenError,
        PoolExhaustedError,
        ForbiddenError,
        MalformedResponseError,
        NoResponseError,
        NotFoundError,
        RateLimitedError,
        RejectedError,
        ServerError,
        UnreachableError,
    )
}


class _Failure(msgspec.Struct, frozen=True):
    """Why the last refresh of a login came to nothing, when, and when it is worth another try."""

    kind: str
    message: str
    retry_after: float | None
    at: float
    retry_at: float

    def error(self) -> AircallError:
        """The error as it was."""
        return KINDS.get(self.kind, AircallError)(self.message, retry_after=self.retry_after)


class RefreshBackoff:
    """The last failure of each login, for all who share the store. Times are those of `clock`, in seconds."""

    def __init__(self, records: RecordStore, clock: Callable[[], float]) -> None:
        self._records = records
        self._clock = clock

    def remember(self, login: Login, error: AircallError) -> None:
        """This login could not be refreshed just now."""
        now = self._clock()
        retry_at = now + REFRESH_PAUSE
        if isinstance(error, LOST):
            retry_at = max(retry_at, login.access_expires_at - LAST_CHANCE)
        failure = _Failure(type(error).__name__, str(error), error.retry_after, now, retry_at)
        self._records.put(PREFIX + login.id, msgspec.json.encode(failure), retry_at - now + MEMORY)

    def forget(self, login_id: str) -> None:
        """This login works, or has ended."""
        self._records.delete(PREFIX + login_id)

    def may_retry(self, login_id: str) -> bool:
        """Whether a login whose token still lives may ask the API again."""
        failure = self._load(login_id)
        return failure is None or self._clock() >= failure.retry_at

    def raise_recent(self, login_id: str, asked_at: float) -> None:
        """Raise this login's failure if it is newer than `asked_at`, or only moments old."""
        failure = self._load(login_id)
        if failure is not None and failure.at > min(asked_at, self._clock() - URGENT_PAUSE):
            raise failure.error()

    def _load(self, login_id: str) -> _Failure | None:
        record = self._records.load(PREFIX + login_id)
        try:
            return None if record is None else msgspec.json.decode(record.value, type=_Failure)
        except msgspec.MsgspecError:
            # Another version kept it.
            return None
