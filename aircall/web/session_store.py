"""Sessions for Flask: those of logins are kept in the record store, those of visitors in their cookie.

The cookie of a login holds a random id only; that of a visitor, who has not signed in, a signed form token
and the like. So a visitor leaves no record: docs/decisions/0048-strangers-cost-nothing.md. The cookie's
name ends with the port that the browser shows, if any: browsers keep the cookies of all ports of a host
together, so two dashboards on one host would end each other's sessions.

Built on Flask-Session, whose own stores fall back to pickle, and write
every session back after every request: a slow request would resurrect a session that was deleted meanwhile.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast
from wsgiref.types import WSGIEnvironment

import msgspec
from flask import Flask, Request, Response, request, session
from flask_session.base import ServerSideSession, ServerSideSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.http import parse_cookie
from werkzeug.wsgi import get_host

from aircall.storage import STORAGE_ERRORS
from aircall.storage.records import RecordStore

# Seconds. A login page that was left open for a day still works.
VISITOR_LIFETIME = 24 * 3600
# Set apart from the random ids of logins, which may begin with any letter but have no dot.
VISITOR_PREFIX = "v."
SIGNED_IN_KEY = "login_id"
# Under which Flask-WTF stores the token of forms in a session.
FORM_TOKEN_KEY = "csrf_token"  # noqa: S105  # a name, not a token
# The port in a Host header; Werkzeug has removed the usual one.
PORT = re.compile(":([0-9]{1,5})$")
# Blueprints that work without a session, so also while the store fails.
SESSIONLESS = ("ops", "script_messages")


class StoredSession(ServerSideSession):  # type: ignore[misc]  # it publishes no types
    """A session with the id that it was loaded under; None for a new session, and for a visitor's."""

    loaded_sid: str | None = None
    # Set if the store failed during this request: the session is empty then, and is not saved.
    storage_error: Exception | None = None


