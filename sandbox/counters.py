"""How often clients did what, so that tests can tell what reached the API. Knows nothing of the doing."""

from collections import Counter
from enum import StrEnum
from threading import Lock


class Counted(StrEnum):
    """What is counted. `requests` are all that reached the API, whether a fault met them or not."""

    REQUESTS = "requests"
    UNAUTHORIZED = "unauthorized"
    LOGINS = "logins"
    REFRESHES = "refreshes"
    DEPRECATED_REFRESHES = "deprecated_refreshes"
    LIST_READS = "list_reads"
    ROWS_SENT = "rows_sent"
    CALL_READS = "call_reads"
    NOTES_ADDED = "notes_added"
    CHANNEL_AUTHS = "channel_auths"
    CONNECTIONS_REFUSED = "connections_refused"
    EVENTS_SENT = "events_sent"


class Counters:
    """Counts since the start or the last reset. What colleagues do counts only as events sent."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Count from zero again."""
        self._counts: Counter[Counted] = Counter()
        self._flips_by_call: Counter[str] = Counter()

    def count(self, what: Counted, by: int = 1) -> None:
        """It happened once more, or `by` times more."""
        with self._lock:
            self._counts[what] += by

    def count_flip(self, call_id: str) -> None:
        """A client archived this call or moved it back."""
        with self._lock:
            self._flips_by_call[call_id] += 1

    def to_json(self) -> dict[str, int | dict[str, int]]:
        """All counts by name."""
        with self._lock:
            return {
                **{what.value: self._counts[what] for what in Counted},
                "archive_flips": self._flips_by_call.total(),
                "archive_flips_by_call": dict(self._flips_by_call),
            }
