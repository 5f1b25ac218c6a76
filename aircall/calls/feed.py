"""What changed in the log, in order, with positions. Knows nothing of Flask, sockets or storage.

A page takes the position before it reads its data. With it the feed answers what came after, or that it does
not know any more and the page has to be read again.
"""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice

from aircall.concurrency import call_safely
from aircall.models import Call

FEED_LENGTH = 1000


class ChangeKind(StrEnum):
    """What happened to a call in the log."""

    ADD = "add"
    UPDATE = "update"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Change:
    """One change; `call` is its new state, None where it was removed.

    `version` is the log's after this change was written down: of two changes of a call the greater is newer.
    """

    kind: ChangeKind
    call_id: str
    call: Call | None
    version: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A change and the position that the feed has with it."""

    change: Change
    position: str


class ChangeFeed:
    """The last `length` changes. Positions are opaque to everybody else: an epoch and a sequence number.

    Of each call only the last state is kept: nobody has a use for those before it.
    """

    def __init__(self, length: int = FEED_LENGTH) -> None:
        self._length = length
        # Of each change the call and what happened, oldest first; and by call the last entry.
        self._story: deque[tuple[str, ChangeKind]] = deque()
        self._last: dict[str, FeedEntry] = {}
        self._lock = threading.RLock()
        self._on_entry: list[Callable[[FeedEntry], None]] = []
        self._on_epoch: list[Callable[[str], None]] = []
        self._epoch = new_epoch()
        self._offset = 0

    def subscribe(self, on_entry: Callable[[FeedEntry], None], on_epoch: Callable[[str], None]) -> None:
        """Call `on_entry` with each change from now on, and `on_epoch` with the position of a new epoch.

        Both must return at once. What they raise is logged, and costs the other subscribers nothing.
        """
        self._on_entry.append(on_entry)
        self._on_epoch.append(on_epoch)

    @property
    def position(self) -> str:
        """Where the feed stands now. Take it before reading the data that it is to go with."""
        return f"{self._epoch}.{self._offset}"

    def append(self, change: Change) -> FeedEntry:
        """Add a change that is in the log already, and tell everybody who subscribed."""
        with self._lock:
            return self._add(change, self._offset + 1)

    def changes_after(self, position: str) -> list[FeedEntry] | None:
        """The changes after `position`, oldest first; None where the feed cannot know them all.

        Of several changes of a call the last one is told, with the kind that it has for who saw none of them.
        """
        epoch, offset = parts_of(position)
        with self._lock:
            oldest = self._offset - len(self._story)
            if epoch != self._epoch or not oldest <= offset <= self._offset:
                return None
            missed = list(islice(self._story, offset - oldest, None))
            # Backwards, each call has its place by its last change, and the kind of its first one.
            firsts = dict(reversed(missed))
            return [_as_one(self._last[call_id], kind) for call_id, kind in reversed(firsts.items())]

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let nothing be added inside the block: what is told in it comes before whatever follows."""
        with self._lock:
            yield

    def begin_epoch(self) -> None:
        """Forget everything: no position given out before is good any more, every page has to be reread."""
        with self._lock:
            self._begin(new_epoch(), 0)

    def _add(self, change: Change, offset: int) -> FeedEntry:
        self._offset = offset
        entry = FeedEntry(change, self.position)
        self._story.append((change.call_id, change.kind))
        self._last[change.call_id] = entry
        if len(self._story) > self._length:
            self._forget_oldest()
        for tell in self._on_entry:
            call_safely(tell, entry)
        return entry

    def _forget_oldest(self) -> None:
        call_id, _ = self._story.popleft()
        if parts_of(self._last[call_id].position)[1] == self._offset - len(self._story):
            del self._last[call_id]

    def _begin(self, epoch: str, offset: int) -> None:
        self._story.clear()
        self._last.clear()
        # In this order, so that whoever takes the position meanwhile gets no old number of the new epoch.
        self._offset = offset
        self._epoch = epoch
        for tell in self._on_epoch:
            call_safely(tell, self.position)


def _as_one(entry: FeedEntry, first: ChangeKind) -> FeedEntry:
    """Whether a call that is there now is new is told by what came first."""
    if entry.change.call is None:
        return entry
    kind = ChangeKind.ADD if first is ChangeKind.ADD else ChangeKind.UPDATE
    return replace(entry, change=replace(entry.change, kind=kind))


def parts_of(position: str) -> tuple[str, int]:
    """The epoch and the number of a position; -1 where that is none."""
    epoch, _, text = position.partition(".")
    return epoch, int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1


def new_epoch() -> str:
    """A name that no epoch has had before."""
    return secrets.token_hex(6)


# More changes at once than this, and it costs a page less to be read again than to follow them.
BURST_LIMIT = 100
