"""Lists that change, fail or hang while they are synced, and what the replica knows afterwards."""

from collections.abc import Callable

from aircall.calls.replica import CallReplica
from aircall.models import Call, CallPage
from tests.support.made_calls import made_call
from tests.support.sandbox import Sandbox

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
    """The simplest list API, which does what the sandbox cannot. `offsets` and `limits` are the requests'."""

    def __init__(self, *numbers: int, total: int | None = None, max_limit: int | None = None) -> None:
        self.numbers = list(numbers)
        self.total = total
        self.max_limit = max_limit
        self.has_total = True
        self.has_next_page: bool | None = None
        self.malformed_count = 0
        self.offsets: list[int] = []
        self.limits: list[int] = []

    def __call__(self, offset: int, limit: int) -> CallPage:
        self.offsets.append(offset)
        self.limits.append(limit)
        end = offset + min(limit, self.max_limit or limit)
        total = len(self.numbers) if self.total is None else self.total
        return CallPage(
            calls=tuple(made_call(number) for number in self.numbers[offset:end]),
            malformed_count=0 if offset else self.malformed_count,
            total_count=total if self.has_total else None,
            has_next_page=self.has_next_page,
        )
