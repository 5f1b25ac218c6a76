"""How long to wait before the next connection to the Pusher server. Knows no clock and no connection.

Hands calls over in a thread of its own: a slow taker never delays the link. Knows no connection.

The subscription to the Pusher channel, kept up: one connection after the other, and the state of the link.

Knows when to try again; knows no Flask, no storage, and no token but the signature that `authorize` returns.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import Queue
from threading import Event, Thread
from typing import Final, Literal

from aircall import metrics
from aircall.concurrency import call_safely
from aircall.errors import AircallError, NoLoginError
from aircall.models import Call
from aircall.pusher.connection import ConnectionEndedError, PusherConnection, PusherSettings
from aircall.status import LinkState, LinkStatus

# Waits are up to this factor longer, so that many dashboards do not come back at the same moment.
JITTER = 1.25


class Backoff:
    """The waits between connections. A link that drops again and again counts as a failure, too."""

    def __init__(self, settings: PusherSettings) -> None:
        self._settings = settings
        self._is_stable = True
        self._next = settings.retry_min

    def delay(self, live_for: float | None) -> float:
        """Seconds to wait after a connection that was live for so many seconds; None: it never was."""
        if live_for is not None and live_for >= self._settings.stable_after:
            self._is_stable, self._next = True, self._settings.retry_min
        if live_for is not None and self._is_stable:
            delay = self._settings.first_retry
        else:
            delay = min(self._next, self._settings.retry_max / JITTER)
            self._next = 2 * delay
        self._is_stable = False
        return delay * random.SystemRandom().uniform(1, JITTER)


GAP: Final = "gap"
END: Final = "end"
# A taker that needs longer for a single call does not come back any more (seconds).
STUCK_AFTER = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class QueuedEvent:
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


class EventQueue:
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
        self._queue: Queue[QueuedEvent | Literal["gap", "end"]] = Queue()
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
            self._queue.put(QueuedEvent(call, time.monotonic()))
            return
        if not self._is_gap_queued:
            log.warning("The taker of calls is too slow: dropping", extra={"dropped": self.dropped_count})
        self.dropped_count += 1
        metrics.EVENTS_IN.labels("dropped").inc()
        self.mark_gap()

    def mark_gap(self) -> None:
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

    def _hand_over(self, item: QueuedEvent | Literal["gap", "end"]) -> None:
        if isinstance(item, QueuedEvent):
            self._hand_over_call(item)
        else:
            # Before the callback: what is dropped while it runs is another gap.
            self._is_gap_queued = False
            call_safely(self._on_gap)

    def _hand_over_call(self, arrival: QueuedEvent) -> None:
        if call_safely(self._on_call, arrival.call):
            metrics.EVENT_AGE.observe(time.monotonic() - arrival.at)
        else:
            metrics.EVENTS_IN.labels("failed").inc()
            self._queue_gap()


__all__ = ["LinkState", "LinkStatus", "Listener", "PusherSettings"]


@dataclass
class _Run:
    """What belongs to the time between one start and its stop."""

    pump: EventQueue
    backoff: Backoff
    stopping: Event = field(default_factory=Event)
    waking: Event = field(default_factory=Event)
    thread: Thread = field(init=False)
    # Ends the connection there is.
    close_connection: Callable[[], None] = lambda: None


class Listener:
    """While started, tells of every changed call, and whenever some may have been missed.

    `authorize(socket_id, channel)` returns `key:signature` or raises an AircallError. `on_gap` and `on_call`
    are called in one thread, `on_gap` after every subscription and before its first call. `on_status` is
    called in another one, at every change. What these three raise is logged and does no harm: a call that
    `on_call` failed to take is followed by an `on_gap`.
    """

    def __init__(
        self,
        settings: PusherSettings,
        *,
        authorize: Callable[[str, str], str],
        on_call: Callable[[Call], None],
        on_gap: Callable[[], None],
        on_status: Callable[[LinkStatus], None],
    ) -> None:
        self._settings = settings
        self._authorize = authorize
        self._on_call = on_call
        self._on_gap = on_gap
        self._on_status = on_status
        self._lock = threading.Lock()
        self._run: _Run | None = None
        self._status = LinkStatus(LinkState.OFFLINE, datetime.now(UTC), "not started")

    @property
    def status(self) -> LinkStatus:
        """The state of the link now."""
        return self._status

    def start(self) -> None:
        """Subscribe and stay subscribed. Does nothing when started already."""
        with self._lock:
            if self._run is not None:
                return
            pump = EventQueue(self._on_call, self._on_gap, self._settings.queue_limit)
            self._run = run = _Run(pump=pump, backoff=Backoff(self._settings))
            run.thread = Thread(target=self._supervise, args=(run,), name="listener", daemon=True)
            pump.start()
            run.thread.start()

    def stop(self) -> None:
        """End the connection and call back no more. A callback that is running may outlast this."""
        with self._lock:
            run, self._run = self._run, None
            if run is None:
                return
            run.stopping.set()
            run.waking.set()
            run.pump.stop()
            run.close_connection()
            # It has yet to report that the link is offline. It may be the very one that called.
            if run.thread is not threading.current_thread():
                run.thread.join(timeout=1.0)

    def wake(self) -> None:
        """Try now instead of later: somebody has signed in."""
        run = self._run
        if run is not None:
            run.waking.set()

    def _supervise(self, run: _Run) -> None:
        self._publish(LinkState.RECONNECTING, "connecting")
        while (subscription := self._next_subscription(run)) is not None:
            delay = self._hold(run, subscription)
            # A part that nobody cuts short: many people signing in must not make us hammer the server.
            due = min(delay, self._settings.retry_min)
            if not run.stopping.wait(due):
                run.waking.wait(delay - due)
                run.waking.clear()
        self._publish(LinkState.OFFLINE, "stopped")

    def _next_subscription(self, run: _Run) -> PusherConnection | None:
        subscription = PusherConnection(
            self._settings,
            authorize=self._authorize,
            on_subscribed=run.pump.mark_gap,
            on_call=run.pump.put,
        )
        # In this order: `stop` either finds it to hang up, or is found here.
        run.close_connection = subscription.close
        return None if run.stopping.is_set() else subscription

    def _hold(self, run: _Run, subscription: PusherConnection) -> float:
        """Stay with one connection to its end. Returns how long to wait before the next, in seconds."""
        live_at: float | None = None
        try:
            subscription.open()
            live_at = time.monotonic()
            self._publish(LinkState.LIVE, "subscribed")
            subscription.watch()
        except (ConnectionEndedError, AircallError) as error:
            return self._report(run, error, live_at)
        finally:
            subscription.close()

    def _report(self, run: _Run, error: Exception, live_at: float | None) -> float:
        """Publish why the link is down. Returns how long to wait, in seconds."""
        if run.stopping.is_set():
            return 0.0
        if isinstance(error, NoLoginError):
            delay = self._settings.no_login_retry
            self._publish(LinkState.OFFLINE, "nobody is signed in", retry_in=delay)
            return delay
        reason = f"not authorized ({type(error).__name__})" if isinstance(error, AircallError) else str(error)
        delay = run.backoff.delay(None if live_at is None else time.monotonic() - live_at)
        self._publish(LinkState.RECONNECTING, reason, logging.WARNING, retry_in=delay)
        return delay

    def _publish(
        self, state: LinkState, reason: str, level: int = logging.INFO, retry_in: float | None = None
    ) -> None:
        before, now = self._status, datetime.now(UTC)
        since = before.since if state == before.state else now
        retry_at = None if retry_in is None else now + timedelta(seconds=retry_in)
        self._status = LinkStatus(state, since, reason, retry_at)
        if (state, reason) != (before.state, before.reason):
            log.log(level, "Live updates %s: %s", state, reason)
            call_safely(self._on_status, self._status)
