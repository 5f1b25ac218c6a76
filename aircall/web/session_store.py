"""Keeps Flask's session on the server, in the same store as the logins. Knows nothing of what is in it.

The cookie holds nothing but a random id. Built on Flask-Session; its own stores fall back to pickle and write
every session back after every request, which brings back what a request that ran beside it had deleted.
"""

from datetime import timedelta
from typing import Any

from flask import Flask
from flask_session.base import ServerSideSession, ServerSideSessionInterface

from aircall.store import Store

# A session nobody has signed in with holds a CSRF token, and is made by every passing robot.
ANONYMOUS_LIFETIME = timedelta(hours=1)
SIGNED_IN_KEY = "login_id"


class StoreSessionInterface(ServerSideSessionInterface):  # type: ignore[misc]  # it publishes no types
    """Sessions as records of a Store, in JSON."""

    def __init__(self, app: Flask, store: Store) -> None:
        super().__init__(app, permanent=False, serialization_format="json")
        self._store = store

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        record = self._store.load(store_id)
        return None if record is None else dict(self.serializer.decode(record.value))

    def _delete_session(self, store_id: str) -> None:
        self._store.delete(store_id)

    def _upsert_session(self, session_lifetime: timedelta, session: ServerSideSession, store_id: str) -> None:
        lifetime = session_lifetime if SIGNED_IN_KEY in session else ANONYMOUS_LIFETIME
        self._store.put(store_id, self.serializer.encode(session), lifetime.total_seconds())
