"""Logins that work on a sandbox, with a clock that tests may put forward. Knows no test."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from aircall.api.client import ApiClient, Pool
from aircall.auth.logins import Logins
from aircall.storage.database import open_database
from aircall.storage.records import RecordStore, SQLiteRecordStore
from aircall.storage.redis import RedisRecordStore, connect
from tests.integration.auth.threads import THREADS


class Clock:
    """The system's clock at the start, or running, put forward by `ahead` seconds."""

    def __init__(self, *, is_running: bool = True) -> None:
        self.ahead = 0.0
        self._stands_at = None if is_running else time.time()

    def __call__(self) -> float:
        """The time."""
        return (self._stands_at or time.time()) + self.ahead


class Later:
    """Runs what may be done later in threads, as the dashboard does, and can wait for them."""

    def __init__(self) -> None:
        self._threads: list[Thread] = []

    def __call__(self, task: Callable[[], None]) -> None:
        """Begin the task."""
        thread = Thread(target=task)
        self._threads.append(thread)
        thread.start()

    def settle(self) -> None:
        """Return when all that was begun has ended."""
        while self._threads:
            self._threads.pop().join()


class Rooms:
    """A client, a store and the logins in it."""

    def __init__(self, api: ApiClient, store: RecordStore, clock: Clock) -> None:
        self.api = api
        self.store = store
        self.clock = clock
        self.later = Later()
        self.logins = Logins(store, api, clock, run_later=self.later)

    def is_kept(self, login_id: str) -> bool:
        """Whether there is a record of this login."""
        return self.store.load(f"login:{login_id}") is not None


@contextmanager
def rooms(
    url: str,
    directory: Path,
    *,
    deadline: float = 7.0,
    is_clock_running: bool = True,
    redis_url: str | None = None,
) -> Iterator[Rooms]:
    """Everything that logins need, over the API at this address; kept in the directory, or in Redis."""
    clock = Clock(is_running=is_clock_running)
    # Nobody has to queue here: the bulkheads have tests of their own.
    api = ApiClient(url, deadline=deadline, slots=dict.fromkeys(Pool, 2 * THREADS), clock=clock)
    store = _store(directory, clock, redis_url)
    here = Rooms(api, store, clock)
    try:
        yield here
    finally:
        here.later.settle()
        api.close()
        store.close()


def _store(directory: Path, clock: Clock, redis_url: str | None) -> RecordStore:
    if redis_url is not None:
        return RedisRecordStore(connect(redis_url))
    return SQLiteRecordStore(open_database(f"sqlite:///{directory / 'sessions.db'}"), clock)
