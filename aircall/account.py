"""Whose token the listener and the synchronisation work with. Knows logins; knows nothing of pages."""

import threading
from collections.abc import Callable
from typing import TypeVar

from aircall.errors import LoginEndedError
from aircall.logins import Logins

T = TypeVar("T")


class Account:
    """An account of their own where one is set, else any login of somebody who is signed in."""

    def __init__(self, logins: Logins, username: str | None, password: str | None) -> None:
        self._logins = logins
        self._username = username
        self._password = password
        self._login_id: str | None = None
        self._lock = threading.Lock()

    def authorized(self, request: Callable[[str], T]) -> T:
        """Run `request` with an access token.

        Raises NoLoginError where there is no account and nobody is signed in, and whatever `request` or the
        account's own login raises.
        """
        if self._username is None or self._password is None:
            return self._logins.authorized_by_anyone(request)
        login_id = self._own_login(self._username, self._password)
        try:
            return self._logins.authorized(login_id, request)
        except LoginEndedError:
            self._forget(login_id)
        return self._logins.authorized(self._own_login(self._username, self._password), request)

    def _own_login(self, username: str, password: str) -> str:
        with self._lock:
            if self._login_id is None:
                self._login_id = self._logins.create(username, password).id
            return self._login_id

    def _forget(self, login_id: str) -> None:
        with self._lock:
            # Another thread may have signed in again already.
            if self._login_id == login_id:
                self._login_id = None
        self._logins.end(login_id)
