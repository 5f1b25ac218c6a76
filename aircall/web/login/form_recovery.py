"""Form recovery: a form that is submitted after the session ended is kept, and shown again after the login.

A form is kept only for the user it was rendered for, its owner. A signed hidden field names the owner, as the
session is gone. A kept form is never submitted automatically, and is dropped once it is submitted. The
session holds the keys of kept forms, one for each path that they were submitted to.
"""

import hashlib
import secrets

import msgspec
from flask import current_app, request, session
from itsdangerous import BadSignature, URLSafeTimedSerializer

from aircall.auth.login import LOGIN_LIFETIME
from aircall.models import is_call_id
from aircall.web.services import services
from aircall.web.session_store import signing_keys

# Seconds. Time to find one's password.
LIFETIME = 15 * 60.0
# Per user: anyone who has a page that was rendered for this user can have forms kept.
MOST_KEPT = 5
SESSION_KEY = "kept_forms"
OWNER_FIELD = "form_owner"
# The fields that pages fill in again. Nothing else is kept, neither tokens nor the owner field.
KEPT_FIELDS = (
    "content",
    "key",
    "ids",
    "plan",
    "archived",
    "next",
    "name",
    "company",
    "kind",
    "number",
    "version",
)
# Those whose forms a page shows again, whatever is in their fields.
SHOWN_AGAIN = ("calls.add_note", "directory.create", "directory.edit")


class KeptForm(msgspec.Struct, frozen=True):
    """The fields of a submitted form, its owner, and the path that it was submitted to."""

    username: str
    path: str
    fields: dict[str, list[str]]

    def first(self, name: str) -> str:
        """Return the first value of a field, or an empty string."""
        return next(iter(self.fields.get(name, [])), "")


def sign_owner(username: str) -> str:
    """Return the value of the owner field for a form that is rendered for this user."""
    return str(_serializer().dumps(username))


def form_owner() -> str | None:
    """Return the username of this form's owner; None without a valid owner field that is recent enough."""
    try:
        return str(_serializer().loads(request.form.get(OWNER_FIELD, ""), max_age=int(LOGIN_LIFETIME)))
    except BadSignature:
        return None


def keep() -> bool:
    """Keep the form of this request; return False if no page can show it to its owner again."""
    username = form_owner()
    if username is None or not _can_be_shown():
        return False
    _make_room(username)
    fields = {name: request.form.getlist(name) for name in KEPT_FIELDS if name in request.form}
    key = f"{_prefix(username)}{secrets.token_urlsafe(16)}"
    services().records.put(key, msgspec.json.encode(KeptForm(username, request.path, fields)), LIFETIME)
    drop()
    newest = [*kept_keys().items(), (request.path, key)][-MOST_KEPT:]
    session[SESSION_KEY] = dict(newest)
    return True


def kept_keys() -> dict[str, str]:
    """Return the keys of kept forms in the record store, by path."""
    return dict(session.get(SESSION_KEY, {}))


def adopt_forms(keys: dict[str, str], username: str) -> None:
    """Move the forms of this user into the new session; drop the others."""
    for path, key in keys.items():
        kept = _load(key)
        if kept is not None and kept.username == username:
            session[SESSION_KEY] = kept_keys() | {path: key}
        else:
            services().records.delete(key)


def find(path: str, username: str) -> KeptForm | None:
    """Return the form that this user submitted to `path` when the session had ended."""
    kept = _load(kept_keys().get(path))
    return kept if kept and (kept.path, kept.username) == (path, username) else None


def drop() -> None:
    """Drop the form kept for the path of this request. Call this when a form was submitted to it."""
    keys = kept_keys()
    if key := keys.pop(request.path, None):
        session[SESSION_KEY] = keys
        services().records.delete(key)


def _can_be_shown() -> bool:
    if request.endpoint in SHOWN_AGAIN:
        return True
    ids = ",".join(request.form.getlist("ids")).split(",")
    is_state_named = request.form.get("archived") in ("true", "false")
    are_calls_named = "plan" in request.form or all(map(is_call_id, ids))
    return request.endpoint == "archive.many" and is_state_named and are_calls_named


def _make_room(username: str) -> None:
    for key in services().records.keys(_prefix(username))[MOST_KEPT - 1 :]:
        services().records.delete(key)


def _prefix(username: str) -> str:
    # Hashed: as long for any name, as the keys of a visitor stand in a cookie, and none is another's prefix.
    return f"kept:{hashlib.sha256(username.encode()).hexdigest()[:24]}:"


def _load(key: str | None) -> KeptForm | None:
    record = services().records.load(key) if key else None
    try:
        return None if record is None else msgspec.json.decode(record.value, type=KeptForm)
    except msgspec.MsgspecError:
        # Written by another version.
        return None


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(signing_keys(current_app), salt="form-owner")
