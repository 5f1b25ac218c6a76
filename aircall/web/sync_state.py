"""How complete and how old the mirrored list is, in the words of the page that shows it."""

from dataclasses import dataclass
from datetime import datetime

from aircall.errors import AircallError
from aircall.web.error_words import sentence_for, trouble
from aircall.web.services import services

# A page waits so long, in seconds, for the list to be read again before it shows what is known.
FRESH_WAIT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """The state of the mirrored list. `problem` is empty, or why it may be out of date."""

    is_complete: bool
    read_count: int
    expected_count: int | None
    as_of: datetime | None
    problem: str


def await_fresh_list() -> None:
    """Return when the mirrored list is as fresh as it is kept, or when nobody should wait any longer."""
    services().background.ensure_fresh(FRESH_WAIT)


def sync_state() -> SyncState:
    """The state now."""
    as_of = services().mirror.log.synchronised_at
    progress = services().synchronisation.progress
    return SyncState(
        is_complete=as_of is not None,
        read_count=progress.read_count,
        expected_count=progress.expected_count,
        as_of=as_of,
        problem=_problem(services().background.last_error),
    )


def _problem(error: Exception | None) -> str:
    if error is None:
        return ""
    return sentence_for(error) if isinstance(error, AircallError) else trouble()
