"""Lists that are read while something happens to them, and what is known of them afterwards."""

import threading
from collections.abc import Callable

from aircall.calls.replica import CallReplica
from aircall.models import Call, CallPage
from tests.support.made_calls import made_call
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

Fetch = Callable[[int, int], CallPage]


def truth(sandbox: Sandbox) -> dict[str, Call]:
    """Every call as the sandbox has it."""
    return {call["id"]: Call.from_json(call) for call in sandbox.calls()}


def known(replica: CallReplica) -> dict[str, Call]:
    """Every call as the mirror has it."""
    ids = replica.store.call_ids()
    assert len(set(ids)) == len(ids)
    return {call.id: call for call in replica.store.find(ids)}


def after_each_page(fetch: Fetch, happens: Callable[[], object]) -> Fetch:
    """An API to whose list something happens after each page that is read."""

    def fetch_page(offset: int, limit: int) -> CallPage:
        page = fetch(offset, limit)
        happens()
        return page

    return fetch_page


def once(task: Callable[[], object]) -> Callable[[], None]:
    """The task for the first time, and nothing from then on."""
    left = [task]

    def run() -> None:
        if left:
            left.pop()()

    return run


class PlainList:
    """A list API in its simplest form, for what the sandbox does not do. It need not tell a next page."""

    def __init__(self, *numbers: int, total: int | None = None) -> None:
        self.numbers = list(numbers)
        self.total = total
        self.tells_total = True
        self.has_next_page: bool | None = None
        self.malformed_count = 0
        self.read_count = 0

    def __call__(self, offset: int, limit: int) -> CallPage:
        """The rows from the offset."""
        self.read_count += 1
        calls = tuple(made_call(number) for number in self.numbers[offset : offset + limit])
        total = len(self.numbers) if self.total is None else self.total
        malformed_count = 0 if offset else self.malformed_count
        return CallPage(
            calls=calls,
            malformed_count=malformed_count,
            total_count=total if self.tells_total else None,
            has_next_page=self.has_next_page,
        )


class Busyness:
    """An API that notes how many pages are read at the same time, and which."""

    def __init__(self, fetch: Fetch, *, crowd: int) -> None:
        self._fetch = fetch
        self._crowd = crowd
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0
        self.offsets: list[int] = []

    def __call__(self, offset: int, limit: int) -> CallPage:
        """The page, once so many are being read as are expected, where that is possible."""
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            self.offsets.append(offset)
        if offset:
            wait_until(lambda: self.most >= self._crowd, what="a crowd of readers")
        page = self._fetch(offset, limit)
        with self._lock:
            self._now -= 1
        return page


class Held:
    """An API that keeps back its answers from an offset on, until it is let go, and notes what was asked."""

    def __init__(self, fetch: Fetch, *, offset: int) -> None:
        self._fetch = fetch
        self._offset = offset
        self._lets_go = threading.Event()
        self.asked: list[tuple[int, int]] = []
        self.is_holding = threading.Event()

    def __call__(self, offset: int, limit: int) -> CallPage:
        """The page, as it is before the wait."""
        self.asked.append((offset, limit))
        page = self._fetch(offset, limit)
        if offset >= self._offset and not self._lets_go.is_set():
            self.is_holding.set()
            self._lets_go.wait(20)
        return page

    def let_go(self) -> None:
        """Answer everything from now on."""
        self._lets_go.set()
