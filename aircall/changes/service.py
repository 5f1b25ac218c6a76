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
from aircall.calls.replica import Mirror
from aircall.changes import archive
from aircall.changes.errors import BusyError, ChangedSinceError, ConflictError, UnconfirmedError
from aircall.changes.notes import Noting
from aircall.models import Call
from aircall.storage.records import Store

# Longer than one change can take, so that who waits for another's change sees its outcome (seconds).
CHANGE_WAIT = 45.0


@dataclass(frozen=True, slots=True)
class Archived:
    """What came of asking for a state: whether we changed it, and the number of its row in the log then.

    The number is 0 where somebody else has changed the call again meanwhile.
    """

    is_changed: bool
    number: int


class Changes:
    """What people do with calls."""

    def __init__(self, api: ApiClient, logins: Logins, store: Store, mirror: Mirror, noting: Noting) -> None:
        self._api = api
        self._logins = logins
        self._store = store
        self._mirror = mirror
        self._noting = noting

    def read_call(self, login_id: str, call_id: str) -> Call:
        """The call as the API has it now."""
        return self._mirror.read(call_id, partial(self._fetch, login_id))

    def set_archived(self, login_id: str, call_id: str, is_archived: bool) -> Archived:
        """Bring the call to the wanted state, one person's change after the other's."""
        with self._turn(call_id):
            return self._set_archived(login_id, call_id, is_archived)

    def take_back(self, login_id: str, call_id: str, is_archived: bool, number: int) -> Archived:
        """Bring the call back to the state it had, unless anything of it has changed since its row had
        this number.

        Raises ChangedSinceError where it has, or where the number is 0; the call then stays as it is.
        """
        with self._turn(call_id):
            call = self.read_call(login_id, call_id)
            if not number or self._mirror.log.number_of(call) != number:
                raise ChangedSinceError("The call has been changed since.")
            return self._set_archived(login_id, call_id, is_archived)

    def add_note(self, login_id: str, call_id: str, content: str, key: str = "") -> None:
        """Add a note. Under the same key, the same note is stored once, however often it is asked for."""
        as_of = self._mirror.log.version
        fetch = partial(self._fetch, login_id)
        try:
            call = self._noting.add(
                content,
                f"{call_id} {key or secrets.token_urlsafe()}",
                fetch=lambda deadline: fetch(call_id, deadline),
                send=lambda: self._logins.authorized(
                    login_id, lambda token: self._api.add_note(token, call_id, content)
                ),
            )
        except UnconfirmedError as error:
            self._take_over(error.last_seen, as_of)
            raise
        if call is not None:
            self._mirror.settle(call, as_of, fetch)

    @contextmanager
    def _turn(self, call_id: str) -> Iterator[None]:
        with self._store.lock(f"call:{call_id}", CHANGE_WAIT) as is_held:
            if not is_held:
                raise BusyError("Another change of this call is still under way.")
            yield

    def _set_archived(self, login_id: str, call_id: str, is_archived: bool) -> Archived:
        as_of = self._mirror.log.version
        try:
            answer = self._logins.authorized(
                login_id, lambda token: archive.set_archived(self._api, token, call_id, is_archived)
            )
        except (ConflictError, UnconfirmedError) as error:
            self._take_over(error.last_seen, as_of)
            raise
        self._mirror.settle(answer.call, as_of, partial(self._fetch, login_id))
        return Archived(answer.is_changed, self._mirror.log.number_of(answer.call))

    def _take_over(self, seen: Call | None, as_of: int) -> None:
        """What was seen on the way is news, however the change itself ended."""
        if seen is not None:
            self._mirror.merge([seen], as_of)

    def _fetch(self, login_id: str, call_id: str, deadline: float | None = None) -> Call:
        return self._logins.authorized(
            login_id, lambda token: self._api.get_call(token, call_id, deadline=deadline)
        )
