"""Logins that work on a sandbox, with a clock that tests may put forward. Knows no test."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aircall.client import ApiClient
from aircall.database import open_database
from aircall.logins import Logins
from aircall.store import EmbeddedStore


class Clock:
    """The system's clock, put forward by `ahead` seconds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        """The time."""
        return time.time() + self.ahead


class Rooms:
    """A client, a store and the logins in it."""

    def __init__(self, api: ApiClient, store: EmbeddedStore, clock: Clock) -> None:
        self.api = api
        self.store = store
        self.clock = clock
        self.logins = Logins(store, api, clock)

    def is_kept(self, login_id: str) -> bool:
        """Whether there is a record of this login."""
        return self.store.load(f"login:{login_id}") is not None


@contextmanager
def rooms(url: str, directory: Path, *, deadline: float = 8.0) -> Iterator[Rooms]:
    """Everything that logins need, over the API at this address."""
    clock = Clock()
    api = ApiClient(url, deadline=deadline)
    store = EmbeddedStore(open_database(f"sqlite:///{directory / 'sessions.db'}"), clock)
    try:
        yield Rooms(api, store, clock)
    finally:
        api.close()
        store.close()
