"""Logins on a sandbox, with a clock that tests set, and many threads that use them at once."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Thread
from typing import TypeVar

from aircall.api.client import ApiClient, Pool
from aircall.auth.logins import Logins
from aircall.errors import AircallError
from aircall.storage.database import open_database
from aircall.storage.records import RecordStore, SQLiteRecordStore
from aircall.storage.redis import RedisRecordStore, connect
from tests.support.sandbox import Sandbox

T = TypeVar("T")
THREADS = 20
REFRESH = "/auth/refresh-token"
# Seconds after which a token of ten minutes is due for a refresh, and expired.
DUE, EXPIRED = 500.0, 601.0


class Clock:
    """The system's clock, running or stopped at the start, plus `ahead` seconds."""

    def __init__(self, *, is_running: bool = True) -> None:
        self.ahead = 0.0
        self._stopped_at = None if is_running else time.time()

    def __call__(self) -> float:
        return (self._stopped_at or time.time()) + self.ahead


class BackgroundTasks:
    """Runs tasks in threads, as the dashboard does, and can wait for them."""

    def __init__(self) -> None:
        self._threads: list[Thread] = []

    def __call__(self, task: Callable[[], None]) -> None:
        thread = Thread(target=task)
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        while self._threads:
            self._threads.pop().join()


class Environment:
    """A sandbox, a client of it, a record store and the logins in it."""

    def __init__(self, sandbox: Sandbox, api: ApiClient, store: RecordStore, clock: Clock) -> None:
        self.sandbox = sandbox
        self.api = api
        self.store = store
        self.clock = clock
        self.background = BackgroundTasks()
        self.logins = Logins(store, api, clock, run_later=self.background)

    def is_stored(self, login_id: str) -> bool:
        return self.store.load(f"login:{login_id}") is not None


@contextmanager
def environment(
    sandbox: Sandbox,
    directory: Path,
    *,
    deadline: float = 7.0,
    is_clock_running: bool = True,
    api_clock: Callable[[], float] | None = None,
    redis_url: str | None = None,
) -> Iterator[Environment]:
    """Logins on the sandbox, stored in the directory or in Redis."""
    clock = Clock(is_running=is_clock_running)
    # More slots than threads: the bulkheads have tests of their own.
    slots = dict.fromkeys(Pool, 2 * THREADS)
    api = ApiClient(sandbox.url, deadline=deadline, slots=slots, clock=api_clock or clock)
    store: RecordStore
    if redis_url is None:
        store = SQLiteRecordStore(open_database(f"sqlite:///{directory / 'sessions.db'}"), clock)
    else:
        store = RedisRecordStore(connect(redis_url))
    env = Environment(sandbox, api, store, clock)
    try:
        yield env
    finally:
        env.background.join()
        api.close()
        store.close()


def run_together(task: Callable[[], T]) -> list[T | AircallError]:
    """Run a task in many threads that start at the same moment; return their results or errors."""
    start = Barrier(THREADS)

    def run(_: int) -> T | AircallError:
        start.wait(10)
        try:
            return task()
        except AircallError as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))