class StoreSessionInterface(ServerSideSessionInterface):  # type: ignore[misc]  # it publishes no types
    """Sessions as JSON records of a RecordStore, or in the cookies of visitors."""

    session_class = StoredSession

    def __init__(self, app: Flask, records: RecordStore) -> None:
        super().__init__(app, permanent=False, serialization_format="json")
        self._app = app
        self._records = records
        # Raised here, not in `open_session`: error pages need the matched URL rule.
        app.before_request(_raise_storage_error)

    def open_session(self, app: Flask, request: Request) -> StoredSession:  # noqa: ARG002  # Flask's signature
        """Return the session of the cookie, or a new one, with `storage_error` if the store failed."""
        sent_sid = self._sent_sid(request.cookies, request.host)
        visitor = self._visitor(sent_sid)
        new_sid = self._generate_sid(self.sid_length)
        if visitor is not None or not sent_sid:
            return self.session_class(visitor, sid=new_sid)
        try:
            data = self._retrieve_session_data(self._get_store_id(sent_sid))
        except STORAGE_ERRORS as error:
            session = self.session_class(sid=new_sid)
            session.storage_error = error
            return session
        if data is None:
            # Several tabs may learn of a logout at once, and the login pages of all of them have to work.
            return self.session_class({FORM_TOKEN_KEY: self._form_token(sent_sid)}, sid=new_sid)
        session = self.session_class(data, sid=sent_sid)
        session.loaded_sid = sent_sid
        return session

    def regenerate(self, session: StoredSession) -> None:
        """Give the session a new id, and that of a login the form token of that id; delete the old one."""
        super().regenerate(session)
        if SIGNED_IN_KEY in session:
            session[FORM_TOKEN_KEY] = self._form_token(session.sid)

    def login_id(self, environ: WSGIEnvironment) -> str | None:
        """Return the login's id in the session of a WSGI request; None without. Raises STORAGE_ERRORS."""
        # A request would parse all of its headers.
        sid = self._sent_sid(parse_cookie(environ), get_host(environ))
        if not sid or sid.startswith(VISITOR_PREFIX):
            return None
        data = self._retrieve_session_data(self._get_store_id(sid))
        login_id = (data or {}).get(SIGNED_IN_KEY)
        return login_id if isinstance(login_id, str) else None

    def get_cookie_name(self, app: Flask) -> str:
        """Return the name of the session cookie at the address of this request."""
        return _cookie_name(app, request.host)

    def _sent_sid(self, cookies: Mapping[str, str], host: str) -> str | None:
        # Without a port in its name the cookie was set by an earlier version, or by another dashboard.
        return cookies.get(_cookie_name(self._app, host)) or cookies.get(_cookie_name(self._app, "")) or None

    def save_session(self, app: Flask, session: StoredSession, response: Response) -> None:
        """Save a modified session. Raises one of STORAGE_ERRORS, at most once per request."""
        if session.storage_error is not None:
            return
        try:
            if SIGNED_IN_KEY in session:
                super().save_session(app, session, response)
            else:
                self._save_visitor(app, session, response)
        except STORAGE_ERRORS as error:
            session.storage_error = error
            raise
        cookies = response.headers.getlist("Set-Cookie")
        if len(cookies) > 1:
            # Flask sets this one last. First, for clients that look at one alone.
            name = f"{self.get_cookie_name(app)}="
            response.headers.setlist(
                "Set-Cookie", sorted(cookies, key=lambda sent: not sent.startswith(name))
            )

    def should_set_cookie(self, app: Flask, session: Any) -> bool:
        """Return False for the id that the browser sent with a login: it may have a newer one by now."""
        return bool(not _is_known_login(session) and super().should_set_cookie(app, session))

    def _save_visitor(self, app: Flask, session: StoredSession, response: Response) -> None:
        if session.accessed:
            response.vary.add("Cookie")
        if not session.modified:
            return
        if session.loaded_sid is not None:
            # It was a login's, which has ended.
            self._delete_session(self._get_store_id(session.loaded_sid))
        response.set_cookie(
            self.get_cookie_name(app),
            VISITOR_PREFIX + str(self._signer().dumps(dict(session))),
            httponly=True,
            secure=self.get_cookie_secure(app),
            samesite=self.get_cookie_samesite(app),
        )

    def _form_token(self, sid: str) -> str:
        """Return the token of forms of a login's session, which can be told when that has ended."""
        key = signing_keys(self._app)[-1].encode()
        return hmac.new(key, b"form token of " + sid.encode(), "sha256").hexdigest()

    def _visitor(self, cookie: str | None) -> dict[str, Any] | None:
        """Return what a visitor's cookie holds; None for any other value."""
        if cookie is None or not cookie.startswith(VISITOR_PREFIX):
            return None
        try:
            held = self._signer().loads(cookie.removeprefix(VISITOR_PREFIX), max_age=VISITOR_LIFETIME)
        except BadSignature:
            return None
        # No login is ever read from a cookie, whoever has signed it.
        return {name: value for name, value in held.items() if name != SIGNED_IN_KEY}

    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(signing_keys(self._app), salt="visitor")

    def _get_store_id(self, sid: str) -> str:
        # Whoever reads the store's files cannot use what stands there as a cookie.
        return str(self.key_prefix) + hashlib.sha256(sid.encode()).hexdigest()

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        record = self._records.load(store_id)
        if record is None:
            return None
        try:
            # The serializer of Flask-Session would unpickle what is not JSON.
            return msgspec.json.decode(record.value, type=dict[str, Any])
        except msgspec.MsgspecError:
            # Written by another version.
            return None

    def _delete_session(self, store_id: str) -> None:
        self._records.delete(store_id)

    def _upsert_session(self, session_lifetime: timedelta, session: StoredSession, store_id: str) -> None:
        value, ttl = self.serializer.encode(session), session_lifetime.total_seconds()
        if _is_known_login(session):
            self._overwrite(store_id, value, ttl)
        else:
            self._records.put(store_id, value, ttl)

    def _overwrite(self, store_id: str, value: bytes, ttl: float) -> None:
        """Save this value unless the session was deleted since it was loaded."""
        while (record := self._records.load(store_id)) is not None:
            if self._records.compare_and_set(store_id, record.generation, value, ttl):
                return


def signing_keys(app: Flask) -> list[str]:
    """Return the keys whose signatures are accepted; the last one signs."""
    return [*(app.config["SECRET_KEY_FALLBACKS"] or ()), app.config["SECRET_KEY"]]


def _cookie_name(app: Flask, host: str) -> str:
    port = PORT.search(host)
    return str(app.config["SESSION_COOKIE_NAME"]) + (f"-{port[1]}" if port else "")


def _raise_storage_error() -> None:
    if request.blueprint in SESSIONLESS:
        return
    error = cast(StoredSession, session).storage_error
    if error is not None:
        raise error


def _is_known_login(session: StoredSession) -> bool:
    return SIGNED_IN_KEY in session and session.sid == session.loaded_sid
