"""Whether the storage can be read, and for how long not. Knows no pages."""

from dataclasses import dataclass
from datetime import UTC, datetime

from aircall.calls.store import CallLog
from aircall.storage.records import Store
from aircall.storage_errors import STORAGE_ERRORS

OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageState:
    """`ok` or an error's name, how many seconds ago it was last good, and when the list was last read."""

    state: str
    age: float | None
    synchronised_at: datetime | None


class Readiness:
    """Looks after the storage, each time that it is asked for."""

    def __init__(self, store: Store, log: CallLog) -> None:
        self._store = store
        self._log = log
        self._good_at: datetime | None = None

    def storage(self) -> StorageState:
        """Its state now; the age of an error is that of the last good look."""
        try:
            synchronised_at = self._log.synchronised_at
            # A lock is written down where a store is shared; one that only answers reads would be of no use.
            with self._store.lock("readyz", 0):
                self._store.load("readyz")
        except STORAGE_ERRORS as error:
            return StorageState(state=type(error).__name__, age=age_of(self._good_at), synchronised_at=None)
        self._good_at = datetime.now(UTC)
        return StorageState(state=OK, age=0.0, synchronised_at=synchronised_at)


def age_of(instant: datetime | None) -> float | None:
    """How many seconds ago that was, never less than none; None where it never was."""
    if instant is None:
        return None
    return round(max(0.0, (datetime.now(UTC) - instant).total_seconds()), 1)
