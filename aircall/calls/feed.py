"""The change feed: the latest changes to the replica, in order, each at a stream position.

A page takes the position before it reads its data, and later asks for the changes after that position. If the
feed cannot give all of them, the page has to be read again. The design is Centrifugo's: an offset counts the
changes, and a new epoch invalidates every position of the previous ones.
"""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import Self

from aircall import metrics
from aircall.concurrency import call_all
from aircall.models import Call

# Changes that the feed keeps.
FEED_LENGTH = 1000
# Changes at once. Above this, reading a page again is cheaper than applying the changes one by one.
BURST_LIMIT = 100
# Digits of an offset that may be parsed: it fits into 64 bits.
MAX_OFFSET_LENGTH = 19


class ChangeKind(StrEnum):
    """What happened to a call in the replica."""

    ADD = "add"
    UPDATE = "update"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one call; `call` is its new state, None if it was removed.

    `version` is the version of the call store with this write: of two changes of a call, the greater is
    newer.
    """

    kind: ChangeKind
    call_id: str
    call: Call | None
    version: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class StreamPosition:
    """A position in the feed. Everything outside the feed handles it as opaque text, `epoch.offset`."""

    epoch: str
    offset: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the position that this text stands for, or None if it is malformed."""
        epoch, _, offset = text.partition(".")
        if not offset.isascii() or not offset.isdecimal() or len(offset) > MAX_OFFSET_LENGTH:
            return None
        return cls(epoch, int(offset))


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A change, and the text of the stream position after it."""

    change: Change
    position: str


class ChangeFeed:
    """The last `length` changes, with only the latest state of each call."""

    def __init__(self, length: int = FEED_LENGTH) -> None:
        self._length = length
        # The call id and kind of each change, oldest first.
        self._changes: deque[tuple[str, ChangeKind]] = deque()
        # The offset and entry of the latest change, by call id.
        self._latest: dict[str, tuple[int, FeedEntry]] = {}
        self._lock = threading.RLock()
        self._on_entry: list[Callable[[FeedEntry], None]] = []
        self._on_epoch: list[Callable[[str], None]] = []
        self._epoch = new_epoch()
        self._offset = 0

    def subscribe(self, on_entry: Callable[[FeedEntry], None], on_epoch: Callable[[str], None]) -> None:
        """Call `on_entry` with each change from now on, and `on_epoch` with the position of each new epoch.

        Neither may block. Exceptions that they raise are logged and do not reach other subscribers.
        """
        self._on_entry.append(on_entry)
        self._on_epoch.append(on_epoch)

    @property
    def position(self) -> str:
        """The current stream position as text. Take it before reading the data that it belongs to."""
        return str(StreamPosition(self._epoch, self._offset))

    def append(self, change: Change) -> FeedEntry:
        """Publish a change. It has to be written to the call store already."""
        with self._lock:
            return self._add(change, self._offset + 1)

    def changes_after(self, position: str) -> list[FeedEntry] | None:
        """Return the changes after `position`, oldest first, or None if the feed does not have all of them.

        Several changes of a call are merged into its latest one, with the kind that fits the state at
        `position`.
        """
        start = StreamPosition.parse(position)
        with self._lock:
            oldest = self._offset - len(self._changes)
            if start is None or start.epoch != self._epoch or not oldest <= start.offset <= self._offset:
                return None
            missed = list(islice(self._changes, start.offset - oldest, None))
            # Reversed, each call stands at its latest change and has the kind of its first one.
            first_kinds = dict(reversed(missed))
            return [
                _merged(self._latest[call_id][1], kind) for call_id, kind in reversed(first_kinds.items())
            ]

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Block `append` inside the `with` block, so that what is sent in it precedes all later changes."""
        with self._lock:
            yield

    def begin_epoch(self) -> None:
        """Invalidate every position given out so far, so that every page is read again."""
        metrics.FEED_EPOCHS.inc()
        with self._lock:
            self._begin(new_epoch(), 0)

    def _add(self, change: Change, offset: int) -> FeedEntry:
        self._offset = offset
        entry = FeedEntry(change, self.position)
        self._changes.append((change.call_id, change.kind))
        self._latest[change.call_id] = (offset, entry)
        if len(self._changes) > self._length:
            self._drop_oldest()
        call_all(self._on_entry, entry)
        return entry

    def _drop_oldest(self) -> None:
        call_id, _ = self._changes.popleft()
        if self._latest[call_id][0] == self._offset - len(self._changes):
            del self._latest[call_id]

    def _begin(self, epoch: str, offset: int) -> None:
        self._changes.clear()
        self._latest.clear()
        # The offset first: `position`, read without the lock, must never give an old offset in the new epoch.
        self._offset = offset
        self._epoch = epoch
        call_all(self._on_epoch, self.position)


def new_epoch() -> str:
    """Return a unique name for an epoch."""
    return secrets.token_hex(6)


def _merged(latest: FeedEntry, first_kind: ChangeKind) -> FeedEntry:
    if latest.change.call is None:
        return latest
    # A call that was first updated or removed existed at the start.
    kind = ChangeKind.ADD if first_kind is ChangeKind.ADD else ChangeKind.UPDATE
    return replace(latest, change=replace(latest.change, kind=kind))
