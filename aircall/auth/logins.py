"""Server-side login records: who is signed in, with which tokens, and one refresh at a time.

Knows the API client and a store; knows nothing of Flask, cookies or pages.

Whose token the listener and the synchronisation work with. Knows logins; knows nothing of pages.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from aircall import metrics
from aircall.api.client import ApiClient
from aircall.auth.login import Login
from aircall.auth.refresh import RefreshBackoff
from aircall.errors import (
    AircallError,
    InvalidRequestError,
    LoginEndedError,
    NoLoginError,
    NoResponseError,
    PoolExhaustedError,
    UnauthorizedError,
)
from aircall.models import TokenGrant
from aircall.storage.records import RecordStore

T = TypeVar("T")
log = logging.getLogger(__name__)

PREFIX = "login:"
# Longer than a refresh may take, so that who waits sees how it ended (seconds).
REFRESH_WAIT = 12.0
# A crowded machine may let one end before it is used.
MOST_TOKENS = 3
REFUSALS = (UnauthorizedError, InvalidRequestError)


def in_background(task: Callable[[], None]) -> None:
    """Run the task in a thread of its own."""
    threading.Thread(target=task, name="refresh", daemon=True).start()


class Logins:
    """All logins of this dashboard, shared by every thread.

    A token that is merely due is renewed by `run_later`, while it is used: nobody waits for that.
    """

    def __init__(
        self,
        records: RecordStore,
        api: ApiClient,
        clock: Callable[[], float] = time.time,
        refresh_wait: float = REFRESH_WAIT,
        run_later: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        self._records = records
        self._api = api
        self._clock = clock
        self._refresh_wait = refresh_wait
        self._run_later = run_later
        self._failures = RefreshBackoff(records, clock)

    def create(self, username: str, password: str) -> Login:
        """Sign in at the API and keep the tokens here. Raises what `ApiClient.login` and `me` raise."""
        grant = self._api.login(username, password)
        now = self._clock()
        user = self._api.me(grant.tokens.access)
        login = Login.received(secrets.token_urlsafe(32), user, grant.tokens, generation=1, now=now)
        self._records.put(PREFIX + login.id, login.to_bytes(), login.expires_at - now)
        return login

    def get(self, login_id: str) -> Login:
        """The login as it is kept. Raises LoginEndedError where there is none (any more)."""
        record = self._records.load(PREFIX + login_id)
        login = Login.from_record(record) if record else None
        if login is None:
            raise LoginEndedError("The login has ended.")
        return login

    def end(self, login_id: str) -> None:
        """Log out: the record is gone, and a refresh in flight cannot bring it back."""
        self._records.delete(PREFIX + login_id)
        self._failures.forget(login_id)

    def with_token(self, login_id: str, request: Callable[[str], T]) -> T:
        """Run `request` with an access token; refresh and run it again where the API refuses the token.

        Raises LoginEndedError when there is no way to a good token, PoolExhaustedError where tokens end on
        the way, and whatever `request` raises.
        """
        refused = 0
        for _ in range(MOST_TOKENS):
            login = self.get_fresh(login_id, refused)
            try:
                return request(login.tokens.access)
            except UnauthorizedError as error:
                # Nothing was executed, so that any request may be run again; a new token may end on the way.
                if refused and not login.needs_refresh(self._clock()):
                    raise LoginEndedError("The API refuses a token it has just issued.") from error
                refused = login.generation
        raise PoolExhaustedError("Tokens end on the way.")

    def with_any_token(self, request: Callable[[str], T]) -> T:
        """Run `request` with the token of any login that works.

        Raises NoLoginError where there is none, UnauthorizedError where the API refuses good tokens, and
        whatever `request` raises.
        """
        for key in self._records.keys(PREFIX):
            try:
                return self.with_token(key.removeprefix(PREFIX), request)
            except LoginEndedError as error:
                # A login that lives on has just got a new token. Other people's would be refused as well.
                if self._records.load(key) is not None:
                    raise UnauthorizedError("The API refuses this request to everybody.") from error
        raise NoLoginError("Nobody is signed in.")

    def get_fresh(self, login_id: str, refused: int = 0) -> Login:
        """The login with a token that works, as far as we know; one that is due is renewed meanwhile.

        `refused` is the generation whose token the API has just refused. Raises LoginEndedError for a
        definite refusal, and the API's trouble only when the token that we have is of no use any more.
        """
        login = self.get(login_id)
        if self._is_unusable(login, refused):
            return self._replaced(login, refused)
        if self._needs_refresh(login):
            self._run_later(partial(self._refresh_quietly, login_id))
        return login

    def _replaced(self, login: Login, refused: int) -> Login:
        """The login with another token, which whoever asks has to wait for."""
        asked_at = self._clock()
        with self._records.lock(PREFIX + login.id, self._refresh_wait) as is_held:
            # Who waited for another's refresh finds its outcome here.
            login = self.get(login.id)
            if not self._is_unusable(login, refused):
                return login
            if is_held:
                self._failures.raise_recent(login.id, asked_at)
                return self._refresh(login)
        raise NoResponseError("The access token could not be refreshed in time.")

    def _refresh_quietly(self, login_id: str) -> None:
        """Renew a token that is due, unless somebody does already; who needs it meets what goes wrong."""
        try:
            with self._records.lock(PREFIX + login_id, 0) as is_held:
                login = self.get(login_id)
                if is_held and self._needs_refresh(login):
                    self._refresh(login)
        except AircallError:
            return
        except Exception as error:
            # A full disk, perhaps. The error itself may hold the record, with its tokens.
            log.error("a login could not be refreshed", extra={"error": type(error).__name__})

    def _needs_refresh(self, login: Login) -> bool:
        return login.needs_refresh(self._clock()) and self._failures.may_retry(login.id)

    def _is_unusable(self, login: Login, refused: int) -> bool:
        return login.generation <= refused or login.is_expired(self._clock())

    def _refresh(self, login: Login) -> Login:
        try:
            grant = self._renew(login)
        except REFUSALS as error:
            return self._after_refusal(login, error)
        except AircallError as error:
            metrics.REFRESHES.labels("failed").inc()
            log.warning("refresh failed, the login stays", extra={"error": type(error).__name__})
            self._failures.remember(login, error)
            raise
        return self._save(login, grant)

    def _renew(self, login: Login) -> TokenGrant:
        if login.tokens.refresh is None:
            return self._api.refresh_access(login.tokens.access)
        return self._api.refresh(login.tokens.refresh)

    def _after_refusal(self, login: Login, error: AircallError) -> Login:
        current = self.get(login.id)
        if current.generation > login.generation:
            return current
        metrics.REFRESHES.labels("refused").inc()
        self.end(login.id)
        raise LoginEndedError("The API refuses to refresh the login.") from error

    def _save(self, login: Login, grant: TokenGrant) -> Login:
        metrics.REFRESHES.labels("renewed").inc()
        self._failures.forget(login.id)
        now = self._clock()
        renewed = login.renewed(grant.tokens, now)
        ttl = renewed.expires_at - now
        self._records.compare_and_set(PREFIX + login.id, login.generation, renewed.to_bytes(), ttl)
        # Logged out meanwhile: this raises, and the new tokens are dropped.
        return self.get(login.id)


class ServiceAccount:
    """An account of their own where one is set, else any login of somebody who is signed in."""

    def __init__(self, logins: Logins, username: str | None, password: str | None) -> None:
        self._logins = logins
        self._username = username
        self._password = password
        self._login_id: str | None = None
        self._lock = threading.Lock()

    def with_token(self, request: Callable[[str], T]) -> T:
        """Run `request` with an access token.

        Raises NoLoginError where there is no account and nobody is signed in, and whatever `request` or the
        account's own login raises.
        """
        if self._username is None or self._password is None:
            return self._logins.with_any_token(request)
        login_id = self._own_login(self._username, self._password)
        try:
            return self._logins.with_token(login_id, request)
        except LoginEndedError:
            self._forget(login_id)
        return self._logins.with_token(self._own_login(self._username, self._password), request)

    def _own_login(self, username: str, password: str) -> str:
        with self._lock:
            if self._login_id is None:
                self._login_id = self._logins.create(username, password).id
            return self._login_id

    def _forget(self, login_id: str) -> None:
        with self._lock:
            # Another thread may have signed in again already.
            if self._login_id == login_id:
                self._login_id = None
        self._logins.end(login_id)
