"""The reconciler survives reads that fail, and reports them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aircall.calls.feed import Change, ChangeFeed, ChangeKind
from aircall.errors import NotFoundError, ServerError
from aircall.sync.reconciler import Reconciler
from tests.support.made_calls import made_call
from tests.support.waiting import wait_until


class Failures:
    """Errors of the next reads, and how many failures were reported."""

    def __init__(self, *errors: Exception) -> None:
        self.left = list(errors)
        self.reported_count = 0

    def read(self, _call_id: str) -> None:
        if self.left:
            raise self.left.pop(0)

    def report(self) -> None:
        self.reported_count += 1


@contextmanager
def reconciled_feed(failures: Failures) -> Iterator[ChangeFeed]:
    """A feed whose calls are reconciled at once."""
    feed = ChangeFeed()
    reconciler = Reconciler(feed, failures.read, failures.report, debounce=0.01)
    reconciler.start()
    try:
        yield feed
    finally:
        reconciler.stop()


def change_twice(feed: ChangeFeed) -> None:
    for _ in range(2):
        feed.append(Change(ChangeKind.UPDATE, made_call().id, made_call()))


@pytest.mark.parametrize("error", [ServerError("Trouble."), OSError("a full disk")])
def test_a_read_that_fails_is_reported_and_later_changes_are_reconciled(error: Exception) -> None:
    failures = Failures(error, error)
    with reconciled_feed(failures) as feed:
        change_twice(feed)
        wait_until(lambda: failures.reported_count == 1)

        change_twice(feed)
        wait_until(lambda: failures.reported_count == 2)


def test_a_deleted_call_is_no_failure() -> None:
    failures = Failures(NotFoundError("gone"), ServerError("Trouble."))
    with reconciled_feed(failures) as feed:
        change_twice(feed)
        wait_until(lambda: len(failures.left) == 1)

        change_twice(feed)
        wait_until(lambda: not failures.left and failures.reported_count > 0)

    assert failures.reported_count == 1
