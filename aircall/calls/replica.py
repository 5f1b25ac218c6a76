"""The replica of the API's call list: every write goes to the call store first, then to the change feed."""

import contextlib
import threading
from collections.abc import Callable, Collection, Sequence

from aircall import metrics
from aircall.calls.feed import BURST_LIMIT, Change, ChangeFeed
from aircall.calls.store import CallStore
from aircall.errors import AircallError, NotFoundError
from aircall.models import Call


class CallReplica:
    """The only writer of calls, so that store and feed agree on the order of changes.

    Reading from the API takes `store.version` first and passes it as `read_version`: what was written after
    that is newer than what was read, and stays.
    """

    def __init__(self, store: CallStore, feed: ChangeFeed) -> None:
        self.store = store
        self.feed = feed
        self._lock = threading.Lock()
        # The fencing token of this process's events; None with one process.
        self._fence: int | None = None

    def acquire_fence(self) -> None:
        """Reject the events of earlier leaders from now on, and start a new epoch.

        An earlier leader may have been killed between writing a change and publishing it.
        """
        self._fence = self.store.new_fence()
        self.feed.begin_epoch()

    def apply(self, call: Call) -> None:
        """Write a call as an event describes it, and publish the change.

        Raises one of STORAGE_ERRORS, and FencedError if another process has become the leader; nothing is
        published then.
        """
        changes = self._write(lambda: self.store.apply([call], fence=self._fence))
        metrics.EVENTS_IN.labels(changes[0].kind if changes else "unchanged").inc()

    def merge(self, calls: Sequence[Call], read_version: int) -> bool:
        """Write calls that were read from the API; return whether the changes were published one by one.

        Too many of them start a new epoch instead.
        """
        return len(self._write(lambda: self.store.apply(calls, read_version))) <= BURST_LIMIT

    def fill(self, calls: Sequence[Call], read_version: int) -> bool:
        """Write calls without publishing; return whether anything changed.

        The caller has to start a new epoch when it has written the last of them.
        """
        with self._lock:
            return self.store.fill(calls, read_version)

    def merge_response(self, response: Call, read_version: int, fetch: Callable[[str], Call]) -> None:
        """Write the API's response to a change that was requested after `read_version`.

        If an event with another state came meanwhile, nothing tells which is newer: the call is read again.
        Raises nothing if that fails: the change was made, and the next full sync corrects the call.
        """
        self.merge([response], read_version)
        if self.store.row_version(response) == 0:
            with contextlib.suppress(AircallError):
                self.read(response.id, fetch)

    def forget(self, call_ids: Collection[str], read_version: int) -> None:
        """Delete calls that the API did not have when it was asked after `read_version`."""
        self._write(lambda: self.store.remove(call_ids, read_version))

    def read(self, call_id: str, fetch: Callable[[str], Call]) -> Call:
        """Return the call as the API has it, and write it. Raises what `fetch` raises.

        A call that the API does not have (NotFoundError) is deleted.
        """
        read_version = self.store.version
        try:
            call = fetch(call_id)
        except NotFoundError:
            self.forget([call_id], read_version)
            raise
        # Most calls that are looked at have not changed, and reading one then takes no lock.
        if self.store.row_version(call) == 0:
            self.merge([call], read_version)
        return call

    def _write(self, write: Callable[[], list[Change]]) -> list[Change]:
        with self._lock:
            changes = write()
            if len(changes) > BURST_LIMIT:
                self.feed.begin_epoch()
                return changes
            for change in changes:
                self.feed.append(change)
                metrics.FEED_CHANGES.labels(change.kind).inc()
        return changes
