"""Token refresh: single flight over all threads and processes, compare-and-set, and backoff after failures.

The record's generation grows with each refresh. A caller names the generation that the API refused, so that
all callers of one expiry share one refresh, and a logout wins over a refresh in flight.
"""

import logging
from collections.abc import Callable, Mapping

import msgspec

from aircall import metrics
from aircall.api.client import ApiClient
from aircall.auth.login import Login
from aircall.errors import (
    AircallError,
    CircuitOpenError,
    ForbiddenError,
    InvalidRequestError,
    LoginEndedError,
    MalformedResponseError,
    NoResponseError,
    NotFoundError,
    PoolExhaustedError,
    RateLimitedError,
    RejectedError,
    ServerError,
    UnauthorizedError,
    UnreachableError,
)
from aircall.models import TokenGrant
from aircall.server.logs import AUDIT
from aircall.storage.records import RecordStore

log, audit = logging.getLogger(__name__), logging.getLogger(AUDIT)

LOGIN_PREFIX, BACKOFF_PREFIX = "login:", "refresh:"
# Seconds. Must exceed the API client's deadline, so that waiters see the result of the refresh.
REFRESH_WAIT = 12.0
# Seconds between two attempts while the access token is still valid.
REFRESH_RETRY_INTERVAL = 10.0
# Seconds. Retry interval once the token has expired; without it every request would wait for the API.
URGENT_RETRY_INTERVAL = 2.0
# Seconds before the access token expires when a refresh with a lost response is repeated: an API that
# accepts each refresh token once would end the login at the second use.
LAST_CHANCE = 30.0
# Seconds that a failure is remembered. Must exceed REFRESH_WAIT.
FAILURE_TTL = 15.0
LOST_RESPONSE = (NoResponseError, MalformedResponseError)
TOKEN_REFUSALS = (UnauthorizedError, InvalidRequestError)
# Errors that are raised again to callers that waited for the same refresh; any other becomes an AircallError.
ERROR_BY_NAME: Mapping[str, type[AircallError]] = {
    error.__name__: error
    for error in (
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
}


class TokenRefresher:
    """Refreshes the tokens of logins, one refresh per expiry."""

    def __init__(
        self, records: RecordStore, api: ApiClient, clock: Callable[[], float], refresh_wait: float
    ) -> None:
        self._records = records
        self._api = api
        self._clock = clock
        self._refresh_wait = refresh_wait
        self._backoff = RefreshBackoff(records, clock)

    def load(self, login_id: str) -> Login:
        """Return the login as it is kept. Raises LoginEndedError if there is none."""
        record = self._records.load(LOGIN_PREFIX + login_id)
        login = Login.from_record(record) if record else None
        if login is None:
            raise LoginEndedError("The login has ended.")
        return login

    def forget(self, login_id: str) -> None:
        """Delete the login."""
        self._records.delete(LOGIN_PREFIX + login_id)
        self._backoff.clear(login_id)

    def is_due(self, login: Login) -> bool:
        """Whether the token should be refreshed now, though it is still valid."""
        return login.needs_refresh(self._clock()) and self._backoff.may_retry(login.id)

    def is_unusable(self, login: Login, refused: int) -> bool:
        """Whether the token has expired, or belongs to a generation that was refused."""
        return login.generation <= refused or login.is_expired(self._clock())

    def replace_token(self, login: Login, refused: int) -> Login:
        """Wait for a new token, and refresh it if no other thread or process does.

        Raises LoginEndedError, NoResponseError if it took too long, and what the API client raises.
        """
        asked_at = self._clock()
        with self._records.lock(LOGIN_PREFIX + login.id, self._refresh_wait) as is_held:
            # The refresh that was waited for may have succeeded.
            login = self.load(login.id)
            if not self.is_unusable(login, refused):
                return login
            if is_held:
                self._backoff.raise_recent(login.id, asked_at)
                return self._refresh(login)
        raise NoResponseError("The access token could not be refreshed in time.")

    def refresh_if_due(self, login_id: str) -> None:
        """Refresh a token that is due, unless another refresh is in flight. Raises nothing."""
        try:
            with self._records.lock(LOGIN_PREFIX + login_id, 0) as is_held:
                login = self.load(login_id)
                if is_held and self.is_due(login):
                    self._refresh(login)
        except AircallError:
            # Logged and remembered; a request that needs the token meets the error.
            return
        except Exception as error:
            # A full disk, perhaps. The error itself may hold the record, with its tokens.
            log.error("a login could not be refreshed", extra={"error": type(error).__name__})

    def _refresh(self, login: Login) -> Login:
        try:
            grant = self._request_grant(login)
        except TOKEN_REFUSALS as error:
            return self._end_refused(login, error)
        except AircallError as error:
            metrics.REFRESHES.labels("failed").inc()
            log.warning("refresh failed, the login stays", extra={"error": type(error).__name__})
            self._backoff.record(login, error)
            raise
        return self._save(login, grant)

    def _request_grant(self, login: Login) -> TokenGrant:
        if login.tokens.refresh is None:
            return self._api.refresh_access(login.tokens.access)
        return self._api.refresh(login.tokens.refresh)

    def _end_refused(self, login: Login, error: AircallError) -> Login:
        current = self.load(login.id)
        if current.generation > login.generation:
            return current
        metrics.REFRESHES.labels("refused").inc()
        self.forget(login.id)
        audit.info("login ended", extra={"username": login.user.username, "reason": "refused by the API"})
        raise LoginEndedError("The API refuses to refresh the login.") from error

    def _save(self, login: Login, grant: TokenGrant) -> Login:
        metrics.REFRESHES.labels("renewed").inc()
        self._backoff.clear(login.id)
        now = self._clock()
        renewed = login.renewed(grant.tokens, now)
        ttl = renewed.expires_at - now
        self._records.compare_and_set(LOGIN_PREFIX + login.id, login.generation, renewed.to_bytes(), ttl)
        # Raises if the login was ended meanwhile: the new tokens are dropped.
        return self.load(login.id)


class _Failure(msgspec.Struct, frozen=True):
    """Why and when the last refresh of a login failed, and when to retry (seconds since 1970)."""

    kind: str
    message: str
    retry_after: float | None
    at: float
    retry_at: float

    def to_error(self) -> AircallError:
        return ERROR_BY_NAME.get(self.kind, AircallError)(self.message, retry_after=self.retry_after)


class RefreshBackoff:
    """The last failure of each login's refresh, shared by all processes. `clock` returns seconds."""

    def __init__(self, records: RecordStore, clock: Callable[[], float]) -> None:
        self._records = records
        self._clock = clock

    def record(self, login: Login, error: AircallError) -> None:
        """Record that a refresh has just failed."""
        now = self._clock()
        retry_at = now + REFRESH_RETRY_INTERVAL
        if isinstance(error, LOST_RESPONSE):
            retry_at = max(retry_at, login.access_expires_at - LAST_CHANCE)
        failure = _Failure(type(error).__name__, str(error), error.retry_after, now, retry_at)
        ttl = retry_at - now + FAILURE_TTL
        self._records.put(BACKOFF_PREFIX + login.id, msgspec.json.encode(failure), ttl)

    def clear(self, login_id: str) -> None:
        """Forget the failure: the refresh succeeded, or the login has ended."""
        self._records.delete(BACKOFF_PREFIX + login_id)

    def may_retry(self, login_id: str) -> bool:
        """Whether to ask the API again while the token is still valid."""
        failure = self._load(login_id)
        return failure is None or self._clock() >= failure.retry_at

    def raise_recent(self, login_id: str, asked_at: float) -> None:
        """Raise the last failure if it happened after `asked_at`, or within URGENT_RETRY_INTERVAL."""
        failure = self._load(login_id)
        if failure is not None and failure.at > min(asked_at, self._clock() - URGENT_RETRY_INTERVAL):
            raise failure.to_error()

    def _load(self, login_id: str) -> _Failure | None:
        record = self._records.load(BACKOFF_PREFIX + login_id)
        try:
            return None if record is None else msgspec.json.decode(record.value, type=_Failure)
        except msgspec.MsgspecError:
            # Written by another version.
            return None
