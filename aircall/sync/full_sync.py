"""How many rows to ask the API for at a time, learnt from how it answers. Knows no calls and no I/O.

Takes over into the mirror what a reading finds, telling pages no more than they can follow.

Reads the API's whole list into the mirror. Knows how that list misbehaves; knows no HTTP and no tokens.

The API's documentation and recorded answers say: the list is in no order of time, new calls are announced by
nothing, `totalCount` need not be right, and the list may shift while it is being read.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from queue import SimpleQueue

from aircall import metrics
from aircall.calls.replica import CallReplica
from aircall.concurrency import yield_control
from aircall.errors import MalformedResponseError, NoResponseError
from aircall.models import Call, CallPage
from aircall.status import SyncProgress
from aircall.storage import STORAGE_ERRORS
from aircall.sync.scan import DeletionDetector, PageRange, ScanPass

# The first rows ought to show quickly; from there on, fewer and larger answers cost both sides less.
FIRST = 500
LARGEST = 2000
SMALLEST = 50
# An answer that takes longer than this was too large, in seconds.
SLOW = 2.0
# Twice as many rows take about twice as long, so that only an answer far from slow allows more.
QUICK = SLOW / 4


class PageSize:
    """The size in `rows`: doubled while answers are quick and whole, halved when one is slow or fails.

    Once halved, or cut down to the API's own limit, it grows no more until the next reading begins.
    """

    def __init__(self, first: int = FIRST, *, largest: int = LARGEST, smallest: int = SMALLEST) -> None:
        self.rows = first
        self._largest = self._ceiling = max(first, largest)
        self._smallest = min(first, smallest)

    def begin_reading(self) -> None:
        """The whole list is going to be read: an API that was slow, or sent little, may do better now."""
        self._ceiling = self._largest

    def answered(self, asked: int, row_count: int, seconds: float) -> None:
        """An answer of `row_count` rows, of `asked`, came after so many seconds."""
        if seconds > SLOW:
            self._shrink(asked)
        # Answers to what was asked at an earlier size say nothing about this one.
        elif seconds < QUICK and row_count >= asked >= self.rows:
            self.rows = min(self.rows * 2, self._ceiling)

    def failed(self, asked: int) -> bool:
        """No answer of `asked` rows came. Returns whether it is worth another try, with fewer."""
        self._shrink(asked)
        return self.rows < asked

    def obey(self, limit: int) -> None:
        """The API sends no more rows than this at a time: ask for no more, until the next reading."""
        self.rows = self._ceiling = min(self.rows, limit)

    def _shrink(self, asked: int) -> None:
        self.rows = self._ceiling = max(min(self.rows, asked // 2), min(self.rows, self._smallest))


# So many calls are written in one step; in between everybody else has a turn.
STEP = 2000


class BatchWriter:
    """What one reading finds. The first reading of all is told of by who runs it, when it is whole."""

    def __init__(self, replica: CallReplica, *, is_first: bool) -> None:
        self._replica = replica
        self._is_first = is_first
        self._is_told = not is_first
        self._has_untold = False

    def take(self, found: Sequence[Call], read_version: int) -> None:
        """Take over calls that were read after version `as_of` of the log was taken."""
        for start in range(0, len(found), STEP):
            self._take(found[start : start + STEP], read_version)
            yield_control()

    def end(self) -> None:
        """There is no more to come: tell of what has not been told."""
        if self._has_untold and not self._is_first:
            self._replica.feed.begin_epoch()

    def _take(self, found: Sequence[Call], read_version: int) -> None:
        # Where one step is more than pages can follow, so are others, and each would have all pages read
        # themselves again: they hear of the rest at the end.
        if self._is_told:
            self._is_told = self._replica.merge(found, read_version)
        else:
            self._has_untold |= self._replica.fill(found, read_version)


PARALLEL_READS = 4
# A span that fails so often in a row, each time smaller, ends the reading.
MOST_FAILURES = 3


class SyncCancelledError(Exception):
    """The reading was cancelled, and can be gone on with."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of asking for a span: a page, or an error; and when it was asked for."""

    span: PageRange
    read_version: int
    seconds: float
    page: CallPage | None = None
    error: Exception | None = None


