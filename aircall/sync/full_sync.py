"""Full sync: reads the API's whole list into the replica, in pages requested in parallel.

The API announces no new calls and cannot be asked for changes (its documentation and recorded responses), so
that only a full sync finds new and deleted calls.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from time import monotonic

from aircall import metrics
from aircall.calls.replica import CallReplica
from aircall.concurrency import run_in_background, yield_control
from aircall.errors import MalformedResponseError, NoResponseError
from aircall.models import Call, CallPage
from aircall.status import SyncProgress
from aircall.storage.database import REFUSALS, is_refusal
from aircall.sync.scan import DeletionDetector, PageRange, ScanPass

# Rows. The first page should show soon; later, fewer and larger pages cost both sides less.
FIRST_PAGE_SIZE, PAGE_SIZE = 500, 4000
# Rows. A pass that ended by a page too large or too slow is followed by one with half the page size.
MIN_PAGE_SIZE = 50
PARALLEL_PAGES = 4
# Calls written in one step; other greenlets run between two steps. Larger steps cost less: each one writes
# most pages of the index on ids.
BATCH_SIZE = 4000


log = logging.getLogger(__name__)


class SyncCancelledError(Exception):
    """The full sync was canceled."""


@dataclass(frozen=True, slots=True)
class _Result:
    """The page of a range, or the error instead; and the store's version before it was requested."""

    range: PageRange
    read_version: int
    page: CallPage | None = None
    error: Exception | None = None


