"""Forms that came when nobody was signed in any more: kept, and shown again, filled, after the login.

A form is kept for the person it was made for and for nobody else, which a signed field of it tells: the
session that would tell is gone. It is never sent by itself, and forgotten once it is sent.
"""

import secrets

import msgspec
from flask import current_app, request, session
from itsdangerous import BadSignature, URLSafeSerializer

from aircall.web.services import services

# As long as somebody may take to find their password, in seconds.
LIFETIME = 15 * 60.0
SESSION_KEY = "kept_form"
AUTHOR_FIELD = "author"
# Never kept: what proves who sent the form.
LEFT_OUT = {"csrf_token", "password", AUTHOR_FIELD}


class KeptForm(msgspec.Struct, frozen=True):
    """What somebody had filled in, and where it was to be sent."""

    username: str
    path: str
    fields: dict[str, list[str]]

    def first(self, name: str) -> str:
        """The field's value, empty where there is none."""
        return next(iter(self.fields.get(name, [])), "")


def author_field(username: str) -> str:
    """The value of the signed field that says for whom a form was made."""
    return str(_serializer().dumps(username))


def author() -> str | None:
    """The user name of whom the form of this request was made for; None if it was not made here."""
    try:
        return str(_serializer().loads(request.form.get(AUTHOR_FIELD, "")))
    except BadSignature:
        return None


def keep() -> bool:
    """Keep the form of this request; False, and nothing kept, if it was not made here."""
    username = author()
    if username is None:
        return False
    fields = {name: values for name, values in request.form.lists() if name not in LEFT_OUT}
    kept_id = secrets.token_urlsafe(16)
    services().store.put(
        _key(kept_id), msgspec.json.encode(KeptForm(username, request.path, fields)), LIFETIME
    )
    session[SESSION_KEY] = kept_id
    return True


def carried(kept_id: str | None, username: str) -> None:
    """Take the kept form over into the session that has just begun, if it is this person's; else drop it."""
    kept = _load(kept_id)
    if kept is not None and kept.username == username:
        session[SESSION_KEY] = kept_id
    elif kept_id:
        services().store.delete(_key(kept_id))


def find(path: str, username: str) -> KeptForm | None:
    """The form that this person wanted to send to `path`, until it is sent."""
    kept = _load(session.get(SESSION_KEY))
    return kept if kept and (kept.path, kept.username) == (path, username) else None


def drop() -> None:
    """Forget the form that was kept, now that it has been sent."""
    if kept_id := session.pop(SESSION_KEY, None):
        services().store.delete(_key(kept_id))


def _load(kept_id: str | None) -> KeptForm | None:
    record = services().store.load(_key(kept_id)) if kept_id else None
    return None if record is None else msgspec.json.decode(record.value, type=KeptForm)


def _key(kept_id: str) -> str:
    return f"kept:{kept_id}"


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="author")
