"""Records of state: the link to the Pusher channel, the sync of the call list, and roles."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

import msgspec

# Seconds. After a request for the list, a process counts as watched for this long.
WATCH_TIME = 60.0

# The usernames of the people who view a call, by call id.
Viewers = Mapping[str, Sequence[str]]


class LinkState(StrEnum):
    """LIVE: subscribed. RECONNECTING: trying. OFFLINE: stopped, or there is no login to subscribe with."""

    LIVE = "live"
    RECONNECTING = "reconnecting"
    OFFLINE = "offline"


class TroubleKind(StrEnum):
    """SILENT: the API does not answer. UNREADABLE: it does, but the call list could not be read."""

    SILENT = "silent"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class ApiTrouble:
    """What is wrong with the API, and since when (UTC)."""

    kind: TroubleKind
    since: datetime


@dataclass(frozen=True)
class LinkStatus:
    """State of the link, the time (UTC) of its last change, and the reason in a few words.

    `retry_at` is the time (UTC) of the next attempt to connect; None if there is nothing to wait for.
    `trouble` is the API's, which may have some while the link is up.
    """

    state: LinkState
    since: datetime
    reason: str
    retry_at: datetime | None = None
    trouble: ApiTrouble | None = None


NOT_STARTED = LinkStatus(LinkState.OFFLINE, datetime.now(UTC), "not started")


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """Rows read by the current full sync, and how many the API says there are; None if not plausible."""

    read_count: int
    expected_count: int | None


class SyncError(msgspec.Struct, frozen=True):
    """Reason why the last full sync failed: the class name of the error, and seconds until a retry.

    `is_internal` if it was not an error of the API.
    """

    name: str
    is_internal: bool
    retry_after: float | None = None


class SyncStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Status of the sync. `link` is what pages show, `listener` the state of the subscription alone.

    `fresh_for` is how many seconds the replica will count as fresh, from the time of the query.
    """

    link: LinkStatus
    listener: LinkStatus
    progress: SyncProgress
    error: SyncError | None
    fresh_for: float


class Role(msgspec.Struct, frozen=True):
    """Whether this process is the leader, and for how many seconds that has been so."""

    is_leader: bool
    age: float


class Audience(Protocol):
    """The open pages of this process, and the calls that people view in them."""

    @property
    def page_count(self) -> int:
        """Number of open pages of this process."""

    @property
    def viewers(self) -> Viewers:
        """Viewers of each call in this process."""

    def set_remote(self, viewers: Mapping[str, Viewers]) -> None:
        """Replace the viewers in other processes, by process id."""

    def on_change(self, handler: Callable[[], None]) -> None:
        """Call `handler` when `viewers` has changed. It must return at once."""
