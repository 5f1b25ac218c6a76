"""Client of the Aircall calls API: one method per endpoint, which takes a token and returns a record.

By the API's documentation and recorded answers: success is 200 or 201; a call that does not exist is an empty
body or `null` with 200, and 404 for a change; the list is unordered; `archive` is a toggle.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit

from aircall import metrics, models
from aircall.api.resilience import PAUSE, QUEUE_TIMEOUT, ApiHealth, Bulkhead, RetryBudget, with_retries
from aircall.api.responses import check, is_foreign, read_call_page, read_json
from aircall.api.transport import Request, Response, Transport
from aircall.errors import (
    AircallError,
    MalformedResponseError,
    NotFoundError,
    UnauthorizedError,
    UnreachableError,
    WrongAddressError,
)
from aircall.models import Call, CallPage, TokenGrant, User

log = logging.getLogger(__name__)

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
# Seconds. A page that waits for one response takes less than eight.
DEADLINE = 7.0
# Seconds that a probe of an API in doubt may take.
PROBE_DEADLINE = 3.0


class Pool(StrEnum):
    """A kind of request, with a bulkhead of its own: a list that hangs does not block a token refresh."""

    LIST = "list"
    CALL = "call"
    LOGIN = "login"
    ME = "me"
    REFRESH = "refresh"
    CHANNEL = "channel"


# By method name, which is also the label of the metrics.
POOL_OF = {
    "login": Pool.LOGIN,
    "refresh": Pool.REFRESH,
    "refresh_access": Pool.REFRESH,
    "me": Pool.ME,
    "get_calls": Pool.LIST,
    "get_call": Pool.CALL,
    "add_note": Pool.CALL,
    "toggle_archived": Pool.CALL,
    "authorize_channel": Pool.CHANNEL,
}
# The setting that an answer to these proves right or wrong: they exist at every API, whatever is asked.
SETTING_OF = {"login": "AIRCALL_API_URL", "authorize_channel": "PUSHER_AUTH_ENDPOINT"}
# The shortest request for calls.
PROBE = "/calls?offset=0&limit=1"
# Requests in flight at once.
POOL_SIZE = {Pool.LIST: 4, Pool.CALL: 16, Pool.LOGIN: 16, Pool.ME: 8, Pool.REFRESH: 8, Pool.CHANNEL: 2}
# Seconds that a request waits for a slot, where it is another time: a flood of wrong logins is over by then.
QUEUE_TIMEOUT_OF = {Pool.LOGIN: 3.0, Pool.ME: 3.0}


class ApiClient:
    """A thread-safe client of one API.

    Every method returns or raises an AircallError within `deadline` seconds, retries included. Only reads are
    retried, and requests that certainly were not sent. `slots` limits the requests in flight per pool;
    `clock` (seconds) times the circuit breakers, which probe the API once per `breaker_pause` seconds.
    `proxy_url` is an HTTP proxy that all requests go through.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth_endpoint: str | None = None,
        deadline: float = DEADLINE,
        slots: Mapping[Pool, int] = POOL_SIZE,
        clock: Callable[[], float] = monotonic,
        breaker_pause: float = PAUSE,
        proxy_url: str | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._auth_endpoint = auth_endpoint or f"{self._base_url}/pusher/auth"
        self._deadline = deadline
        self._transport = Transport(pool_maxsize=sum(slots.values()), proxy_url=proxy_url)
        self._bulkheads = {
            pool: Bulkhead(pool, slots[pool], clock, breaker_pause, QUEUE_TIMEOUT_OF.get(pool, QUEUE_TIMEOUT))
            for pool in Pool
        }
        self._budget = RetryBudget()
        self.health = ApiHealth()
        # What was said of wrong addresses, each once.
        self._told: set[tuple[str, str, object]] = set()

    def login(self, username: str, password: str) -> TokenGrant:
        """Return the tokens for a name and a password, both sent exactly as given."""
        headers = {"Content-Type": JSON}
        body = _json(username=username, password=password)
        request = Request(method="POST", url=self._url("/auth/login"), headers=headers, body=body)
        return TokenGrant.from_json(read_json(self._send("login", request, password)))

    def refresh(self, refresh_token: str) -> TokenGrant:
        """Return new tokens for a refresh token, with the old refresh token if the API gives no new one."""
        body = self._post("refresh", "/auth/refresh-token-v2", refresh_token)
        return TokenGrant.from_json(read_json(body), refresh_token)

    def refresh_access(self, access_token: str) -> TokenGrant:
        """Return a new access token, without a refresh token, for a valid one, by the deprecated endpoint."""
        body = self._post("refresh_access", "/auth/refresh-token", access_token)
        return TokenGrant.from_json(read_json(body))

    def me(self, access_token: str, *, deadline: float | None = None) -> User:
        """Return the user of this token, within `deadline` seconds if given."""
        return User.from_json(read_json(self._get("me", "/me", access_token, deadline)))

    def get_calls(self, access_token: str, offset: int, limit: int) -> CallPage:
        """Return at most `limit` calls of the API's list, from `offset` on, in no defined order."""
        query = urlencode({"offset": offset, "limit": limit})
        page = read_call_page(self._get("get_calls", f"/calls?{query}", access_token))
        if page.malformed_count:
            log.warning("Left out %d of %d calls that cannot be read", page.malformed_count, page.row_count)
        return page

    def get_call(self, access_token: str, call_id: str, *, deadline: float | None = None) -> Call:
        """Return one call, within `deadline` seconds if given. Raises NotFoundError if there is none."""
        body = self._get("get_call", _call_path(call_id), access_token, deadline)
        data = read_json(body) if body.strip() else None
        if data is None:
            raise NotFoundError("There is no such call.")
        return Call.from_json(data)

    def add_note(self, access_token: str, call_id: str, content: str) -> Call:
        """Add a note and return the call with it.

        Never retried once sent. If `is_executed_possible` is set on the error, read the call to find out.
        """
        content_json = _json(content=content)
        body = self._post("add_note", f"{_call_path(call_id)}/note", access_token, content_json)
        return Call.from_json(read_json(body))

    def toggle_archived(self, access_token: str, call_id: str) -> Call:
        """Flip the archive flag and return the call. Never retried once sent, as that would undo it."""
        url = self._url(f"{_call_path(call_id)}/archive")
        request = Request(method="PUT", url=url, headers=_bearer(access_token), body=None)
        data = read_json(self._send("toggle_archived", request, access_token))
        call = Call.from_json(data)
        # Read as "not archived", a missing flag would make the caller flip it again.
        if models.parse_flag(data.get("is_archived")) is None:
            raise MalformedResponseError("The response does not tell whether the call is archived.")
        return call

    def authorize_channel(self, access_token: str, socket_id: str, channel: str) -> str:
        """Return the signature that lets this socket subscribe to a private channel."""
        headers = {"Content-Type": FORM, **_bearer(access_token)}
        body = urlencode({"socket_id": socket_id, "channel_name": channel}).encode()
        request = Request(method="POST", url=self._auth_endpoint, headers=headers, body=body)
        return _signature(read_json(self._send("authorize_channel", request, access_token)))

    def probe(self, access_token: str) -> None:
        """Ask for the shortest list: once, within PROBE_DEADLINE, past the circuit breakers."""
        request = Request(method="GET", url=self._url(PROBE), headers=_bearer(access_token), body=None)
        with _measured("probe"):
            check(self._transport.send(request, min(PROBE_DEADLINE, self._deadline)), access_token)

    def resume(self) -> None:
        """Let requests of every kind try again at once: the API is back."""
        for bulkhead in self._bulkheads.values():
            bulkhead.resume()

    def close(self) -> None:
        """Close the pooled connections."""
        self._transport.close()

    def _get(self, endpoint: str, path: str, token: str, deadline: float | None = None) -> bytes:
        request = Request(method="GET", url=self._url(path), headers=_bearer(token), body=None)
        return self._send(endpoint, request, token, deadline)

    def _post(self, endpoint: str, path: str, token: str, body: bytes | None = None) -> bytes:
        headers = _bearer(token) if body is None else {"Content-Type": JSON, **_bearer(token)}
        request = Request(method="POST", url=self._url(path), headers=headers, body=body)
        return self._send(endpoint, request, token)

    def _url(self, path: str) -> str:
        return self._base_url + path

    def _send(self, endpoint: str, request: Request, secret: str, deadline: float | None = None) -> bytes:
        def attempt(seconds: float) -> bytes:
            with _measured(endpoint):
                response = self._exchange(endpoint, request, seconds)
                check(response, secret)
                return response.body

        def attempts(seconds: float) -> bytes:
            is_change = request.method != "GET"
            return with_retries(attempt, is_change=is_change, deadline=seconds, budget=self._budget)

        pool = POOL_OF[endpoint]
        try:
            body = self._bulkheads[pool].run(attempts, deadline or self._deadline)
        except AircallError as error:
            self._record(pool, error)
            raise
        self._record(pool, None)
        return body

    def _record(self, pool: Pool, error: AircallError | None) -> None:
        if pool in (Pool.LIST, Pool.CALL):
            self.health.record(error)

    def _exchange(self, endpoint: str, request: Request, seconds: float) -> Response:
        """Return the response. Raises WrongAddressError where it shows that a setting is wrong."""
        setting = SETTING_OF.get(endpoint)
        try:
            response = self._transport.send(request, seconds)
        except UnreachableError as error:
            if setting is None or error.wrong_because is None:
                raise
            raise self._wrong_address(setting, request.url, error.wrong_because) from error
        if setting is not None and is_foreign(response):
            raise self._wrong_address(setting, request.url, response.status)
        return response

    def _wrong_address(self, setting: str, url: str, status: int | str) -> WrongAddressError:
        """Log this address once, and return the error."""
        parts = urlsplit(url)
        if (setting, url, status) not in self._told:
            self._told.add((setting, url, status))
            found = {"setting": setting, "host": parts.netloc, "path": parts.path, "status": status}
            log.warning("%s seems wrong: what answers is not the API", setting, extra=found)
        return WrongAddressError(f"This is not the API: {status}.")


@contextmanager
def _measured(endpoint: str) -> Iterator[None]:
    """Measure one attempt at the API, named by the client's method, and count the exception it raises."""
    with metrics.UPSTREAM_SECONDS.labels(endpoint).time():
        try:
            yield
        except Exception as error:
            metrics.UPSTREAM_ERRORS.labels(endpoint, type(error).__name__).inc()
            raise


def _json(**values: str) -> bytes:
    # The standard library escapes half a surrogate pair in a password; msgspec refuses it.
    return json.dumps(values).encode()


def _bearer(token: str) -> dict[str, str]:
    if models.parse_token(token) is None:
        raise UnauthorizedError("This is no token that the API can have given.")
    return {"Authorization": f"Bearer {token}"}


def _call_path(call_id: str) -> str:
    try:
        return f"/calls/{models.parse_call_id(call_id)}"
    except MalformedResponseError as error:
        raise NotFoundError("There is no such call.") from error


def _signature(data: Any) -> str:
    auth = data.get("auth") if isinstance(data, dict) else None
    if not isinstance(auth, str) or not auth:
        raise MalformedResponseError("The response has no signature.")
    return auth