class FullSync:
    """Full syncs, one at a time. `fetch_page(offset, limit)` requests rows; see ApiClient.get_calls."""

    def __init__(
        self,
        replica: CallReplica,
        fetch_page: Callable[[int, int], CallPage],
        *,
        page_size: int = PAGE_SIZE,
        parallel: int = PARALLEL_PAGES,
    ) -> None:
        self._replica = replica
        self._fetch_page = fetch_page
        self._max_page_size = self._page_size = page_size
        self._parallel = parallel
        self._lock = threading.Lock()
        self._results: SimpleQueue[_Result | None] = SimpleQueue()
        self._is_cancelled = False
        self._deletions = DeletionDetector()
        self.progress = SyncProgress(0, None)

    def run(self) -> float:
        """Read the list, and write what is new, changed or deleted; return when the pass started.

        The time is the monotonic clock's, in seconds. Raises what `fetch_page` raises, one of STORAGE_ERRORS,
        and SyncCancelledError. What was read before stays; only a whole pass deletes anything.
        """
        with self._lock, _measured():
            self._results = SimpleQueue()
            store = self._replica.store
            scan = ScanPass(store.version, is_first=store.synced_at is None)
            writer = BatchWriter(self._replica, is_first=scan.is_first)
            try:
                self._read(scan, writer)
            except (NoResponseError, MalformedResponseError):
                self._page_size = max(min(MIN_PAGE_SIZE, self._page_size), self._page_size // 2)
                raise
            self._page_size = self._max_page_size
            self._delete_missing(scan)
            self._complete(scan, scan.malformed_count + writer.refused_count)
        return scan.started

    def cancel(self) -> None:
        """End the full sync in progress, or else the next one, without waiting for pages in flight."""
        self._is_cancelled = True
        self._results.put(None)

    def _read(self, scan: ScanPass, writer: "BatchWriter") -> None:
        in_flight: set[PageRange] = set()
        error: Exception | None = None
        try:
            while not self._is_cancelled and self._request_more(scan, in_flight, error):
                result = self._results.get()
                if result is None:
                    break
                in_flight.discard(result.range)
                if result.page is None:
                    # Pages in flight are still written.
                    error = error or result.error
                    continue
                scan.add(result.range, result.page)
                self.progress = SyncProgress(scan.row_count, scan.expected_count)
                # The API works on the next page while this one is written.
                self._request_more(scan, in_flight, error)
                writer.write(result.page.calls, result.read_version)
        finally:
            writer.finish()
        self._raise_end(error)

    def _request_more(self, scan: ScanPass, in_flight: set[PageRange], error: Exception | None) -> bool:
        """Request as many pages as may be in flight; return whether any is."""
        while error is None and len(in_flight) < self._parallel:
            page_range = scan.next_range(self._next_page_size(scan))
            if page_range is None:
                break
            in_flight.add(page_range)
            run_in_background("sync-page", self._fetch, page_range, self._results)
        return bool(in_flight)

    def _next_page_size(self, scan: ScanPass) -> int:
        # People wait for the first page of the first sync alone. The pages after it grow, so that there is
        # soon something to write.
        return min(FIRST_PAGE_SIZE + scan.row_count, self._page_size) if scan.is_first else self._page_size

    def _fetch(self, page_range: PageRange, results: "SimpleQueue[_Result | None]") -> None:
        read_version = 0
        try:
            read_version = self._replica.store.version
            page = self._fetch_page(page_range.offset, page_range.limit)
        except Exception as error:
            results.put(_Result(page_range, read_version, error=error))
        else:
            results.put(_Result(page_range, read_version, page))

    def _raise_end(self, error: Exception | None) -> None:
        if self._is_cancelled:
            self._is_cancelled = False
            raise SyncCancelledError
        if error is not None:
            raise error

    def _delete_missing(self, scan: ScanPass) -> None:
        if not scan.read_version:
            # The store was empty: all of its calls were written during this pass.
            return
        missing = set(self._replica.store.call_ids(besides=scan.seen))
        self._replica.forget(self._deletions.deleted(missing, scan), scan.read_version)

    def _complete(self, scan: ScanPass, left_out: int) -> None:
        self._replica.store.mark_synced(scan.started_at, left_out)
        metrics.SYNC_CALLS.set(scan.row_count)
        metrics.SYNC_LEFT_OUT.set(left_out)
        metrics.SYNCED_AT.set(scan.started_at.timestamp())
        if scan.is_first:
            # After the mark: pages rendered before it refresh by themselves, and follow the new epoch too.
            self._replica.feed.begin_epoch()


class BatchWriter:
    """Writer of a sync's results to the replica, in batches. A call that the database refuses is left out.

    Large batches start a new feed epoch at the end instead of publishing every change. During the first sync
    nothing is published: FullSync starts an epoch once the list is complete.
    """

    def __init__(self, replica: CallReplica, *, is_first: bool) -> None:
        self._replica = replica
        self._is_first = is_first
        self._is_publishing = not is_first
        self._has_unpublished = False
        self.refused_count = 0

    def write(self, calls: Sequence[Call], read_version: int) -> None:
        """Write calls that were read after `read_version` of the store."""
        for start in range(0, len(calls), BATCH_SIZE):
            self._write_accepted(calls[start : start + BATCH_SIZE], read_version)
            yield_control()

    def finish(self) -> None:
        """Start a new epoch if changes were not published."""
        if self._has_unpublished and not self._is_first:
            self._replica.feed.begin_epoch()

    def _write_accepted(self, calls: Sequence[Call], read_version: int) -> None:
        """Write these calls but for those that the database refuses, which are found by halves."""
        try:
            self._write(calls, read_version)
        except REFUSALS as error:
            if not is_refusal(error):
                raise
            if len(calls) == 1:
                log.warning("the database refuses a call: %s", type(error).__name__)
                self.refused_count += 1
                return
            middle = len(calls) // 2
            self._write_accepted(calls[:middle], read_version)
            self._write_accepted(calls[middle:], read_version)

    def _write(self, calls: Sequence[Call], read_version: int) -> None:
        # After one batch too large to publish others are likely: each epoch makes every page reload.
        if self._is_publishing:
            self._is_publishing = self._replica.merge(calls, read_version)
        else:
            self._has_unpublished |= self._replica.fill(calls, read_version)


@contextmanager
def _measured() -> Iterator[None]:
    """Measure one full sync; its outcome is "whole" or the name of the exception that ended it."""
    began, outcome = monotonic(), "whole"
    try:
        yield
    except Exception as error:
        outcome = type(error).__name__
        raise
    finally:
        metrics.SYNC_SECONDS.labels(outcome).observe(monotonic() - began)
