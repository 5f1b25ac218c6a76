"""Reading and changing calls at the API with one person's login, and what the mirror learns from the answers.

Knows the rules of each change; knows nothing of pages. Every method raises LoginEndedError where the login is
over, and what the API client raises.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from aircall import archiving
from aircall.client import ApiClient
from aircall.errors import AircallError, BusyError
from aircall.logins import Logins
from aircall.mirror import Mirror
from aircall.models import Call
from aircall.store import Store

# Longer than one change can take, so that who waits for another's change sees its outcome (seconds).
CHANGE_WAIT = 30.0
PARALLEL_CHANGES = 5


class Changes:
    """What people do with calls."""

    def __init__(self, api: ApiClient, logins: Logins, store: Store, mirror: Mirror) -> None:
        self._api = api
        self._logins = logins
        self._store = store
        self._mirror = mirror

    def read_call(self, login_id: str, call_id: str) -> Call:
        """The call as the API has it now."""
        return self._mirror.read(call_id, partial(self._fetch, login_id))

    def set_archived(self, login_id: str, call_id: str, is_archived: bool) -> None:
        """Bring the call to the wanted state, one person's change after the other's."""
        with self._store.lock(f"call:{call_id}", CHANGE_WAIT) as is_held:
            if not is_held:
                raise BusyError("Another change of this call is still under way.")
            as_of = self._mirror.log.version
            call = self._logins.authorized(
                login_id, lambda token: archiving.set_archived(self._api, token, call_id, is_archived)
            )
            self._mirror.settle(call, as_of, partial(self._fetch, login_id))

    def set_many_archived(
        self, login_id: str, call_ids: Sequence[str], is_archived: bool
    ) -> list[AircallError]:
        """Bring each of these calls to the wanted state, a few at a time; the errors of those that failed."""

        def change(call_id: str) -> AircallError | None:
            try:
                self.set_archived(login_id, call_id, is_archived)
            except AircallError as error:
                return error
            return None

        with ThreadPoolExecutor(PARALLEL_CHANGES) as pool:
            return [error for error in pool.map(change, call_ids) if error is not None]

    def add_note(self, login_id: str, call_id: str, content: str) -> None:
        """Add a note, sent once and never repeated."""
        as_of = self._mirror.log.version
        call = self._logins.authorized(login_id, lambda token: self._api.add_note(token, call_id, content))
        self._mirror.settle(call, as_of, partial(self._fetch, login_id))

    def _fetch(self, login_id: str, call_id: str) -> Call:
        return self._logins.authorized(login_id, lambda token: self._api.get_call(token, call_id))
