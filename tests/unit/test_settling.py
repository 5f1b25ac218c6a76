"""When the truth of a call that changed quickly has to be learnt in another way than by reading it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aircall.calls.feed import Change, ChangeFeed, ChangeKind
from aircall.errors import NotFoundError, ServerError
from aircall.sync.reconciler import Reconciler
from tests.integration.pusher.listening import CALL
from tests.support.waiting import wait_until

AT_ONCE = 0.01


class Trouble:
    """Fails with these errors, one reading after the other, and counts how often that was told."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.told_count = 0

    @property
    def left(self) -> int:
        """How many errors are still to be met."""
        return len(self._errors)

    def read(self, _call_id: str) -> None:
        """Fail, while there is something to fail with."""
        if self._errors:
            raise self._errors.pop(0)

    def tell(self) -> None:
        """A reading has failed."""
        self.told_count += 1


@contextmanager
def reconciler(trouble: Trouble) -> Iterator[ChangeFeed]:
    """A feed whose calls are settled at once."""
    feed = ChangeFeed()
    reconciler = Reconciler(feed, trouble.read, trouble.tell, AT_ONCE)
    reconciler.start()
    try:
        yield feed
    finally:
        reconciler.stop()


def change(feed: ChangeFeed) -> None:
    feed.append(Change(ChangeKind.UPDATE, CALL.id, CALL))


@pytest.mark.parametrize("error", [ServerError("Trouble."), OSError("a full disk")])
def test_a_reading_that_fails_is_told_and_what_comes_after_it_is_settled_all_the_same(
    error: Exception,
) -> None:
    trouble = Trouble(error, error)
    with reconciler(trouble) as feed:
        change(feed)
        change(feed)
        wait_until(lambda: trouble.told_count == 1)

        change(feed)
        wait_until(lambda: trouble.told_count == 2)


def test_a_call_that_is_gone_is_no_trouble() -> None:
    trouble = Trouble(NotFoundError("gone"), ServerError("Trouble."))
    with reconciler(trouble) as feed:
        change(feed)
        change(feed)
        wait_until(lambda: trouble.left == 1)

        change(feed)
        wait_until(lambda: trouble.left == 0 and trouble.told_count > 0)

    assert trouble.told_count == 1
