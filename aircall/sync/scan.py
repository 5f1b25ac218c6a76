"""One reading of the API's whole list: what has been asked for, what came, what is left. Knows no I/O."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aircall.errors import MalformedResponseError
from aircall.models import CallPage

# After so many rows in a row that bring no new call, a list that ought to go on is taken for endless.
MOST_REPEATED_ROWS = 10_000
# A list shifts while it is left alone: a reading that got nothing for so long (seconds) is not gone on with.
MOST_PAUSE = 120.0
# A call is gone after so many readings in a row without it, the last of which was in order, or doubtful.
ABSENCES, DOUBTFUL_ABSENCES = 2, 3


@dataclass(frozen=True, slots=True)
class PageRange:
    """Rows to ask for, from `offset` up to `end`, and how often that has failed."""

    offset: int
    end: int
    failure_count: int = 0

    @property
    def limit(self) -> int:
        """How many rows these are."""
        return self.end - self.offset


class ScanPass:
    """Hands out the spans of the list in order, and takes note of the pages that come.

    `as_of` is the log's version when it began. It can stop anywhere and be gone on with.
    """

    def __init__(self, read_version: int, *, is_first: bool) -> None:
        self.read_version = read_version
        self.is_first = is_first
        self.began_at = datetime.now(UTC)
        self.began = self._last_answer = time.monotonic()
        self.seen: set[str] = set()
        self.row_count = 0
        self._page_count = 0
        self._repeated_count = self._malformed_count = 0
        self._total: int | None = None
        self._totals: set[int | None] = set()
        self._next_offset = 0
        self._left: list[PageRange] = []
        self._end: int | None = None
        # Where answers that were shorter than asked for ended, and how many rows they had.
        self._cuts: dict[int, int] = {}

    def next_span(self, limit: int) -> PageRange | None:
        """What to ask for next, at most `limit` rows; None where nothing is left, or not before an answer."""
        offset = self._left[0].offset if self._left else self._next_offset
        # The first answer tells whether there are more.
        if offset and not self._page_count:
            return None
        if self._left:
            return self._next_left(limit)
        if self._end is not None:
            return None
        self._next_offset = offset + limit
        return PageRange(offset, self._next_offset)

    def put_back(self, spans: Iterable[PageRange]) -> None:
        """These were asked for and not answered: they are to be asked for again."""
        end = float("inf") if self._end is None else self._end
        self._left = sorted((span for span in (*self._left, *spans) if span.offset < end), key=_by_offset)

    def add(self, span: PageRange, page: CallPage) -> int | None:
        """Take note of the answer to a span. Returns the API's own limit, where this answer shows one:

        rows follow where an answer was shorter than asked for. That more is said to follow shows nothing.

        Raises MalformedResponseError where the list does not come to an end.
        """
        self._last_answer = time.monotonic()
        self._count(page)
        limit = self._cuts.pop(span.offset, None) if page.row_count else None
        if _is_last(page):
            self._finish(span.offset + page.row_count)
        elif page.row_count < span.limit:
            self._leave(PageRange(span.offset + page.row_count, span.end), page.row_count)
        return limit

    @property
    def expected_count(self) -> int | None:
        """How many rows there are by the API's latest answer, where that is not less than it has sent."""
        return None if self._total is None or self._total < self.row_count else self._total

    @property
    def can_go_on(self) -> bool:
        """Whether it has got something, and that not long ago."""
        return self._page_count > 0 and time.monotonic() < self._last_answer + MOST_PAUSE

    @property
    def is_proof(self) -> bool:
        """Whether a single answer held the whole list, and said so: every call there is has been seen."""
        is_whole = self.row_count == len(self.seen) and self._totals - {None} == {self.row_count}
        return is_whole and self._page_count == 1

    @property
    def is_doubtful(self) -> bool:
        """Whether there were rows that could not be read, or fewer than the API says there are."""
        return self._malformed_count > 0 or (self.expected_count or 0) > self.row_count

    def _count(self, page: CallPage) -> None:
        known_count = len(self.seen)
        self.seen.update(call.id for call in page.calls)
        self._page_count += page.row_count > 0
        self.row_count += page.row_count
        self._malformed_count += page.malformed_count
        self._total = page.total_count
        self._totals.add(page.total_count)
        self._repeated_count = 0 if len(self.seen) > known_count else self._repeated_count + page.row_count
        if self._repeated_count > MOST_REPEATED_ROWS:
            raise MalformedResponseError("The list of calls does not come to an end.")

    def _next_left(self, limit: int) -> PageRange:
        span = self._left.pop(0)
        if span.limit > limit:
            self._left.insert(0, replace(span, offset=span.offset + limit))
            span = replace(span, end=span.offset + limit)
        return span

    def _leave(self, rest: PageRange, row_count: int) -> None:
        self._cuts[rest.offset] = row_count
        if rest.end == self._next_offset:
            self._next_offset = rest.offset
        else:
            self.put_back([rest])

    def _finish(self, end: int) -> None:
        self._end = end if self._end is None else min(self._end, end)
        self.put_back([])


class DeletionDetector:
    """Tells which calls are gone by the readings that they are missing from.

    A row can slip past a reader when the list shifts between two pages, or while a reading rests, so a call
    has to be missing twice, unless one answer held the whole list. A doubtful reading is believed the third
    time: the API's total may be wrong for good, and a row broken for good.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def deleted(self, missing: set[str], reading: ScanPass) -> set[str]:
        """Those of the calls `missing` from this reading that are gone."""
        enough = 1 if reading.is_proof else DOUBTFUL_ABSENCES if reading.is_doubtful else ABSENCES
        counts = {call_id: self._counts.get(call_id, 0) + 1 for call_id in missing}
        deleted = {call_id for call_id, count in counts.items() if count >= enough}
        # One that stays in the log all the same has been heard of meanwhile.
        self._counts = {call_id: count for call_id, count in counts.items() if call_id not in deleted}
        return deleted


def _by_offset(span: PageRange) -> int:
    return span.offset


def _is_last(page: CallPage) -> bool:
    # Where the API does not say whether more follows, only an empty page ends the list.
    return page.row_count == 0 or page.has_next_page is False
