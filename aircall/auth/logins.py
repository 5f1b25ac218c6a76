"""Upstream logins: people's logins at the API, kept as records, the service account, and authorized clients.

The rest of the application calls the API with an AuthorizedClient, and never handles tokens. A request runs
with a token that is refreshed when needed (see refresh.py). Logging out deletes the record, so that a refresh
that is still in flight cannot bring it back.
"""

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from time import monotonic
from typing import Protocol, TypeVar

from aircall.api.client import DEADLINE, ApiClient
from aircall.api.resilience import ApiHealth
from aircall.auth.login import Login
from aircall.auth.refresh import LOGIN_PREFIX, REFRESH_WAIT, TokenRefresher
from aircall.concurrency import run_in_background
from aircall.errors import (
    LoginEndedError,
    NoLoginError,
    NoResponseError,
    PoolExhaustedError,
    UnauthorizedError,
)
from aircall.models import Call, CallPage
from aircall.storage.records import RecordStore

T = TypeVar("T")

# On an overloaded machine a new token may expire before it is used.
MAX_TOKENS = 3
# Seconds that are left at least to ask who has logged in.
SHORTEST_ME = 1.0


class TokenClient:
    """An API client with one access token, for `AuthorizedClient.run`: UnauthorizedError ends its use."""

    def __init__(self, api: ApiClient, access_token: str) -> None:
        self._api = api
        self._token = access_token

    def get_call(self, call_id: str, *, deadline: float | None = None) -> Call:
        """See ApiClient.get_call."""
        return self._api.get_call(self._token, call_id, deadline=deadline)

    def toggle_archived(self, call_id: str) -> Call:
        """See ApiClient.toggle_archived."""
        return self._api.toggle_archived(self._token, call_id)


class TokenSource(Protocol):
    """Runs a request with a valid access token, and repeats it with a new one if the token is refused."""

    def with_token(self, request: Callable[[str], T]) -> T:
        """Return what `request` returns, given an access token."""


class AuthorizedClient:
    """Calls the API with tokens from a TokenSource. Raises what the source and ApiClient raise."""

    def __init__(self, api: ApiClient, tokens: TokenSource) -> None:
        self._api = api
        self._tokens = tokens

    def run(self, operation: Callable[[TokenClient], T]) -> T:
        """Return what `operation` returns. If its token is refused, run all of it again with a new one."""
        return self._tokens.with_token(lambda token: operation(TokenClient(self._api, token)))

    @property
    def health(self) -> ApiHealth:
        """See ApiClient."""
        return self._api.health

    def probe(self) -> None:
        """See ApiClient.probe."""
        self._tokens.with_token(self._api.probe)

    def resume(self) -> None:
        """See ApiClient.resume."""
        self._api.resume()

    def get_call(self, call_id: str, *, deadline: float | None = None) -> Call:
        """See ApiClient.get_call."""
        return self._tokens.with_token(lambda token: self._api.get_call(token, call_id, deadline=deadline))

    def get_calls(self, offset: int, limit: int) -> CallPage:
        """See ApiClient.get_calls."""
        return self._tokens.with_token(lambda token: self._api.get_calls(token, offset, limit))

    def add_note(self, call_id: str, content: str) -> Call:
        """See ApiClient.add_note."""
        return self._tokens.with_token(lambda token: self._api.add_note(token, call_id, content))

    def authorize_channel(self, socket_id: str, channel: str) -> str:
        """See ApiClient.authorize_channel."""
        return self._tokens.with_token(lambda token: self._api.authorize_channel(token, socket_id, channel))


def _refresh_later(task: Callable[[], None]) -> None:
    run_in_background("token-refresh", task)