class FullSync:
    """One reading at a time, however many ask for it.

    `fetch_page` answers the rows from an offset, up to a limit; it raises what the API client raises.
    """

    def __init__(
        self,
        replica: CallReplica,
        fetch_page: Callable[[int, int], CallPage],
        *,
        page_size: PageSize | None = None,
        parallel: int = PARALLEL_READS,
    ) -> None:
        self._replica = replica
        self._fetch_page = fetch_page
        self._page_size = page_size or PageSize()
        self._parallel = parallel
        self._lock = threading.Lock()
        self._answers: SimpleQueue[_Answer | None] = SimpleQueue()
        self._is_cancelled = False
        self._unfinished: ScanPass | None = None
        self._absences = DeletionDetector()
        self.progress = SyncProgress(0, None)

    def run(self) -> float:
        """Read the list and take over what is new, changed or gone; when that began, by the monotonic clock.

        Raises what `fetch_page` raises, and ReadingCancelledError. What was read before stays; only a whole
        reading removes anything. A reading that ended early is gone on with, if that was not long ago: it
        counts as one that began when it first did, for all that has happened since.
        """
        with self._lock, metrics.full_sync():
            self._answers = SimpleQueue()
            reading = self._begin_or_go_on()
            try:
                self._read(reading)
            except (MalformedResponseError, *STORAGE_ERRORS):
                # Nothing that such an API said is to be built upon, nor on pages that could not be kept.
                self._unfinished = None
                raise
            self._unfinished = None
            self._remove_missing(reading)
            self._complete(reading)
        return reading.began

    def cancel(self) -> None:
        """End the reading under way at once, or else the next one; no answer is waited for."""
        self._is_cancelled = True
        self._answers.put(None)

    def _begin_or_go_on(self) -> ScanPass:
        if self._unfinished is None or not self._unfinished.can_go_on:
            self._page_size.begin_reading()
            log = self._replica.store
            self._unfinished = ScanPass(log.version, is_first=log.synced_at is None)
        return self._unfinished

    def _read(self, reading: ScanPass) -> None:
        in_flight: set[PageRange] = set()
        error: Exception | None = None
        takeover = BatchWriter(self._replica, is_first=reading.is_first)
        try:
            while not self._is_cancelled and self._ask(reading, in_flight, is_failing=error is not None):
                answer = self._answers.get()
                if answer is None:
                    break
                # What is under way when one answer has failed is still taken over.
                in_flight.discard(answer.span)
                error = self._note(reading, answer) or error
                # The API works on the next page while this one is written down.
                self._ask(reading, in_flight, is_failing=error is not None)
                takeover.take(answer.page.calls if answer.page else (), answer.read_version)
        finally:
            reading.put_back(in_flight)
            takeover.end()
        self._end(error)

    def _ask(self, reading: ScanPass, in_flight: set[PageRange], *, is_failing: bool) -> bool:
        """Ask for as much as may be under way. Returns whether anything is."""
        while not is_failing and len(in_flight) < self._parallel:
            span = reading.next_span(self._page_size.rows)
            if span is None:
                break
            in_flight.add(span)
            # The end of the process does not wait for daemons: the API may take its time to answer.
            ask = threading.Thread(target=self._fetch, args=(span, self._answers), name="page", daemon=True)
            ask.start()
        return bool(in_flight)

    def _fetch(self, span: PageRange, answers: "SimpleQueue[_Answer | None]") -> None:
        read_version, began = 0, time.monotonic()
        page: CallPage | None = None
        error: Exception | None = None
        try:
            read_version = self._replica.store.version
            page = self._fetch_page(span.offset, span.limit)
        except Exception as caught:
            error = caught
        answers.put(_Answer(span, read_version, time.monotonic() - began, page, error))

    def _end(self, error: Exception | None) -> None:
        if self._is_cancelled:
            self._is_cancelled = False
            raise SyncCancelledError
        if error is not None:
            raise error

    def _note(self, reading: ScanPass, answer: _Answer) -> Exception | None:
        """Take note of an answer. Returns the error that ends the reading, if there is one."""
        if answer.page is None:
            return self._try_again(reading, answer)
        limit = reading.add(answer.span, answer.page)
        self._page_size.answered(answer.span.limit, answer.page.row_count, answer.seconds)
        if limit is not None:
            self._page_size.obey(limit)
        self.progress = SyncProgress(reading.row_count, reading.expected_count)
        return None

    def _try_again(self, reading: ScanPass, answer: _Answer) -> Exception | None:
        span = answer.span
        is_too_large = isinstance(answer.error, NoResponseError | MalformedResponseError)
        is_worth_it = is_too_large and self._page_size.failed(span.limit)
        if is_worth_it and span.failure_count + 1 < MOST_FAILURES:
            reading.put_back([replace(span, failure_count=span.failure_count + 1)])
            return None
        reading.put_back([replace(span, failure_count=0)])
        return answer.error

    def _remove_missing(self, reading: ScanPass) -> None:
        """Forget what is not listed any more."""
        missing = set(self._replica.store.call_ids(besides=reading.seen))
        self._replica.forget(self._absences.deleted(missing, reading), reading.read_version)

    def _complete(self, reading: ScanPass) -> None:
        self._replica.store.mark_synced(reading.began_at)
        metrics.record_full_sync(reading.row_count, reading.began_at)
        if reading.is_first:
            # After the mark: pages rendered before it look again by themselves, and hear of this too.
            self._replica.begin_epoch()
