"""How long to wait before the next connection to the Pusher server. Knows no clock and no connection."""

import random

from aircall.pusher import PusherSettings

# Waits are up to this factor longer, so that many dashboards do not come back at the same moment.
JITTER = 1.25


class Backoff:
    """The waits between connections. A link that drops again and again counts as a failure, too."""

    def __init__(self, settings: PusherSettings) -> None:
        self._settings = settings
        self._is_calm = True
        self._next = settings.retry_min

    def delay(self, live_for: float | None) -> float:
        """Seconds to wait after a connection that was live for so many seconds; None: it never was."""
        if live_for is not None and live_for >= self._settings.calm_after:
            self._is_calm, self._next = True, self._settings.retry_min
        if live_for is not None and self._is_calm:
            delay = self._settings.first_retry
        else:
            delay = min(self._next, self._settings.retry_max / JITTER)
            self._next = 2 * delay
        self._is_calm = False
        return delay * random.SystemRandom().uniform(1, JITTER)