class Logins:
    """All logins of the dashboard, for any number of threads and processes.

    `run_later` runs the refresh of a token that is due but still valid, which no request waits for.
    """

    def __init__(
        self,
        records: RecordStore,
        api: ApiClient,
        clock: Callable[[], float] = time.time,
        refresh_wait: float = REFRESH_WAIT,
        run_later: Callable[[Callable[[], None]], None] = _refresh_later,
    ) -> None:
        self.api = api
        self._records = records
        self._clock = clock
        self._refresher = TokenRefresher(records, api, clock, refresh_wait)
        self._run_later = run_later

    def create(self, username: str, password: str) -> Login:
        """Log in at the API and keep the tokens. Raises what `ApiClient.login` and `me` raise."""
        began = monotonic()
        grant = self.api.login(username, password)
        now = self._clock()
        # Both together take little more than one deadline: a page waits for them.
        left = max(SHORTEST_ME, DEADLINE - (monotonic() - began))
        user = self.api.me(grant.tokens.access, deadline=left)
        login = Login.received(secrets.token_urlsafe(32), user, grant.tokens, generation=1, now=now)
        self._records.put(LOGIN_PREFIX + login.id, login.to_bytes(), login.expires_at - now)
        return login

    def get(self, login_id: str) -> Login:
        """Return the login as it is kept. Raises LoginEndedError if there is none."""
        return self._refresher.load(login_id)

    def get_fresh(self, login_id: str, refused: int = 0) -> Login:
        """Return the login with a token that should be valid; one that is due is refreshed meanwhile.

        `refused` is the generation whose token the API has just refused. Raises LoginEndedError if the login
        is over, and other errors of the API only if the current token is unusable.
        """
        login = self.get(login_id)
        if self._refresher.is_unusable(login, refused):
            return self._refresher.replace_token(login, refused)
        return self._usable(login)

    def get_fresh_within(self, login_id: str, seconds: float) -> Login:
        """Return what `get_fresh` does. Raises NoResponseError if that takes more than so many seconds.

        A refresh that takes longer goes on, and the next request finds its token.
        """
        login = self.get(login_id)
        if not self._refresher.is_unusable(login, refused=0):
            return self._usable(login)
        fresh: Future[Login] = Future()

        def refresh() -> None:
            try:
                fresh.set_result(self.get_fresh(login_id))
            except Exception as error:
                fresh.set_exception(error)

        self._run_later(refresh)
        try:
            return fresh.result(seconds)
        except FutureTimeoutError as error:
            raise NoResponseError("The access token is still being refreshed.") from error

    def _usable(self, login: Login) -> Login:
        """Return this login, whose token is refreshed meanwhile if it is due."""
        if self._refresher.is_due(login):
            self._run_later(lambda: self._refresher.refresh_if_due(login.id))
        return login

    def end(self, login_id: str) -> None:
        """Log out: delete the record."""
        self._refresher.forget(login_id)

    def client(self, login_id: str) -> AuthorizedClient:
        """Return an API client that uses this login's tokens. Requests may raise LoginEndedError."""
        return AuthorizedClient(self.api, _LoginTokens(self, login_id))

    def with_token(self, login_id: str, request: Callable[[str], T]) -> T:
        """Run `request` with an access token, and again with a new one if the API refuses the token.

        Raises LoginEndedError if no valid token can be had, PoolExhaustedError if tokens keep expiring before
        they are used, and what `request` raises.
        """
        refused = 0
        for _ in range(MAX_TOKENS):
            login = self.get_fresh(login_id, refused)
            try:
                return request(login.tokens.access)
            except UnauthorizedError as error:
                # 401: not executed, so that any request may be repeated. The new token may expire meanwhile.
                if refused and not login.needs_refresh(self._clock()):
                    raise LoginEndedError("The API refuses a token it has just issued.") from error
                refused = login.generation
        raise PoolExhaustedError("Tokens expire before they are used.")

    def with_any_token(self, request: Callable[[str], T]) -> T:
        """Run `request` with the token of any valid login, the one that lives longest first.

        Raises NoLoginError if there is none, UnauthorizedError if the API refuses valid tokens, and what
        `request` raises.
        """
        for key in self._records.keys(LOGIN_PREFIX):
            try:
                return self.with_token(key.removeprefix(LOGIN_PREFIX), request)
            except LoginEndedError as error:
                # A login that is still there has just got a new token: other logins would be refused too.
                if self._records.load(key) is not None:
                    raise UnauthorizedError("The API refuses this request to everyone.") from error
        raise NoLoginError("There is no login.")


class _LoginTokens:
    """The tokens of one login."""

    def __init__(self, logins: Logins, login_id: str) -> None:
        self._logins = logins
        self._login_id = login_id

    def with_token(self, request: Callable[[str], T]) -> T:
        return self._logins.with_token(self._login_id, request)


class ServiceAccount:
    """The account of the sync and the listener: a configured one, or else the login of any person.

    `client` calls the API with its tokens.
    """

    def __init__(self, logins: Logins, username: str | None, password: str | None) -> None:
        self.client = AuthorizedClient(logins.api, self)
        self._logins = logins
        self._username = username
        self._password = password
        self._login_id: str | None = None
        self._lock = threading.Lock()

    def with_token(self, request: Callable[[str], T]) -> T:
        """Run `request` with an access token.

        Raises NoLoginError if no account is configured and nobody is logged in, and what `request` or the
        account's own login raises.
        """
        if self._username is None or self._password is None:
            return self._logins.with_any_token(request)
        login_id = self._log_in(self._username, self._password)
        try:
            return self._logins.with_token(login_id, request)
        except LoginEndedError:
            self._forget(login_id)
        return self._logins.with_token(self._log_in(self._username, self._password), request)

    def _log_in(self, username: str, password: str) -> str:
        with self._lock:
            if self._login_id is None:
                self._login_id = self._logins.create(username, password).id
            return self._login_id

    def _forget(self, login_id: str) -> None:
        with self._lock:
            # Another thread may have logged in again.
            if self._login_id == login_id:
                self._login_id = None
        self._logins.end(login_id)
