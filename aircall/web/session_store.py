"""Keeps Flask's session on the server, in the same store as the logins. Knows nothing of what is in it.

The cookie holds nothing but a random id. Built on Flask-Session; its own stores fall back to pickle and write
every session back after every request, which brings back what a request that ran beside it had deleted.
"""

from datetime import timedelta
from typing import Any, cast

import msgspec
from flask import Flask, Request, Response, request, session
from flask_session.base import ServerSideSession, ServerSideSessionInterface

from aircall.storage import STORAGE_ERRORS
from aircall.storage.records import RecordStore

# A session nobody has signed in with holds a CSRF token, and is made by every passing robot.
ANONYMOUS_LIFETIME = timedelta(hours=1)
SIGNED_IN_KEY = "login_id"
# What operators ask needs no session, least of all where the store is what they ask about; nor does what is
# the same for everybody.
SESSIONLESS = ("ops", "script_words")


class StoredSession(ServerSideSession):  # type: ignore[misc]  # it publishes no types
    """A session that knows the id under which it was loaded; None for a new one."""

    loaded_sid: str | None = None
    # Why the store cannot be used on this request: nothing is known of the browser, and nothing is kept.
    storage_error: Exception | None = None


class StoreSessionInterface(ServerSideSessionInterface):  # type: ignore[misc]  # it publishes no types
    """Sessions as records of a Store, in JSON."""

    session_class = StoredSession

    def __init__(self, app: Flask, records: RecordStore) -> None:
        super().__init__(app, permanent=False, serialization_format="json")
        self._records = records
        # Not before the view is known, and before anything else looks into the session.
        app.before_request(_raise_storage_error)

    def open_session(self, app: Flask, request: Request) -> StoredSession:
        """The session that the browser's cookie names, or a new one; then `storage_error` may say why."""
        try:
            session: StoredSession = super().open_session(app, request)
        except STORAGE_ERRORS as error:
            session = self.session_class(sid=self._generate_sid(self.sid_length))
            session.storage_error = error
            return session
        is_loaded = session.sid == request.cookies.get(self.get_cookie_name(app))
        session.loaded_sid = session.sid if is_loaded else None
        return session

    def save_session(self, app: Flask, session: StoredSession, response: Response) -> None:
        """Keep what has changed. Raises one of STORAGE_ERRORS, once for each request."""
        if session.storage_error is not None:
            return
        try:
            super().save_session(app, session, response)
        except STORAGE_ERRORS as error:
            session.storage_error = error
            raise

    def should_set_cookie(self, app: Flask, session: Any) -> bool:
        """Not for a login that the browser named itself: it may have got another session meanwhile."""
        return bool(not _is_known_login(session) and super().should_set_cookie(app, session))

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        record = self._records.load(store_id)
        # Not by the serializer, which takes what it cannot read for a pickle.
        return None if record is None else msgspec.json.decode(record.value, type=dict[str, Any])

    def _delete_session(self, store_id: str) -> None:
        self._records.delete(store_id)

    def _upsert_session(self, session_lifetime: timedelta, session: StoredSession, store_id: str) -> None:
        lifetime = session_lifetime if SIGNED_IN_KEY in session else ANONYMOUS_LIFETIME
        value, ttl = self.serializer.encode(session), lifetime.total_seconds()
        if _is_known_login(session):
            self._overwrite(store_id, value, ttl)
        else:
            self._records.put(store_id, value, ttl)

    def _overwrite(self, store_id: str, value: bytes, ttl: float) -> None:
        """Keep this value, unless the session has been ended since it was loaded: then it stays ended."""
        while (record := self._records.load(store_id)) is not None:
            if self._records.compare_and_set(store_id, record.generation, value, ttl):
                return


def _raise_storage_error() -> None:
    if request.blueprint in SESSIONLESS:
        return
    error = cast(StoredSession, session).storage_error
    if error is not None:
        raise error


def _is_known_login(session: StoredSession) -> bool:
    return SIGNED_IN_KEY in session and session.sid == session.loaded_sid
