"""Turns of the event loop: many requests at once do not keep the process from answering others.

gevent's loop begins all that has arrived before it looks at its sockets again. Two hundred pages of 10 ms
each would so keep /healthz, which takes none, waiting for two seconds. Here requests of a turn that has
taken long wait for the next ones, in the order of their arrival; what is cheap does not wait.
"""

from collections import deque
from time import monotonic

import gevent
from gevent.event import Event

# Seconds of a turn after which no further request is begun in it.
LONGEST_TURN = 0.025
# Seconds. gevent looks at its sockets during any pause that is not 0.
PAUSE = 0.0005


class Turns:
    """Lets requests begin, some in each turn of this thread's event loop."""

    def __init__(self) -> None:
        self._began_at = 0.0
        self._waiting: deque[Event] = deque()
        # Does not keep the loop alive.
        self._watcher = gevent.get_hub().loop.check(ref=False)
        self._watcher.start(self._begin)

    def wait(self) -> None:
        """Return when a request may begin."""
        if not self._waiting and monotonic() - self._began_at < LONGEST_TURN:
            return
        place = Event()
        self._waiting.append(place)
        if len(self._waiting) == 1:
            gevent.spawn(self._call)
        place.wait()

    def _begin(self) -> None:
        self._began_at = monotonic()

    def _call(self) -> None:
        while self._waiting:
            gevent.sleep(PAUSE)
            is_first = True
            # One in any turn, however long others have taken in it.
            while self._waiting and (is_first or monotonic() - self._began_at < LONGEST_TURN):
                is_first = False
                self._waiting.popleft().set()
                # It runs before this goes on, until it waits for something or is done.
                gevent.sleep(0)
