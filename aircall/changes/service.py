"""Reading and changing calls at the API with one person's login, and what the mirror learns from the answers.

Knows the rules of each change; knows nothing of pages. Every method raises LoginEndedError where the login is
over, and what the API client raises.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from aircall.api.client import ApiClient
from aircall.auth.logins import Logins
from aircall.calls.replica import CallReplica
from aircall.changes import archive
from aircall.changes.errors import BusyError, ChangedSinceError, ConflictError, UnconfirmedError
from aircall.changes.notes import NoteWriter
from aircall.models import Call
from aircall.storage.records import RecordStore

# Longer than one change can take, so that who waits for another's change sees its outcome (seconds).
CHANGE_WAIT = 45.0


@dataclass(frozen=True, slots=True)
class Archived:
    """What came of asking for a state: whether we changed it, and the number of its row in the log then.

    The number is 0 where somebody else has changed the call again meanwhile.
    """

    is_changed: bool
    number: int


class ChangeService:
    """What people do with calls."""

    def __init__(
        self, api: ApiClient, logins: Logins, records: RecordStore, replica: CallReplica, noting: NoteWriter
    ) -> None:
        self._api = api
        self._logins = logins
        self._records = records
        self._replica = replica
        self._noting = noting

    def read_call(self, login_id: str, call_id: str) -> Call:
        """The call as the API has it now."""
        return self._replica.read(call_id, partial(self._fetch, login_id))

    def set_archived(self, login_id: str, call_id: str, is_archived: bool) -> Archived:
        """Bring the call to the wanted state, one person's change after the other's."""
        with self._turn(call_id):
            return self._set_archived(login_id, call_id, is_archived)

    def undo(self, login_id: str, call_id: str, is_archived: bool, number: int) -> Archived:
        """Bring the call back to the state it had, unless anything of it has changed since its row had
        this number.

        Raises ChangedSinceError where it has, or where the number is 0; the call then stays as it is.
        """
        with self._turn(call_id):
            call = self.read_call(login_id, call_id)
            if not number or self._replica.store.row_version(call) != number:
                raise ChangedSinceError("The call has been changed since.")
            return self._set_archived(login_id, call_id, is_archived)

    def add_note(self, login_id: str, call_id: str, content: str, key: str = "") -> None:
        """Add a note. Under the same key, the same note is stored once, however often it is asked for."""
        read_version = self._replica.store.version
        fetch = partial(self._fetch, login_id)
        try:
            call = self._noting.add(
                content,
                f"{call_id} {key or secrets.token_urlsafe()}",
                fetch=lambda deadline: fetch(call_id, deadline),
                send=lambda: self._logins.with_token(
                    login_id, lambda token: self._api.add_note(token, call_id, content)
                ),
            )
        except UnconfirmedError as error:
            self._take_over(error.last_seen, read_version)
            raise
        if call is not None:
            self._replica.settle(call, read_version, fetch)

    @contextmanager
    def _turn(self, call_id: str) -> Iterator[None]:
        with self._records.lock(f"call:{call_id}", CHANGE_WAIT) as is_held:
            if not is_held:
                raise BusyError("Another change of this call is still under way.")
            yield

    def _set_archived(self, login_id: str, call_id: str, is_archived: bool) -> Archived:
        read_version = self._replica.store.version
        try:
            answer = self._logins.with_token(
                login_id, lambda token: archive.set_archived(self._api, token, call_id, is_archived)
            )
        except (ConflictError, UnconfirmedError) as error:
            self._take_over(error.last_seen, read_version)
            raise
        self._replica.settle(answer.call, read_version, partial(self._fetch, login_id))
        return Archived(answer.is_changed, self._replica.store.row_version(answer.call))

    def _take_over(self, seen: Call | None, read_version: int) -> None:
        """What was seen on the way is news, however the change itself ended."""
        if seen is not None:
            self._replica.merge([seen], read_version)

    def _fetch(self, login_id: str, call_id: str, deadline: float | None = None) -> Call:
        return self._logins.with_token(
            login_id, lambda token: self._api.get_call(token, call_id, deadline=deadline)
        )
