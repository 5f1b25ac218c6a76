"""How long to leave an API alone that takes no changes for now, and when to give up. Knows errors, clock."""

from time import monotonic

from aircall.errors import AircallError, CircuitOpenError, CrowdedError, RateLimitedError

# How long to wait, in seconds, for who does not say when to come back.
USUAL_PAUSE = 1.0
REFUSALS = (CrowdedError, RateLimitedError, CircuitOpenError)


def is_refusal(error: AircallError) -> bool:
    """Whether nothing was executed, for a reason that passes by itself."""
    return not error.is_executed_possible and (error.retry_after is not None or isinstance(error, REFUSALS))


class Patience:
    """Waits for `seconds` in all."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._pause_ends = 0.0
        # Since a refusal nothing has been taken: a single try finds out whether it has passed.
        self.is_probing = False

    @property
    def pause_left(self) -> float:
        """How long to begin nothing, in seconds."""
        return max(0.0, self._pause_ends - monotonic())

    def taken(self) -> None:
        """The API has dealt with a change, however that came out."""
        self.is_probing = False

    def refused(self, error: AircallError) -> bool:
        """Pause for as long as this refusal asks for; False where that is longer than patience lasts."""
        self.is_probing = True
        seconds = USUAL_PAUSE if error.retry_after is None else error.retry_after
        # Several changes may have met the same trouble at the same time.
        longer = max(0.0, seconds - self.pause_left)
        if longer > self._seconds:
            self._seconds = 0.0
            return False
        self._seconds -= longer
        self._pause_ends = monotonic() + max(seconds, self.pause_left)
        return True
