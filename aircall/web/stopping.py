"""What a worker does when the server begins to stop: it lets go of what does not end by itself."""

import signal
from types import FrameType

import gevent

from aircall.web.services import Services

# How often a worker that ends hangs up on pages that have come back (seconds).
HANG_UP_PAUSE = 0.2


def let_go_on_sigterm(built: Services) -> None:
    """When the server begins to stop, and waits, end what does not end by itself.

    Readings and sockets end at once; jobs begin nothing new, and write down what became of the rest.
    """
    end_worker = signal.getsignal(signal.SIGTERM)

    def let_go() -> None:
        built.archive_jobs.stop_all()
        built.keeper.step_back()
        # Connections are taken for another second, and a page that comes back by then would wait for the end.
        while True:
            built.live.close_all()
            gevent.sleep(HANG_UP_PAUSE)

    def handle(number: int, frame: FrameType | None) -> None:
        if callable(end_worker):
            end_worker(number, frame)
        # Starting a thread waits for it, which is an error where the signal finds gevent's own loop running.
        gevent.spawn(let_go)

    signal.signal(signal.SIGTERM, handle)
