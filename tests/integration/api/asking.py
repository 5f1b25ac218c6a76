"""A client and the server that it asks, what is answered, and a request to every endpoint."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from ssl import SSLContext
from time import monotonic
from typing import Any

import pytest

from aircall.api.client import ApiClient
from aircall.errors import AircallError
from tests.integration.api.hostile_http import Behaviour, HostileServer

# Seconds. A machine may be busy; without a deadline, what has one would take half a minute.
BOUNDED = 10.0
CALL_ID = "7876e2eb-1a50-4a7e-afb5-2936cbe6e814"
USER = json.dumps({"id": "alice", "username": "alice"}).encode()
CALL = json.dumps({"id": CALL_ID, "is_archived": True}).encode()
READS: dict[str, Callable[[ApiClient], object]] = {
    "me": lambda api: api.me("a.b.c"),
    "get_calls": lambda api: api.get_calls("a.b.c", 0, 10),
    "get_call": lambda api: api.get_call("a.b.c", CALL_ID),
}
CHANGES: dict[str, Callable[[ApiClient], object]] = {
    "login": lambda api: api.login("alice", "secret"),
    "refresh": lambda api: api.refresh("d.e.f"),
    "refresh_access": lambda api: api.refresh_access("a.b.c"),
    "add_note": lambda api: api.add_note("a.b.c", CALL_ID, "Text"),
    "toggle_archived": lambda api: api.toggle_archived("a.b.c", CALL_ID),
    "authorize_channel": lambda api: api.authorize_channel("a.b.c", "1.2", "private-aircall"),
}
ENDPOINTS = READS | CHANGES


@contextmanager
def asking(
    *behaviours: Behaviour, tls: SSLContext | None = None, **options: Any
) -> Iterator[tuple[HostileServer, ApiClient]]:
    """A server with these behaviours, and a client of it with these options."""
    with HostileServer(*behaviours, tls=tls) as server, closing(ApiClient(server.url, **options)) as api:
        yield server, api


def fail_in_time(ask: Callable[[], object], *kinds: type[AircallError]) -> None:
    """Raise AssertionError unless this fails in one of these ways, by a deadline of less than BOUNDED."""
    began_at = monotonic()
    with pytest.raises(kinds):
        ask()
    assert monotonic() - began_at < BOUNDED
