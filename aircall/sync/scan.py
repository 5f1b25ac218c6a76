"""State of one pass over the API's list: which rows to request next, what came, and which calls are deleted.

The list has no order and may shift between two pages. `totalCount` may be wrong, and a page may be shorter
than requested because the API has a limit of its own.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b

from aircall.errors import MalformedResponseError
from aircall.models import UUID, CallPage

# Rows in a row without a new call, after which a list that claims to go on is taken for endless.
MAX_REPEATED_ROWS = 10_000
# Consecutive passes without a call before it counts as deleted: complete passes, or doubtful ones.
ABSENCES, DOUBTFUL_ABSENCES = 2, 3


@dataclass(frozen=True, slots=True)
class PageRange:
    """The rows from `offset` up to, but not including, `end`."""

    offset: int
    end: int

    @property
    def limit(self) -> int:
        """Number of rows."""
        return self.end - self.offset


class IdSet:
    """A set of call ids in about 25 bytes each; a set of texts takes 150, for a million calls 150 MB.

    An id is 16 bytes, a UUID's own or else a digest: the first two choose a bucket, the others are appended
    to it.
    """

    def __init__(self) -> None:
        self._buckets: dict[bytes, bytes] = {}
        self._count = 0

    def update(self, call_ids: Iterable[str]) -> None:
        """Add these ids."""
        for call_id in call_ids:
            packed = _packed(call_id)
            bucket = self._buckets.get(packed[:2], b"")
            if not _holds(bucket, packed[2:]):
                self._buckets[packed[:2]] = bucket + packed[2:]
                self._count += 1

    def __contains__(self, call_id: object) -> bool:
        packed = _packed(str(call_id))
        return _holds(self._buckets.get(packed[:2], b""), packed[2:])

    def __len__(self) -> int:
        return self._count


def _packed(call_id: str) -> bytes:
    if UUID.fullmatch(call_id):
        return bytes.fromhex(call_id.replace("-", ""))
    return blake2b(call_id.encode(), digest_size=16).digest()


def _holds(bucket: bytes, rest: bytes) -> bool:
    found = bucket.find(rest)
    # The same bytes may begin inside of another id.
    while found > 0 and found % len(rest):
        found = bucket.find(rest, found + 1)
    return found >= 0


class ScanPass:
    """One pass over the list. `read_version` is the version of the call store when the pass started."""

    def __init__(self, read_version: int, *, is_first: bool) -> None:
        self.read_version = read_version
        self.is_first = is_first
        self.started_at = datetime.now(UTC)
        # By the monotonic clock, in seconds.
        self.started = time.monotonic()
        self.seen = IdSet()
        self.row_count = 0
        self._page_count = 0
        self._repeated_count = self.malformed_count = 0
        self._total: int | None = None
        self._totals: set[int | None] = set()
        self._next_offset = 0
        self._left: list[PageRange] = []
        self._end: int | None = None
        self._api_limit: int | None = None
        # By the offset where a page shorter than requested ended, its number of rows.
        self._cuts: dict[int, int] = {}

    def next_range(self, limit: int) -> PageRange | None:
        """Return the next range to request, of at most `limit` rows and the API's own limit.

        None if nothing is left, or if the first page has to come first: it tells whether there are more.
        """
        limit = min(limit, self._api_limit or limit)
        offset = self._left[0].offset if self._left else self._next_offset
        if offset and not self._page_count:
            return None
        if self._left:
            return self._next_left(limit)
        if self._end is not None:
            return None
        self._next_offset = offset + limit
        return PageRange(offset, self._next_offset)

    def add(self, requested: PageRange, page: CallPage) -> None:
        """Record the page that answers a request. Raises MalformedResponseError if the list does not end."""
        self._count(page)
        if page.row_count and (cut := self._cuts.pop(requested.offset, None)):
            # Rows do follow the short page before this one: the API has a limit of its own.
            self._api_limit = min(cut, self._api_limit or cut)
        end = requested.offset + page.row_count
        if _is_last(page, end):
            self._finish(end)
        elif page.row_count < requested.limit:
            self._request_rest(PageRange(end, requested.end), page.row_count)

    @property
    def expected_count(self) -> int | None:
        """Number of rows by the latest page; None if the API has already sent more."""
        return None if self._total is None or self._total < self.row_count else self._total

    @property
    def is_proof(self) -> bool:
        """Whether one page held the whole list and said so: every existing call has been seen."""
        is_whole = self.row_count == len(self.seen) and self._totals - {None} == {self.row_count}
        return is_whole and self._page_count == 1

    @property
    def is_doubtful(self) -> bool:
        """Whether rows were malformed, or fewer than the API says there are."""
        return self.malformed_count > 0 or (self.expected_count or 0) > self.row_count

    def _count(self, page: CallPage) -> None:
        known_count = len(self.seen)
        self.seen.update(call.id for call in page.calls)
        self._page_count += page.row_count > 0
        self.row_count += page.row_count
        self.malformed_count += page.malformed_count
        self._total = page.total_count
        self._totals.add(page.total_count)
        self._repeated_count = 0 if len(self.seen) > known_count else self._repeated_count + page.row_count
        if self._repeated_count > MAX_REPEATED_ROWS:
            raise MalformedResponseError("The list of calls does not end.")

    def _next_left(self, limit: int) -> PageRange:
        left = self._left.pop(0)
        if left.limit > limit:
            self._left.insert(0, replace(left, offset=left.offset + limit))
            left = replace(left, end=left.offset + limit)
        return left

    def _request_rest(self, rest: PageRange, row_count: int) -> None:
        self._cuts[rest.offset] = row_count
        if rest.end == self._next_offset:
            self._next_offset = rest.offset
        elif self._end is None or rest.offset < self._end:
            self._left = sorted([*self._left, rest], key=lambda left: left.offset)

    def _finish(self, end: int) -> None:
        self._end = end if self._end is None else min(self._end, end)
        self._left = [left for left in self._left if left.offset < self._end]


class DeletionDetector:
    """Detector of calls that were deleted at the API, by the passes that they are missing from.

    A row can escape a pass when the list shifts between two pages, so a call has to be missing twice, unless
    one page held the whole list. A doubtful pass counts the third time: its cause may be permanent.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def deleted(self, missing: set[str], scan: ScanPass) -> set[str]:
        """Return those of the calls `missing` from this pass that are deleted."""
        enough = 1 if scan.is_proof else DOUBTFUL_ABSENCES if scan.is_doubtful else ABSENCES
        counts = {call_id: self._counts.get(call_id, 0) + 1 for call_id in missing}
        deleted = {call_id for call_id, count in counts.items() if count >= enough}
        # A deleted call that stays in the store has had an event meanwhile, and is counted anew.
        self._counts = {call_id: count for call_id, count in counts.items() if call_id not in deleted}
        return deleted


def _is_last(page: CallPage, end: int) -> bool:
    # If the API does not say whether more rows follow, or denies it while its total says otherwise, only an
    # empty page ends the list.
    return page.row_count == 0 or (page.has_next_page is False and (page.total_count or 0) <= end)
