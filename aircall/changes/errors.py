"""Errors of changing a call, besides those of the API, and how they are kept in a job's record.

AircallError
├── ConflictError           another client keeps changing the same call to the opposite
├── UnconfirmedError        a change of unknown outcome was not seen in time
├── ChangedSinceError       the call was changed since: an undo left it alone
└── BusyError               another change of the same call is in progress: nothing was sent
"""

from collections.abc import Sequence

import msgspec

from aircall.errors import AircallError, InvalidRequestError
from aircall.models import Call


class ConflictError(AircallError):
    """Another client keeps changing the same call to the opposite. `last_seen` is its current state."""

    def __init__(self, message: str, *, last_seen: Call) -> None:
        super().__init__(message)
        self.last_seen = last_seen


class UnconfirmedError(AircallError):
    """A change of unknown outcome was not seen in time. `last_seen` is the call as last read, if it was."""

    is_executed_possible = True

    def __init__(self, message: str, *, last_seen: Call | None) -> None:
        super().__init__(message)
        self.last_seen = last_seen


class ChangedSinceError(AircallError):
    """The call has changed since the change that was to be undone. Nothing was sent."""


class BusyError(AircallError):
    """Another change of the same call is in progress. Nothing was sent."""


class FailureReason(msgspec.Struct, frozen=True):
    """Why a change failed; `error` is the class name of an AircallError, or empty for an internal error."""

    error: str
    retry_after: float | None = None
    messages: Sequence[str] = ()

    @classmethod
    def of(cls, error: Exception) -> "FailureReason":
        """Return the reason that describes this error."""
        if not isinstance(error, AircallError):
            return cls("")
        messages = error.messages if isinstance(error, InvalidRequestError) else ()
        return cls(type(error).__name__, error.retry_after, messages)

    def to_text(self) -> str:
        """Return the reason as JSON."""
        return msgspec.json.encode(self).decode()
