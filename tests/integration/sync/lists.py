"""Lists that change, fail or hang while they are synced, and what the replica knows afterwards."""

import threading
from collections.abc import Callable

from aircall.calls.replica import CallReplica
from aircall.models import Call, CallPage
from tests.support.made_calls import made_call
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

Fetch = Callable[[int, int], CallPage]


def truth(sandbox: Sandbox) -> dict[str, Call]:
    """Every call of the sandbox."""
    return {call["id"]: Call.from_json(call) for call in sandbox.calls()}


def known(replica: CallReplica) -> dict[str, Call]:
    """Every call of the replica."""
    ids = replica.store.call_ids()
    assert len(set(ids)) == len(ids)
    return {call.id: call for call in replica.store.find(ids)}


def after_each_page(fetch: Fetch, action: Callable[[], object]) -> Fetch:
    """Run the action after each page has been fetched."""

    def fetch_page(offset: int, limit: int) -> CallPage:
        page = fetch(offset, limit)
        action()
        return page

    return fetch_page


def after_first_page(fetch: Fetch, action: Callable[[], object]) -> Fetch:
    """Run the action once, after the first page has been fetched."""
    actions = [action]
    return after_each_page(fetch, lambda: actions.pop()() if actions else None)


def failing(fetch: Fetch, error: Exception, *, from_offset: int | None) -> Fetch:
    """Raise the error from an offset on, if there is one."""

    def fetch_page(offset: int, limit: int) -> CallPage:
        if from_offset is not None and offset >= from_offset:
            raise error
        return fetch(offset, limit)

    return fetch_page


class PlainList:
    """The simplest list API, which does what the sandbox cannot. `limits` are those of the requests."""

    def __init__(self, *numbers: int, total: int | None = None, max_limit: int | None = None) -> None:
        self.numbers = list(numbers)
        self.total = total
        self.max_limit = max_limit
        self.has_total = True
        self.has_next_page: bool | None = None
        self.malformed_count = 0
        self.limits: list[int] = []

    def __call__(self, offset: int, limit: int) -> CallPage:
        self.limits.append(limit)
        end = offset + min(limit, self.max_limit or limit)
        total = len(self.numbers) if self.total is None else self.total
        return CallPage(
            calls=tuple(made_call(number) for number in self.numbers[offset:end]),
            malformed_count=0 if offset else self.malformed_count,
            total_count=total if self.has_total else None,
            has_next_page=self.has_next_page,
        )


class Recorded:
    """An API that records its requests, and the most that were in flight together; `crowd` are waited for."""

    def __init__(self, fetch: Fetch, *, crowd: int = 1) -> None:
        self._fetch = fetch
        self._crowd = crowd
        self._lock = threading.Lock()
        self._in_flight = 0
        self.max_in_flight = 0
        self.offsets: list[int] = []

    def __call__(self, offset: int, limit: int) -> CallPage:
        with self._lock:
            self._in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self._in_flight)
            self.offsets.append(offset)
        if offset:
            wait_until(lambda: self.max_in_flight >= self._crowd, what="requests in flight")
        page = self._fetch(offset, limit)
        with self._lock:
            self._in_flight -= 1
        return page


class Held:
    """An API that holds back its responses from an offset on until `release`."""

    def __init__(self, fetch: Fetch, *, offset: int) -> None:
        self._fetch = fetch
        self._offset = offset
        self._released = threading.Event()
        self.is_holding = threading.Event()
        self.release = self._released.set

    def __call__(self, offset: int, limit: int) -> CallPage:
        page = self._fetch(offset, limit)
        if offset >= self._offset and not self._released.is_set():
            self.is_holding.set()
            self._released.wait(20)
        return page
