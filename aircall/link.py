"""How good our link to the API's news is, both halves of it: the events, and what was missed before them.

Knows the listener's states and whether the list has been read since; knows nothing of who shows that.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from aircall import metrics
from aircall.background import Background
from aircall.status import NOT_STARTED, LinkState, LinkStatus


class Link:
    """Tells the state that is true for people who look: live only while nothing is missing.

    While it is live, its `since` is when that began; while it is not, when it was last live, or the start.
    """

    def __init__(self, background: Background, tell: Callable[[LinkStatus], None]) -> None:
        self._background = background
        self._tell = tell
        self._lock = threading.Lock()
        self._events: LinkStatus | None = None
        self._told: LinkStatus | None = None
        # The listener reports the gap before a subscription just after it has reported the subscription.
        self._is_gap_to_come = True

    @property
    def status(self) -> LinkStatus:
        """What was told last."""
        return self._told or NOT_STARTED

    def on_status(self, status: LinkStatus) -> None:
        """The listener's state has changed."""
        with self._lock:
            self._events = status
            self._is_gap_to_come |= status.state is not LinkState.LIVE
            self._report()

    def on_gap(self) -> None:
        """Events may have been lost, so that the list has to be read again."""
        self._background.request()
        with self._lock:
            self._is_gap_to_come = False
            self._report()

    def on_doubt(self) -> None:
        """A call may be shown wrongly, and no event will put it right: the list has to be read again."""
        self._background.request()
        with self._lock:
            self._report()

    def on_read(self) -> None:
        """The list has been read."""
        with self._lock:
            self._report()

    def _report(self) -> None:
        if self._events is None:
            return
        status = self._events
        if status.state is LinkState.LIVE and (self._is_gap_to_come or self._background.is_behind):
            status = replace(status, state=LinkState.RECONNECTING, reason="reading what was missed")
        if self._told is None or (status.state, status.reason) != (self._told.state, self._told.reason):
            self._count(status.state)
            self._told = replace(status, since=self._since(status.state))
            self._tell(self._told)

    def _count(self, state: LinkState) -> None:
        metrics.LINK_LIVE.set(state is LinkState.LIVE)
        if self._told is None or state is not self._told.state:
            metrics.LINK_CHANGES.labels(state).inc()

    def _since(self, state: LinkState) -> datetime:
        """Since when it has been live, or has not been: one kind of trouble may follow the other."""
        told = self._told
        is_same = told is not None and (told.state is LinkState.LIVE) == (state is LinkState.LIVE)
        return told.since if told is not None and is_same else datetime.now(UTC)
