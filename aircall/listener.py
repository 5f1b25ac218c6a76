"""The subscription to the Pusher channel, kept up: one connection after the other, and the state of the link.

Knows when to try again; knows no Flask, no storage, and no token but the signature that `authorize` returns.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

from aircall.backoff import Backoff
from aircall.concurrency import call_safely
from aircall.errors import AircallError, NoLoginError
from aircall.models import Call
from aircall.pump import Pump
from aircall.pusher import PusherSettings
from aircall.status import LinkState, LinkStatus
from aircall.subscription import Subscription, SubscriptionEndedError

__all__ = ["LinkState", "LinkStatus", "Listener", "PusherSettings"]

log = logging.getLogger(__name__)


@dataclass
class _Run:
    """What belongs to the time between one start and its stop."""

    pump: Pump
    backoff: Backoff
    stopping: Event = field(default_factory=Event)
    waking: Event = field(default_factory=Event)
    thread: Thread = field(init=False)
    # Ends the connection there is.
    hang_up: Callable[[], None] = lambda: None


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
            pump = Pump(self._on_call, self._on_gap, self._settings.queue_limit)
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
            run.hang_up()
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

    def _next_subscription(self, run: _Run) -> Subscription | None:
        subscription = Subscription(
            self._settings,
            authorize=self._authorize,
            on_subscribed=run.pump.put_gap,
            on_call=run.pump.put,
        )
        # In this order: `stop` either finds it to hang up, or is found here.
        run.hang_up = subscription.close
        return None if run.stopping.is_set() else subscription

    def _hold(self, run: _Run, subscription: Subscription) -> float:
        """Stay with one connection to its end. Returns how long to wait before the next, in seconds."""
        live_at: float | None = None
        try:
            subscription.open()
            live_at = time.monotonic()
            self._publish(LinkState.LIVE, "subscribed")
            subscription.watch()
        except (SubscriptionEndedError, AircallError) as error:
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
