"""Everything learnt about calls goes through here: first into the log, then, if it is news, into the feed.

Knows log and feed; knows nothing of where the news come from.
"""

import contextlib
import threading
from collections.abc import Callable, Collection, Sequence

from aircall import metrics
from aircall.calls.feed import BURST_LIMIT, Change, ChangeFeed
from aircall.calls.store import CallStore
from aircall.errors import AircallError, NotFoundError
from aircall.models import Call


class CallReplica:
    """The one place that writes calls, so that log and feed tell the same story in the same order."""

    def __init__(self, store: CallStore, feed: ChangeFeed) -> None:
        self.store = store
        self.feed = feed
        self._lock = threading.Lock()
        # None where nobody else could take over.
        self._fence: int | None = None

    def take_over(self) -> None:
        """Apply events from now on, which no other process does any more; every page reads itself again.

        Whoever did so before may have ended between writing a change down and telling of it.
        """
        self._fence = self.store.new_fence()
        self.begin_epoch()

    def apply(self, call: Call) -> None:
        """Take over a call's newest state, as an event tells it.

        Raises one of STORAGE_ERRORS where it could not be written, and FencedError where another process has
        taken over since; then nobody has been told either.
        """
        changes = self._write(lambda: self.store.apply([call], fence=self._fence))
        metrics.EVENTS_IN.labels(changes[0].kind if changes else "unchanged").inc()

    def merge(self, found: Sequence[Call], read_version: int) -> bool:
        """Take over calls that were read after version `as_of` of the log was taken.

        Returns whether pages can follow; where it was too much for that, they are told to be read again.
        """
        return len(self._write(lambda: self.store.apply(found, read_version))) <= BURST_LIMIT

    def fill(self, found: Sequence[Call], read_version: int) -> bool:
        """Merge, telling nobody; whether there was anything to tell.

        Who fills begins a new epoch of the feed at the end: after the first reading, which every open page
        follows by itself, not before the log says that it is whole.
        """
        with self._lock:
            return bool(self.store.apply(found, read_version))

    def settle(self, answer: Call, read_version: int, fetch: Callable[[str], Call]) -> None:
        """Take over the API's answer to a change that was asked for after version `as_of`.

        If news of this call that say otherwise came meanwhile, nothing tells which is newer: it is reread.
        Raises nothing where that fails: the change was made, and the next reading of the list will tell.
        """
        self.merge([answer], read_version)
        if self.store.row_version(answer) == 0:
            with contextlib.suppress(AircallError):
                self.read(answer.id, fetch)

    def forget(self, call_ids: Collection[str], read_version: int) -> None:
        """Drop calls that the API did not know any more when asked after version `as_of`."""
        self._write(lambda: self.store.remove(call_ids, read_version))

    def read(self, call_id: str, fetch: Callable[[str], Call]) -> Call:
        """The call as the API has it now, taken over on the way. Raises what `fetch` raises.

        A call that the API does not know (NotFoundError) is dropped from the log.
        """
        read_version = self.store.version
        try:
            call = fetch(call_id)
        except NotFoundError:
            self.forget([call_id], read_version)
            raise
        self.merge([call], read_version)
        return call

    def _write(self, write: Callable[[], list[Change]]) -> list[Change]:
        with self._lock:
            changes = write()
            if len(changes) > BURST_LIMIT:
                self.begin_epoch()
                return changes
            for change in changes:
                self.feed.append(change)
                metrics.FEED_CHANGES.labels(change.kind).inc()
        return changes

    def begin_epoch(self) -> None:
        """Have every page read itself again."""
        self.feed.begin_epoch()
        metrics.FEED_EPOCHS.inc()
