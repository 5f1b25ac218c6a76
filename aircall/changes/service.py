"""Reads and changes calls with one person's login, and writes the API's responses to the replica."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aircall.auth.client import AuthorizedClient
from aircall.auth.logins import Logins
from aircall.calls.replica import CallReplica
from aircall.changes.archive import set_archived
from aircall.changes.errors import BusyError, ChangedSinceError, ConflictError, UnconfirmedError
from aircall.changes.notes import NoteWriter
from aircall.models import Call
from aircall.storage.records import RecordStore

# Seconds. Must exceed the longest change (41 s), so that a waiter sees its outcome.
LOCK_WAIT = 45.0
# Seconds. Must exceed the longest change: a process that was killed blocks its call for this long.
LOCK_LEASE = 60.0


@dataclass(frozen=True, slots=True)
class Archived:
    """Whether we changed the call, and its row version then; 0 if it has changed again meanwhile."""

    is_changed: bool
    row_version: int


class ChangeService:
    """What people do with calls. Every method raises LoginEndedError, and what the API client raises."""

    def __init__(self, logins: Logins, records: RecordStore, replica: CallReplica, notes: NoteWriter) -> None:
        self._logins = logins
        self._records = records
        self._replica = replica
        self._notes = notes

    def read_call(self, login_id: str, call_id: str) -> Call:
        """Return the call as the API has it."""
        return self._replica.read(call_id, self._logins.client(login_id).get_call)

    def set_archived(self, login_id: str, call_id: str, is_archived: bool) -> Archived:
        """Bring the call to the desired state, after any change of it that is in progress.

        Raises BusyError, ConflictError and UnconfirmedError.
        """
        with self._lock(call_id):
            return self._set_archived(self._logins.client(login_id), call_id, is_archived)

    def undo(self, login_id: str, call_id: str, is_archived: bool, row_version: int) -> Archived:
        """Bring the call back to its previous state, unless it has changed since it had this row version.

        Raises ChangedSinceError if it has, or if the row version is 0.
        """
        client = self._logins.client(login_id)
        with self._lock(call_id):
            call = self._replica.read(call_id, client.get_call)
            if not row_version or self._replica.store.row_version(call) != row_version:
                raise ChangedSinceError("The call has changed since.")
            return self._set_archived(client, call_id, is_archived)

    def add_note(self, login_id: str, call_id: str, content: str, idempotency_key: str = "") -> None:
        """Add a note. With the same idempotency key the same note is stored once.

        Raises BusyError, and UnconfirmedError if the outcome is unknown.
        """
        client = self._logins.client(login_id)
        read_version = self._replica.store.version
        try:
            call = self._notes.add(client, call_id, content, idempotency_key or secrets.token_urlsafe())
        except UnconfirmedError as error:
            self._merge(error.last_seen, read_version)
            raise
        if call is not None:
            self._replica.settle(call, read_version, client.get_call)

    @contextmanager
    def _lock(self, call_id: str) -> Iterator[None]:
        with self._records.lock(f"call:{call_id}", LOCK_WAIT, LOCK_LEASE) as is_held:
            if not is_held:
                raise BusyError("Another change of this call is in progress.")
            yield

    def _set_archived(self, client: AuthorizedClient, call_id: str, is_archived: bool) -> Archived:
        read_version = self._replica.store.version
        try:
            # With one token from the first read on: a new token starts with reading the call again.
            result = client.run(lambda bound: set_archived(bound, call_id, is_archived))
        except (ConflictError, UnconfirmedError) as error:
            self._merge(error.last_seen, read_version)
            raise
        self._replica.settle(result.call, read_version, client.get_call)
        return Archived(result.is_changed, self._replica.store.row_version(result.call))

    def _merge(self, seen: Call | None, read_version: int) -> None:
        # Also a failed change has read the call.
        if seen is not None:
            self._replica.merge([seen], read_version)
