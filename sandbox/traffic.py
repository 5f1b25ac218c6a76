"""Colleagues who work on the same calls, and customers who call. Knows no HTTP."""

import time
from datetime import UTC, datetime
from random import Random
from threading import Thread

from sandbox.arrivals import new_call
from sandbox.generated import SENTENCES
from sandbox.upstream import Upstream


class Traffic(Thread):
    """Does something to a random call, or lets a new one come in, every `pace` seconds."""

    def __init__(self, upstream: Upstream, pace: float, seed: int) -> None:
        super().__init__(name="sandbox-traffic", daemon=True)
        self._upstream = upstream
        self._pace = pace
        self._random = Random(seed)

    def run(self) -> None:
        """Go on until the process ends."""
        while True:
            time.sleep(self._pace)
            self.act()

    def act(self) -> None:
        """One act: archive or move back, note, or a new call."""
        kind = self._random.choice(("archive", "archive", "note", "arrive"))
        call_id = self._some_call()
        if kind == "arrive" or call_id is None:
            self._upstream.arrive(new_call(self._random, datetime.now(UTC), {}))
        elif kind == "archive":
            self._upstream.flip_archive(call_id)
        else:
            self._upstream.add_note(call_id, self._random.choice(SENTENCES))

    def _some_call(self) -> str | None:
        with self._upstream.lock:
            count = len(self._upstream.calls)
            page = self._upstream.calls.page(self._random.randrange(count), 1) if count else []
        return page[0]["id"] if page else None
