"""Keeps one connection to the Pusher channel up: backoff, event queue and link status."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import Full, Queue
from threading import Event, Lock

from aircall import metrics
from aircall.concurrency import BackgroundThread, call_safely
from aircall.errors import AircallError, NoLoginError
from aircall.models import CallEvent
from aircall.pusher.connection import ConnectionEndedError, PusherConnection, PusherSettings
from aircall.status import LinkState, LinkStatus

log = logging.getLogger(__name__)

# Waits are longer by a random factor up to this, so that many dashboards do not reconnect at once.
JITTER = 1.25
# Seconds that `stop` waits for the last status to be published.
STOP_TIMEOUT = 1.0
# Reason of the first status.
CONNECTING = "connecting"


class Listener:
    """Subscriber of the Pusher channel: reports changed calls, and gaps in which events may have been lost.

    `authorize(socket_id, channel)` returns `key:signature` or raises an AircallError. `on_gap` and `on_call`
    are called in one thread; `on_gap` after every subscription and before its first call, and after a call
    that `on_call` failed to handle. `on_status` is called in another thread, at every change. Errors of these
    three are logged.
    """

    def __init__(
        self,
        settings: PusherSettings,
        *,
        authorize: Callable[[str, str], str],
        on_call: Callable[[CallEvent], None],
        on_gap: Callable[[], None],
        on_status: Callable[[LinkStatus], None],
    ) -> None:
        self._settings = settings
        self._authorize = authorize
        self._on_call = on_call
        self._on_gap = on_gap
        self._on_status = on_status
        self._lock = Lock()
        self._run: _Run | None = None
        self._status = LinkStatus(LinkState.OFFLINE, datetime.now(UTC), "not started")

    @property
    def status(self) -> LinkStatus:
        """Current state of the link."""
        return self._status

    def start(self) -> None:
        """Subscribe and stay subscribed. Does nothing if started."""
        with self._lock:
            if self._run is None:
                self._run = _Run(self._settings, self._on_call, self._on_gap, self._supervise)
                self._run.start()

    def stop(self) -> None:
        """Close the connection and call back no more. A callback that is running may outlast this."""
        with self._lock:
            run, self._run = self._run, None
            if run is not None:
                run.stop()

    def wake(self) -> None:
        """Reconnect now instead of later: a person has logged in."""
        run = self._run
        if run is not None:
            run.waking.set()

    def _supervise(self, run: "_Run", stopping: Event) -> None:
        self._publish(LinkState.RECONNECTING, CONNECTING, logging.DEBUG)
        while (connection := self._next_connection(run, stopping)) is not None:
            delay = self._hold(run, connection, stopping)
            # The minimum that `wake` cannot shorten: many logins must not hammer the server.
            minimum = min(delay, self._settings.retry_min)
            if not stopping.wait(minimum):
                run.waking.wait(delay - minimum)
                run.waking.clear()
        self._publish(LinkState.OFFLINE, "stopped")

    def _next_connection(self, run: "_Run", stopping: Event) -> PusherConnection | None:
        connection = PusherConnection(
            self._settings,
            authorize=self._authorize,
            on_subscribed=run.queue.mark_gap,
            on_call=run.queue.put,
        )
        # In this order: `stop` either finds the connection to close, or is found here.
        run.connection = connection
        return None if stopping.is_set() else connection

    def _hold(self, run: "_Run", connection: PusherConnection, stopping: Event) -> float:
        """Stay with one connection until it ends; return the seconds to wait before the next."""
        live_at: float | None = None
        try:
            connection.open()
            live_at = time.monotonic()
            self._publish(LinkState.LIVE, "subscribed")
            connection.watch()
        except (ConnectionEndedError, AircallError) as error:
            return 0.0 if stopping.is_set() else self._report(run, error, live_at)
        finally:
            connection.close()

    def _report(self, run: "_Run", error: Exception, live_at: float | None) -> float:
        """Publish why the link is down; return the seconds to wait."""
        if isinstance(error, NoLoginError):
            delay = self._settings.no_login_retry
            # At the start that is no news.
            level = logging.DEBUG if self._status.reason == CONNECTING else logging.INFO
            self._publish(LinkState.OFFLINE, "nobody is logged in", level, retry_in=delay)
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


class _Run:
    """What belongs to one start of the listener."""

    def __init__(
        self,
        settings: PusherSettings,
        on_call: Callable[[CallEvent], None],
        on_gap: Callable[[], None],
        supervise: Callable[["_Run", Event], None],
    ) -> None:
        self.queue = EventQueue(on_call, on_gap, settings.queue_limit)
        self.backoff = Backoff(settings)
        self.waking = Event()
        self.connection: PusherConnection | None = None
        self._thread = BackgroundThread("listener", lambda stopping: supervise(self, stopping))

    def start(self) -> None:
        self.queue.start()
        self._thread.start()

    def stop(self) -> None:
        self.queue.stop()
        # The connection may be made just now: it is closed by whichever side sees the other first.
        self._thread.stop()
        self.waking.set()
        if self.connection is not None:
            self.connection.close()
        self._thread.join(STOP_TIMEOUT)


class Backoff:
    """Exponential backoff between connections. A link that drops repeatedly counts as a failure, too."""

    def __init__(self, settings: PusherSettings) -> None:
        self._settings = settings
        self._is_stable = True
        self._next = settings.retry_min

    def delay(self, live_for: float | None) -> float:
        """Return the seconds to wait after a connection that was live for so many seconds; None: never."""
        if live_for is not None and live_for >= self._settings.stable_after:
            self._is_stable, self._next = True, self._settings.retry_min
        if live_for is not None and self._is_stable:
            delay = self._settings.first_retry
        else:
            delay = min(self._next, self._settings.retry_max / JITTER)
            self._next = 2 * delay
        self._is_stable = False
        return delay * random.SystemRandom().uniform(1, JITTER)


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """A call, and when it arrived by the monotonic clock (seconds)."""

    call: CallEvent
    at: float


class EventQueue:
    """Queue between the Pusher thread and the replica, so that a slow database does not delay pings.

    Calls `on_call` for each call and `on_gap` for each gap, in one thread, until stopped. When the queue is
    full, calls are dropped, which is a gap. Gaps that have not been reported yet are coalesced.
    """

    def __init__(self, on_call: Callable[[CallEvent], None], on_gap: Callable[[], None], limit: int) -> None:
        self._on_call = on_call
        self._on_gap = on_gap
        # None wakes the thread.
        self._queue: Queue[QueuedEvent | None] = Queue(limit)
        self._is_gap = False
        self._thread = BackgroundThread("listener-queue", self._run)
        self.dropped_count = 0

    def start(self) -> None:
        """Start handling events."""
        self._thread.start()

    def stop(self) -> None:
        """Handle no more events, not even queued ones. A callback that is running may outlast this."""
        self._thread.stop()
        self._wake()

    def put(self, call: CallEvent) -> None:
        """Queue a call, or drop it if the queue is full. Does not block."""
        try:
            self._queue.put_nowait(QueuedEvent(call, time.monotonic()))
        except Full:
            self.dropped_count += 1
            if not self._is_gap:
                log.warning("The event queue is full: dropping", extra={"dropped": self.dropped_count})
            metrics.EVENTS_IN.labels("dropped").inc()
            self.mark_gap()

    def mark_gap(self) -> None:
        """Report a gap before the next call. Does not block."""
        self._is_gap = True
        self._wake()

    def _wake(self) -> None:
        try:
            self._queue.put_nowait(None)
        except Full:
            # The thread is awake.
            return

    def _run(self, stopping: Event) -> None:
        while not stopping.is_set():
            event = self._queue.get()
            if stopping.is_set():
                return
            if self._is_gap:
                # Reset before the callback: what is dropped meanwhile is another gap.
                self._is_gap = False
                call_safely(self._on_gap)
            if event is not None:
                self._handle(event)

    def _handle(self, event: QueuedEvent) -> None:
        if call_safely(self._on_call, event.call):
            metrics.EVENT_AGE.observe(time.monotonic() - event.at)
        else:
            metrics.EVENTS_IN.labels("failed").inc()
            self.mark_gap()
