"""Changes of calls with one person's login: archive, undo, note; responses are written to the replica.

Archive is a desired state, over an API whose archive endpoint is a toggle. Read, toggle only if the call is
not as wanted, and believe only what was read back:

- The response shows the desired state: done.
- It shows the opposite: another client toggled between our read and our toggle, and ours undid theirs. What
  happened is known, so the flag is toggled once more; after that it is a conflict.
- The outcome is unknown (no response, an unreadable one, a 5xx): the toggle is never repeated, but verified
  until it shows or the timeout ends.

So one call of `ensure_archived` toggles at most once, or twice after a proven conflict.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aircall.auth.logins import Logins, TokenClient
from aircall.calls.replica import CallReplica
from aircall.changes.diary import Diary
from aircall.changes.errors import BusyError, ChangedSinceError, ConflictError, UnconfirmedError
from aircall.changes.notes import NoteWriter
from aircall.changes.verification import VERIFY_INTERVAL, VERIFY_TIMEOUT, verify
from aircall.errors import AircallError, NotFoundError, UnauthorizedError
from aircall.models import Call
from aircall.storage.records import RecordStore

MAX_TOGGLES = 2
# Seconds. Must exceed the longest change (41 s), so that a waiter sees its outcome.
CHANGE_LOCK_WAIT = 45.0
# Seconds. Must exceed the longest change: a process that was killed blocks its call for this long.
CHANGE_LOCK_LEASE = 60.0


@dataclass(frozen=True, slots=True)
class Archived:
    """Whether we changed the call, and its row version then; 0 if it has changed again meanwhile."""

    is_changed: bool
    row_version: int


class ChangeService:
    """Changes of calls by people. Every method raises LoginEndedError, and what the API client raises."""

    def __init__(
        self,
        logins: Logins,
        records: RecordStore,
        replica: CallReplica,
        notes: NoteWriter,
        diary: Diary,
        verify_timeout: float = VERIFY_TIMEOUT,
    ) -> None:
        self._logins = logins
        self._records = records
        self._replica = replica
        self._notes = notes
        self._diary = diary
        self._verify_timeout = verify_timeout

    def read_call(self, login_id: str, call_id: str) -> Call:
        """Return the call as the API has it."""
        return self._replica.read(call_id, self._logins.client(login_id).get_call)

    def set_archived(self, login_id: str, call_id: str, is_archived: bool) -> Archived:
        """Bring the call to the desired state, after any change of it that is in progress.

        Raises BusyError, ConflictError and UnconfirmedError.
        """
        with self._lock(call_id):
            return self._set_archived(login_id, call_id, is_archived)

    def undo(self, login_id: str, call_id: str, is_archived: bool, row_version: int) -> Archived:
        """Bring the call back to its previous state, unless it has changed since it had this row version.

        Raises ChangedSinceError if it has, or if the row version is 0.
        """
        client = self._logins.client(login_id)
        with self._lock(call_id):
            call = self._replica.read(call_id, client.get_call)
            if not row_version or self._replica.store.row_version(call) != row_version:
                raise ChangedSinceError("The call has changed since.")
            return self._set_archived(login_id, call_id, is_archived)

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
            # Before pages are told, which read it then.
            self._diary.noted(login_id, call, content)
            self._replica.merge_response(call, read_version, client.get_call)

    @contextmanager
    def _lock(self, call_id: str) -> Iterator[None]:
        with self._records.lock(f"call:{call_id}", CHANGE_LOCK_WAIT, CHANGE_LOCK_LEASE) as is_held:
            if not is_held:
                raise BusyError("Another change of this call is in progress.")
            yield

    def _set_archived(self, login_id: str, call_id: str, is_archived: bool) -> Archived:
        client = self._logins.client(login_id)
        read_version = self._replica.store.version
        try:
            # With one token from the first read on: a new token starts with reading the call again.
            result = client.run(
                lambda bound: ensure_archived(
                    bound, call_id, is_archived, verify_timeout=self._verify_timeout
                )
            )
        except (ConflictError, UnconfirmedError) as error:
            self._merge(error.last_seen, read_version)
            raise
        if result.is_changed:
            self._diary.archived(login_id, result.call)
        self._replica.merge_response(result.call, read_version, client.get_call)
        return Archived(result.is_changed, self._replica.store.row_version(result.call))

    def _merge(self, seen: Call | None, read_version: int) -> None:
        # A change that failed has read the call, too.
        if seen is not None:
            self._replica.merge([seen], read_version)


@dataclass(frozen=True, slots=True)
class ArchiveResult:
    """The call in its desired state, and whether we brought it there.

    Two toggles restored another client's change, and made none of ours.
    """

    call: Call
    is_changed: bool


def ensure_archived(
    client: TokenClient,
    call_id: str,
    is_archived: bool,
    *,
    verify_interval: float = VERIFY_INTERVAL,
    verify_timeout: float = VERIFY_TIMEOUT,
) -> ArchiveResult:
    """Bring the call to the desired state. The caller holds the call's lock.

    Raises UnconfirmedError if our toggle may still take effect, and ConflictError if another client keeps
    toggling. After any other error no change of ours is in flight, so that all of it may be run again;
    UnauthorizedError asks for that, with a new token.
    """
    call = client.get_call(call_id)
    for toggles in range(MAX_TOGGLES):
        if call.is_archived == is_archived:
            return ArchiveResult(call, is_changed=toggles == 1)
        try:
            call = client.toggle_archived(call_id)
        except AircallError as error:
            if not error.is_executed_possible:
                if toggles == 0 or isinstance(error, (NotFoundError, UnauthorizedError)):
                    raise
                # Our first toggle has undone another client's change: a person should look at it.
                raise ConflictError("Another client has changed this call.", last_seen=call) from error
            found = verify(
                lambda left: client.get_call(call_id, deadline=left),
                lambda seen: seen.is_archived == is_archived,
                verify_interval,
                verify_timeout,
            )
            return ArchiveResult(found, is_changed=toggles == 0)
    if call.is_archived == is_archived:
        return ArchiveResult(call, is_changed=False)
    raise ConflictError("Another client keeps changing this call.", last_seen=call)
