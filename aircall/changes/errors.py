"""Errors of changing calls, beside those of the API itself."""

from aircall.errors import AircallError
from aircall.models import Call


class ConflictError(AircallError):
    """Somebody else keeps changing the same call to the contrary. `last_seen` is the call as it is now."""

    def __init__(self, message: str, *, last_seen: Call) -> None:
        super().__init__(message)
        self.last_seen = last_seen


class UnconfirmedError(AircallError):
    """A change of unknown fate was not seen in time. `last_seen` is the call as last read, if it was."""

    is_executed_possible = True

    def __init__(self, message: str, *, last_seen: Call | None) -> None:
        super().__init__(message)
        self.last_seen = last_seen


class ChangedSinceError(AircallError):
    """The call was changed since our own change, so that this one was not taken back. Nothing was sent."""


class BusyError(AircallError):
    """Another change of the same call is still under way here; nothing was sent."""
