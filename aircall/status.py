"""Records of state: of the link to the events, and of the synchronisation."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import msgspec


class LinkState(StrEnum):
    """LIVE: subscribed. RECONNECTING: trying. OFFLINE: stopped, or nobody is signed in to sign with."""

    LIVE = "live"
    RECONNECTING = "reconnecting"
    OFFLINE = "offline"


@dataclass(frozen=True)
class LinkStatus:
    """The state of the link, since when (UTC) it has been that, and in a few words why.

    `retry_at` is when the next connection is tried (UTC), None while there is one or nothing to wait for.
    """

    state: LinkState
    since: datetime
    reason: str
    retry_at: datetime | None = None


NOT_STARTED = LinkStatus(LinkState.OFFLINE, datetime.now(UTC), "not started")
# Who opened a page, of this process or another, counts as watching for so long.
WATCH_TIME = 60.0


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """How far a reading is: rows so far, and how many the API says there are, where it does plausibly."""

    read_count: int
    expected_count: int | None


class SyncError(msgspec.Struct, frozen=True):
    """Why the list could not be read: the error's class, and after how many seconds to try again.

    `is_ours` where it was no error of the API.
    """

    error: str
    is_ours: bool
    retry_after: float | None = None


class SyncStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the upkeep is: the link as pages are told of it and as the listener has it, and the readings.

    The list is fresh for so many seconds from when this was asked for.
    """

    link: LinkStatus
    listener: LinkStatus
    progress: SyncProgress
    trouble: SyncError | None
    fresh_for: float


class Role(msgspec.Struct, frozen=True):
    """Whether this process does the upkeep, and for how many seconds that has been so."""

    is_leader: bool
    age: float
