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
from aircall.calls.replica import Mirror
from aircall.concurrency import give_way
from aircall.errors import MalformedAnswerError, NoAnswerError
from aircall.models import Call, CallPage
from aircall.status import Progress
from aircall.storage import STORAGE_ERRORS
from aircall.sync.scan import Absences, Reading, Span

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


class Takeover:
    """What one reading finds. The first reading of all is told of by who runs it, when it is whole."""

    def __init__(self, mirror: Mirror, *, is_first: bool) -> None:
        self._mirror = mirror
        self._is_first = is_first
        self._is_told = not is_first
        self._has_untold = False

    def take(self, found: Sequence[Call], as_of: int) -> None:
        """Take over calls that were read after version `as_of` of the log was taken."""
        for start in range(0, len(found), STEP):
            self._take(found[start : start + STEP], as_of)
            give_way()

    def end(self) -> None:
        """There is no more to come: tell of what has not been told."""
        if self._has_untold and not self._is_first:
            self._mirror.feed.begin_epoch()

    def _take(self, found: Sequence[Call], as_of: int) -> None:
        # Where one step is more than pages can follow, so are others, and each would have all pages read
        # themselves again: they hear of the rest at the end.
        if self._is_told:
            self._is_told = self._mirror.merge(found, as_of)
        else:
            self._has_untold |= self._mirror.fill(found, as_of)


PARALLEL_READS = 4
# A span that fails so often in a row, each time smaller, ends the reading.
MOST_FAILURES = 3


class ReadingCancelledError(Exception):
    """The reading was cancelled, and can be gone on with."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of asking for a span: a page, or an error; and when it was asked for."""

    span: Span
    as_of: int
    seconds: float
    page: CallPage | None = None
    error: Exception | None = None


class Synchronisation:
    """One reading at a time, however many ask for it.

    `fetch_page` answers the rows from an offset, up to a limit; it raises what the API client raises.
    """

    def __init__(
        self,
        mirror: Mirror,
        fetch_page: Callable[[int, int], CallPage],
        *,
        page_size: PageSize | None = None,
        parallel: int = PARALLEL_READS,
    ) -> None:
        self._mirror = mirror
        self._fetch_page = fetch_page
        self._page_size = page_size or PageSize()
        self._parallel = parallel
        self._lock = threading.Lock()
        self._answers: SimpleQueue[_Answer | None] = SimpleQueue()
        self._is_cancelled = False
        self._unfinished: Reading | None = None
        self._absences = Absences()
        self.progress = Progress(0, None)

    def run(self) -> float:
        """Read the list and take over what is new, changed or gone; when that began, by the monotonic clock.

        Raises what `fetch_page` raises, and ReadingCancelledError. What was read before stays; only a whole
        reading removes anything. A reading that ended early is gone on with, if that was not long ago: it
        counts as one that began when it first did, for all that has happened since.
        """
        with self._lock, metrics.reading():
            self._answers = SimpleQueue()
            reading = self._begin_or_go_on()
            try:
                self._read(reading)
            except (MalformedAnswerError, *STORAGE_ERRORS):
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

    def _begin_or_go_on(self) -> Reading:
        if self._unfinished is None or not self._unfinished.can_go_on:
            self._page_size.begin_reading()
            log = self._mirror.log
            self._unfinished = Reading(log.version, is_first=log.synchronised_at is None)
        return self._unfinished

    def _read(self, reading: Reading) -> None:
        under_way: set[Span] = set()
        error: Exception | None = None
        takeover = Takeover(self._mirror, is_first=reading.is_first)
        try:
            while not self._is_cancelled and self._ask(reading, under_way, is_failing=error is not None):
                answer = self._answers.get()
                if answer is None:
                    break
                # What is under way when one answer has failed is still taken over.
                under_way.discard(answer.span)
                error = self._note(reading, answer) or error
                # The API works on the next page while this one is written down.
                self._ask(reading, under_way, is_failing=error is not None)
                takeover.take(answer.page.calls if answer.page else (), answer.as_of)
        finally:
            reading.put_back(under_way)
            takeover.end()
        self._end(error)

    def _ask(self, reading: Reading, under_way: set[Span], *, is_failing: bool) -> bool:
        """Ask for as much as may be under way. Returns whether anything is."""
        while not is_failing and len(under_way) < self._parallel:
            span = reading.next_span(self._page_size.rows)
            if span is None:
                break
            under_way.add(span)
            # The end of the process does not wait for daemons: the API may take its time to answer.
            ask = threading.Thread(target=self._fetch, args=(span, self._answers), name="page", daemon=True)
            ask.start()
        return bool(under_way)

    def _fetch(self, span: Span, answers: "SimpleQueue[_Answer | None]") -> None:
        as_of, began = 0, time.monotonic()
        page: CallPage | None = None
        error: Exception | None = None
        try:
            as_of = self._mirror.log.version
            page = self._fetch_page(span.offset, span.limit)
        except Exception as caught:
            error = caught
        answers.put(_Answer(span, as_of, time.monotonic() - began, page, error))

    def _end(self, error: Exception | None) -> None:
        if self._is_cancelled:
            self._is_cancelled = False
            raise ReadingCancelledError
        if error is not None:
            raise error

    def _note(self, reading: Reading, answer: _Answer) -> Exception | None:
        """Take note of an answer. Returns the error that ends the reading, if there is one."""
        if answer.page is None:
            return self._try_again(reading, answer)
        limit = reading.add(answer.span, answer.page)
        self._page_size.answered(answer.span.limit, answer.page.row_count, answer.seconds)
        if limit is not None:
            self._page_size.obey(limit)
        self.progress = Progress(reading.row_count, reading.expected_count)
        return None

    def _try_again(self, reading: Reading, answer: _Answer) -> Exception | None:
        span = answer.span
        is_too_large = isinstance(answer.error, NoAnswerError | MalformedAnswerError)
        is_worth_it = is_too_large and self._page_size.failed(span.limit)
        if is_worth_it and span.failure_count + 1 < MOST_FAILURES:
            reading.put_back([replace(span, failure_count=span.failure_count + 1)])
            return None
        reading.put_back([replace(span, failure_count=0)])
        return answer.error

    def _remove_missing(self, reading: Reading) -> None:
        """Forget what is not listed any more."""
        missing = set(self._mirror.log.call_ids(besides=reading.seen))
        self._mirror.forget(self._absences.gone(missing, reading), reading.as_of)

    def _complete(self, reading: Reading) -> None:
        self._mirror.log.mark_synchronised(reading.began_at)
        metrics.read_whole(reading.row_count, reading.began_at)
        if reading.is_first:
            # After the mark: pages rendered before it look again by themselves, and hear of this too.
            self._mirror.begin_epoch()
