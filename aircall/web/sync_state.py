"""How complete and how old the mirrored list is, in the words of the page that shows it."""

from dataclasses import dataclass
from datetime import datetime

from aircall.status import Trouble
from aircall.web.error_messages import sentence_of, trouble
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
    services().upkeep.ensure_fresh(FRESH_WAIT)


def sync_state() -> SyncState:
    """The state now."""
    as_of = services().mirror.log.synchronised_at
    state = services().upkeep.state
    return SyncState(
        is_complete=as_of is not None,
        read_count=state.progress.read_count if state else 0,
        expected_count=state.progress.expected_count if state else None,
        as_of=as_of,
        problem=_problem(state.trouble if state else None),
    )


def _problem(found: Trouble | None) -> str:
    if found is None:
        return ""
    return trouble() if found.is_ours else sentence_of(found.error, found.retry_after)
