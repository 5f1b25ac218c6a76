"""Hands calls over in a thread of its own: a slow taker never delays the link. Knows no connection."""

import logging
import traceback
from collections.abc import Callable
from queue import Queue
from threading import Thread
from typing import Final, Literal

from aircall.models import Call

GAP: Final = "gap"
END: Final = "end"

log = logging.getLogger(__name__)


class Pump:
    """Calls `on_call` for each call put in, and `on_gap` where some may be missing, in order, until stopped.

    At most `limit` calls wait. Further ones are dropped, and one `on_gap` follows for all of them.
    """

    def __init__(self, on_call: Callable[[Call], None], on_gap: Callable[[], None], limit: int) -> None:
        self._on_call = on_call
        self._on_gap = on_gap
        self._limit = limit
        self._queue: Queue[Call | Literal["gap", "end"]] = Queue()
        self._is_gap_queued = False
        self._is_stopped = False
        self.dropped_count = 0

    def start(self) -> None:
        """Begin handing over."""
        Thread(target=self._run, name="listener-pump", daemon=True).start()

    def stop(self) -> None:
        """Hand over nothing more, not even what waits. A callback that is running may outlast this."""
        self._is_stopped = True
        self._queue.put(END)

    def put(self, call: Call) -> None:
        """Hand over a call, or drop it where too many wait. Returns at once."""
        if self._queue.qsize() < self._limit:
            self._queue.put(call)
            return
        if not self._is_gap_queued:
            log.warning(
                "The taker of calls is too slow: dropping, after %d dropped so far", self.dropped_count
            )
        self.dropped_count += 1
        self.put_gap()

    def put_gap(self) -> None:
        """Report a gap. One that still waits stands for all gaps until then."""
        if not self._is_gap_queued:
            self._is_gap_queued = True
            self._queue.put(GAP)

    def _run(self) -> None:
        while (item := self._queue.get()) != END and not self._is_stopped:
            if isinstance(item, Call):
                call_safely(self._on_call, item)
            else:
                # Before the callback: what is dropped while it runs is another gap.
                self._is_gap_queued = False
                call_safely(self._on_gap)


def call_safely(callback: Callable[..., None], *args: object) -> None:
    """Call somebody else's function. What it raises is logged by place and type, and goes no further."""
    try:
        callback(*args)
    except Exception as error:
        # Its text might quote a note, and without the thread nothing would arrive any more.
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.error("A callback failed: %s in %s:%s", type(error).__name__, place.filename, place.lineno)
