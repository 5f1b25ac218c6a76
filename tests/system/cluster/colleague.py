"""A colleague who goes on changing calls meanwhile, at the API itself."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.support.sandbox import Sandbox

# One change in so many seconds, and no more of them than this.
PACE, MOST_CHANGES = 0.15, 400


@contextmanager
def colleague_at_work(sandbox: Sandbox, call_ids: Sequence[str]) -> Iterator[threading.Event]:
    """Puts notes on these calls in turn until the end, or until the event is set that this gives.

    A call's notes become more and never fewer, so that of two of its states the older one can be told.
    """
    has_finished = threading.Event()
    # A connection of its own: the test uses the other.
    api = Sandbox(sandbox.url)

    def work() -> None:
        for number in range(MOST_CHANGES):
            if has_finished.wait(PACE):
                return
            api.add_note(call_ids[number % len(call_ids)], f"note {number}")

    thread = threading.Thread(target=work, name="colleague", daemon=True)
    thread.start()
    try:
        yield has_finished
    finally:
        has_finished.set()
        thread.join()
        api.close()
