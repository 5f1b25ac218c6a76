"""Takes over into the mirror what a reading finds, telling pages no more than they can follow."""

from collections.abc import Sequence

from aircall.calls.replica import Mirror
from aircall.concurrency import give_way
from aircall.models import Call

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
