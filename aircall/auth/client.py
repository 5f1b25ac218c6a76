"""Clients of the API that are already authorized: the rest of the application never handles tokens."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from aircall.api.client import ApiClient
from aircall.models import Call, CallPage

T = TypeVar("T")


class TokenClient:
    """Calls the API with one access token. Raises UnauthorizedError once that token is refused."""

    def __init__(self, api: ApiClient, access_token: str) -> None:
        self._api = api
        self._token = access_token

    def get_call(self, call_id: str, *, deadline: float | None = None) -> Call:
        """See ApiClient.get_call."""
        return self._api.get_call(self._token, call_id, deadline=deadline)

    def get_calls(self, offset: int, limit: int) -> CallPage:
        """See ApiClient.get_calls."""
        return self._api.get_calls(self._token, offset, limit)

    def add_note(self, call_id: str, content: str) -> Call:
        """See ApiClient.add_note."""
        return self._api.add_note(self._token, call_id, content)

    def toggle_archived(self, call_id: str) -> Call:
        """See ApiClient.toggle_archived."""
        return self._api.toggle_archived(self._token, call_id)

    def authorize_channel(self, socket_id: str, channel: str) -> str:
        """See ApiClient.authorize_channel."""
        return self._api.authorize_channel(self._token, socket_id, channel)


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

    def get_call(self, call_id: str, *, deadline: float | None = None) -> Call:
        """See ApiClient.get_call."""
        return self.run(lambda client: client.get_call(call_id, deadline=deadline))

    def get_calls(self, offset: int, limit: int) -> CallPage:
        """See ApiClient.get_calls."""
        return self.run(lambda client: client.get_calls(offset, limit))

    def add_note(self, call_id: str, content: str) -> Call:
        """See ApiClient.add_note."""
        return self.run(lambda client: client.add_note(call_id, content))

    def authorize_channel(self, socket_id: str, channel: str) -> str:
        """See ApiClient.authorize_channel."""
        return self.run(lambda client: client.authorize_channel(socket_id, channel))
