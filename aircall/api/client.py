"""The Aircall calls API, one method per endpoint. Knows its paths and forms; takes tokens and gives records.

Knows no session, no Flask and no storage, and keeps no token. Facts about the API come from its own
documentation and from recorded answers: a success is 200 or 201; a call that does not exist is an empty body
or `null` with 200, and 404 for a change; the list is in no order; `archive` is a toggle.
"""

import json
import logging
from collections.abc import Callable, Mapping
from enum import StrEnum
from time import monotonic
from typing import Any
from urllib.parse import urlencode

from aircall import metrics, models
from aircall.api.resilience import Bulkhead, RetryBudget, with_retries
from aircall.api.responses import check, read_call_page, read_json
from aircall.api.transport import Request, Transport
from aircall.errors import MalformedResponseError, NotFoundError, UnauthorizedError
from aircall.models import Call, CallPage, TokenGrant, User

log = logging.getLogger(__name__)

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
# In seconds. A page that waits for one answer and draws itself takes less than eight.
DEADLINE = 7.0


class Pool(StrEnum):
    """What a request is for. Each has slots and a circuit breaker of its own.

    So a list that hangs keeps nobody from a call's page, and neither keeps a token from being renewed.
    """

    LIST = "list"
    CALL = "call"
    LOGIN = "login"
    REFRESH = "refresh"
    CHANNEL = "channel"


# Every endpoint by the name of its method, which is also how it is measured.
POOL_OF = {
    "login": Pool.LOGIN,
    "refresh": Pool.REFRESH,
    "refresh_access": Pool.REFRESH,
    "me": Pool.LOGIN,
    "get_calls": Pool.LIST,
    "get_call": Pool.CALL,
    "add_note": Pool.CALL,
    "toggle_archived": Pool.CALL,
    "authorize_channel": Pool.CHANNEL,
}
POOL_SIZE = {Pool.LIST: 4, Pool.CALL: 16, Pool.LOGIN: 8, Pool.REFRESH: 8, Pool.CHANNEL: 2}


class ApiClient:
    """A client of one API, for any number of threads.

    Every method answers within `deadline` seconds, retries included, and raises an `AircallError` where it
    cannot: the tree is in `aircall.errors`. Only reading is repeated, and what certainly was not sent.
    At most `slots` requests of each use are under way at once. `clock`, in seconds, times the pauses of the
    circuit breakers.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth_endpoint: str | None = None,
        deadline: float = DEADLINE,
        slots: Mapping[Pool, int] = POOL_SIZE,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._auth_endpoint = auth_endpoint or f"{self._base_url}/pusher/auth"
        self._deadline = deadline
        self._transport = Transport(pool_maxsize=sum(slots.values()))
        self._bulkheads = {use: Bulkhead(use, slots[use], clock) for use in Pool}
        self._budget = RetryBudget()

    def login(self, username: str, password: str) -> TokenGrant:
        """The tokens for a name and a password, both sent exactly as given."""
        headers = {"Content-Type": JSON}
        body = _json(username=username, password=password)
        request = Request(method="POST", url=self._url("/auth/login"), headers=headers, body=body)
        return TokenGrant.from_json(read_json(self._ask("login", request, password)))

    def refresh(self, refresh_token: str) -> TokenGrant:
        """A new pair of tokens for a refresh token, which is kept where the API gives no new one."""
        answer = self._post("refresh", "/auth/refresh-token-v2", refresh_token)
        return TokenGrant.from_json(read_json(answer), refresh_token)

    def refresh_access(self, access_token: str) -> TokenGrant:
        """A new access token for one that is still valid, by the deprecated endpoint; no refresh token."""
        answer = self._post("refresh_access", "/auth/refresh-token", access_token)
        return TokenGrant.from_json(read_json(answer))

    def me(self, access_token: str) -> User:
        """Whose token this is."""
        return User.from_json(read_json(self._get("me", "/me", access_token)))

    def get_calls(self, access_token: str, offset: int, limit: int) -> CallPage:
        """The API's calls from `offset` on, at most `limit`, in its own order, which is none."""
        query = urlencode({"offset": offset, "limit": limit})
        page = read_call_page(self._get("get_calls", f"/calls?{query}", access_token))
        if page.malformed_count:
            log.warning("Left out %d of %d calls that cannot be read", page.malformed_count, page.row_count)
        return page

    def get_call(self, access_token: str, call_id: str, *, deadline: float | None = None) -> Call:
        """One call, within `deadline` seconds if given. Raises NotFoundError where there is none."""
        body = self._get("get_call", _call_path(call_id), access_token, deadline)
        data = read_json(body) if body.strip() else None
        if data is None:
            raise NotFoundError("There is no such call.")
        return Call.from_json(data)

    def add_note(self, access_token: str, call_id: str, content: str) -> Call:
        """Add a note; the call with it. Never sent twice: after an error of unknown fate, read the call."""
        body = _json(content=content)
        answer = self._post("add_note", f"{_call_path(call_id)}/note", access_token, body)
        return Call.from_json(read_json(answer))

    def toggle_archived(self, access_token: str, call_id: str) -> Call:
        """Turn the archive flag over, whatever it is; the call after that. Never sent twice."""
        url = self._url(f"{_call_path(call_id)}/archive")
        request = Request(method="PUT", url=url, headers=_bearer(access_token), body=None)
        data = read_json(self._ask("toggle_archived", request, access_token))
        call = Call.from_json(data)
        # Taken for "not archived", a missing flag would make the caller turn it over once more.
        if models.parse_flag(data.get("is_archived")) is None:
            raise MalformedResponseError("The answer does not tell whether the call is archived.")
        return call

    def authorize_channel(self, access_token: str, socket_id: str, channel: str) -> str:
        """The signature with which this one socket may subscribe to a private channel."""
        headers = {"Content-Type": FORM, **_bearer(access_token)}
        body = urlencode({"socket_id": socket_id, "channel_name": channel}).encode()
        request = Request(method="POST", url=self._auth_endpoint, headers=headers, body=body)
        return _signature(read_json(self._ask("authorize_channel", request, access_token)))

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._transport.close()

    def _get(self, endpoint: str, path: str, token: str, deadline: float | None = None) -> bytes:
        request = Request(method="GET", url=self._url(path), headers=_bearer(token), body=None)
        return self._ask(endpoint, request, token, deadline)

    def _post(self, endpoint: str, path: str, token: str, body: bytes | None = None) -> bytes:
        headers = _bearer(token) if body is None else {"Content-Type": JSON, **_bearer(token)}
        request = Request(method="POST", url=self._url(path), headers=headers, body=body)
        return self._ask(endpoint, request, token)

    def _url(self, path: str) -> str:
        return self._base_url + path

    def _ask(self, endpoint: str, request: Request, secret: str, deadline: float | None = None) -> bytes:
        def attempt(seconds: float) -> bytes:
            with metrics.upstream(endpoint):
                answer = self._transport.send(request, seconds)
                check(answer, secret)
                return answer.body

        def tries(seconds: float) -> bytes:
            is_change = request.method != "GET"
            return with_retries(attempt, is_change=is_change, deadline=seconds, budget=self._budget)

        return self._bulkheads[POOL_OF[endpoint]].run(tries, deadline or self._deadline)


def _json(**values: str) -> bytes:
    # The standard library writes every character as ASCII, half a surrogate pair in a password included.
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
        raise MalformedResponseError("The answer has no signature.")
    return auth
