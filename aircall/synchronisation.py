"""Reads the API's whole list into the mirror. Knows how that list misbehaves; knows no HTTP and no tokens.

The API's documentation and recorded answers say: the list is in no order of time, new calls are announced by
nothing, `totalCount` need not be right, and the list may shift while it is being read.
"""

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aircall.errors import MalformedAnswerError
from aircall.mirror import Mirror
from aircall.models import CallPage

PAGE_LIMIT = 500
PARALLEL_READS = 4
# After so many rows in a row that bring no new call, a list that ought to go on is taken for endless.
MOST_REPEATED_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reading is: rows so far, and how many the API says there are, where it does."""

    read_count: int
    expected_count: int | None


@dataclass(slots=True)
class _Reading:
    """What one reading of the whole list has met."""

    as_of: int
    seen: set[str] = field(default_factory=set)
    page_count: int = 0
    row_count: int = 0
    repeated_count: int = 0
    totals: set[int | None] = field(default_factory=set)

    def add(self, page: CallPage) -> None:
        """Take note of a page. Raises MalformedAnswerError where the list does not come to an end."""
        known_count = len(self.seen)
        self.seen.update(call.id for call in page.calls)
        self.page_count += page.row_count > 0
        self.row_count += page.row_count
        self.totals.add(page.total_count)
        self.repeated_count = 0 if len(self.seen) > known_count else self.repeated_count + page.row_count
        if self.repeated_count > MOST_REPEATED_ROWS:
            raise MalformedAnswerError("The list of calls does not come to an end.")

    def was_one_answer(self) -> bool:
        """Whether a single answer held the whole list, so that every call there is has been seen."""
        is_whole = self.row_count == len(self.seen) and self.totals <= {None, self.row_count}
        return is_whole and self.page_count <= 1


class Synchronisation:
    """One reading at a time, however many ask for it.

    `fetch_page` answers the rows from an offset, up to a limit; it raises what the API client raises.
    """

    def __init__(
        self,
        mirror: Mirror,
        fetch_page: Callable[[int, int], CallPage],
        *,
        limit: int = PAGE_LIMIT,
        parallel: int = PARALLEL_READS,
    ) -> None:
        self._mirror = mirror
        self._fetch_page = fetch_page
        self._limit = limit
        self._parallel = parallel
        self._lock = threading.Lock()
        self._missing: set[str] = set()
        self.progress = Progress(0, None)

    def run(self) -> None:
        """Read the list and take over what is new, changed or gone. Raises what `fetch_page` raises.

        What was read before an error stays; only a whole reading removes anything.
        """
        with self._lock:
            began_at = datetime.now(UTC)
            reading = _Reading(as_of=self._mirror.log.version)
            for page in self._pages():
                reading.add(page)
                self.progress = Progress(reading.row_count, page.total_count)
            self._remove_missing(reading)
            self._mirror.log.mark_synchronised(began_at)

    def _remove_missing(self, reading: _Reading) -> None:
        """Forget what is not listed any more.

        A row can slip past a reader when the list shifts between two pages, so a call has to be missing
        twice, unless one answer held the whole list.
        """
        missing = set(self._mirror.log.call_ids()) - reading.seen
        gone = missing if reading.was_one_answer() else missing & self._missing
        self._mirror.forget(gone, reading.as_of)
        self._missing = missing - gone

    def _pages(self) -> Iterator[CallPage]:
        first = self._read(0, self._limit)
        yield first
        # An API that sends fewer rows than asked for has a limit of its own: ask for that many.
        if not _is_last(first):
            yield from self._following(first.row_count)

    def _following(self, step: int) -> Iterator[CallPage]:
        with ThreadPoolExecutor(self._parallel) as pool:
            reads = (pool.submit(self._span, offset, step) for offset in itertools.count(step, step))
            under_way: deque[Future[tuple[list[CallPage], bool]]] = deque(
                itertools.islice(reads, self._parallel)
            )
            is_last = False
            while under_way:
                pages, ends = under_way.popleft().result()
                is_last = is_last or ends
                if not is_last:
                    under_way.append(next(reads))
                yield from pages

    def _span(self, offset: int, step: int) -> tuple[list[CallPage], bool]:
        """The rows of one step, in several pages where the API sends fewer; whether they are the last."""
        pages: list[CallPage] = []
        end = offset + step
        while offset < end:
            page = self._read(offset, end - offset)
            pages.append(page)
            if _is_last(page):
                return pages, True
            offset += page.row_count
        return pages, False

    def _read(self, offset: int, limit: int) -> CallPage:
        as_of = self._mirror.log.version
        page = self._fetch_page(offset, limit)
        self._mirror.merge(page.calls, as_of)
        return page


def _is_last(page: CallPage) -> bool:
    # Where the API does not say whether more follows, only an empty page ends the list.
    return page.row_count == 0 or page.has_next_page is False
