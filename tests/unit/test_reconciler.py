"""The reconciler reads a call once, survives reads that fail, and reports them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aircall.calls.feed import Change, ChangeFeed, ChangeKind
from aircall.errors import NotFoundError, ServerError
from aircall.sync.reconciler import Reconciler
from tests.support.made_calls import call_id, made_call
from tests.support.waiting import wait_until


class Failures:
    """Errors of the next reads, and what happened: "failed" and "reported"."""

    def __init__(self, *errors: Exception) -> None:
        self._left = list(errors)
        self.events: list[str] = []

    def read(self, _call_id: str) -> None:
        if self._left:
            self.events.append("failed")
            raise self._left.pop(0)

    def report(self) -> None:
        self.events.append("reported")


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


@pytest.mark.parametrize(
    ("error", "reported"),
    [
        (ServerError("Trouble."), ["reported"]),
        (OSError("a full disk"), ["reported"]),
        # A deleted call is no failure.
        (NotFoundError("gone"), []),
    ],
)
def test_a_read_that_fails_is_reported_and_later_changes_are_reconciled(
    error: Exception, reported: list[str]
) -> None:
    failures = Failures(error, ServerError("Trouble."))
    expected = ["failed", *reported, "failed", "reported"]
    with reconciled_feed(failures) as feed:
        change_twice(feed)
        wait_until(lambda: failures.events)
        change_twice(feed)
        wait_until(lambda: len(failures.events) >= len(expected))

    assert failures.events == expected


def test_what_a_reading_puts_right_is_not_read_again() -> None:
    feed, read = ChangeFeed(), list[str]()

    def put_right(wrong_id: str) -> None:
        read.append(wrong_id)
        feed.append(Change(ChangeKind.UPDATE, wrong_id, made_call()))

    reconciler = Reconciler(feed, put_right, lambda: None, debounce=0.01)
    reconciler.start()
    try:
        change_twice(feed)
        wait_until(lambda: read)
        # Several reads of another call take longer than the first one's would have to wait.
        for count in range(1, 4):
            feed.append(Change(ChangeKind.UPDATE, call_id(2), made_call(2)))
            feed.append(Change(ChangeKind.UPDATE, call_id(2), made_call(2)))
            wait_until(lambda: read.count(call_id(2)) >= count)  # noqa: B023  # called before the next turn
    finally:
        reconciler.stop()

    assert read == [call_id(1)] + 3 * [call_id(2)]
