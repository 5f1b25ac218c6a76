"""Hands calls over in a thread of its own: a slow taker never delays the link. Knows no connection."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Queue
from typing import Final, Literal

from aircall import metrics
from aircall.concurrency import call_safely
from aircall.models import Call

GAP: Final = "gap"
END: Final = "end"
# A taker that needs longer for a single call does not come back any more (seconds).
STUCK_AFTER = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A call that waits, and since when."""

    call: Call
    at: float


@dataclass(eq=False)
class _Worker:
    """One thread that hands over, and since when it has been busy with the same item."""

    thread: threading.Thread = field(init=False)
    busy_since: float | None = None

    def is_lost(self, stuck_after: float) -> bool:
        """Whether nothing is to be expected of it any more."""
        since = self.busy_since
        return not self.thread.is_alive() or (since is not None and time.monotonic() > since + stuck_after)


class Pump:
    """Calls `on_call` for each call put in, and `on_gap` where some may be missing, in order, until stopped.

    At most `limit` calls wait. Further ones are dropped, and one `on_gap` follows for all of them. It also
    follows a call that `on_call` failed to take, and a thread that had to be replaced.
    """

    def __init__(
        self,
        on_call: Callable[[Call], None],
        on_gap: Callable[[], None],
        limit: int,
        stuck_after: float = STUCK_AFTER,
    ) -> None:
        self._on_call = on_call
        self._on_gap = on_gap
        self._limit = limit
        self._stuck_after = stuck_after
        self._queue: Queue[_Arrival | Literal["gap", "end"]] = Queue()
        self._worker: _Worker | None = None
        self._given_up: _Worker | None = None
        self._is_gap_queued = False
        self._is_stopped = False
        self.dropped_count = 0

    def start(self) -> None:
        """Begin handing over."""
        self._worker = worker = _Worker()
        worker.thread = threading.Thread(target=self._run, args=(worker,), name="listener-pump", daemon=True)
        worker.thread.start()

    def stop(self) -> None:
        """Hand over nothing more, not even what waits. A callback that is running may outlast this."""
        self._is_stopped = True
        self._queue.put(END)

    def put(self, call: Call) -> None:
        """Hand over a call, or drop it where too many wait. Returns at once."""
        self._replace_lost_worker()
        if self._queue.qsize() < self._limit:
            self._queue.put(_Arrival(call, time.monotonic()))
            return
        if not self._is_gap_queued:
            log.warning("The taker of calls is too slow: dropping", extra={"dropped": self.dropped_count})
        self.dropped_count += 1
        metrics.EVENTS_IN.labels("dropped").inc()
        self.put_gap()

    def put_gap(self) -> None:
        """Report a gap. One that still waits stands for all gaps until then."""
        self._replace_lost_worker()
        self._queue_gap()

    def _queue_gap(self) -> None:
        if not self._is_gap_queued:
            self._is_gap_queued = True
            self._queue.put(GAP)

    def _replace_lost_worker(self) -> None:
        """Go on in another thread; while one that was given up still hangs, in no third one."""
        worker, given_up = self._worker, self._given_up
        if worker is None or self._is_stopped or not worker.is_lost(self._stuck_after):
            return
        if given_up is None or not given_up.thread.is_alive():
            log.error("The taker of calls does not come back: going on without it")
            self._given_up = worker
            self.start()
            # What it was busy with may be lost.
            self._queue_gap()

    def _run(self, worker: _Worker) -> None:
        while self._worker is worker and (item := self._queue.get()) != END and not self._is_stopped:
            worker.busy_since = time.monotonic()
            self._hand_over(item)
            worker.busy_since = None

    def _hand_over(self, item: _Arrival | Literal["gap", "end"]) -> None:
        if isinstance(item, _Arrival):
            self._hand_over_call(item)
        else:
            # Before the callback: what is dropped while it runs is another gap.
            self._is_gap_queued = False
            call_safely(self._on_gap)

    def _hand_over_call(self, arrival: _Arrival) -> None:
        if call_safely(self._on_call, arrival.call):
            metrics.EVENT_AGE.observe(time.monotonic() - arrival.at)
        else:
            metrics.EVENTS_IN.labels("failed").inc()
            self._queue_gap()
