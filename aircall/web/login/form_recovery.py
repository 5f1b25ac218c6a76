"""Forms that came when nobody was signed in any more: kept, and shown again, filled, after the login.

A form is kept for the person it was made for and for nobody else, which a signed field of it tells: the
session that would tell is gone. It is never sent by itself, and forgotten once it is sent. The session names
those that are kept, one for each address they were to be sent to.
"""

import secrets
from urllib.parse import quote

import msgspec
from flask import current_app, request, session
from itsdangerous import BadSignature, URLSafeTimedSerializer

from aircall.auth.login import LOGIN_LIFETIME
from aircall.models import is_call_id
from aircall.web.services import services

# As long as somebody may take to find their password, in seconds.
LIFETIME = 15 * 60.0
# Of one person: anybody who has a page that was made for them can have a form kept.
MOST_KEPT = 5
SESSION_KEY = "kept_forms"
AUTHOR_FIELD = "author"
# What the pages that show a form again put into it. Nothing else is kept, nor what proves who sent it.
KEPT_FIELDS = ("content", "key", "ids", "archived", "next")


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


def form_owner() -> str | None:
    """Whom the form of this request was made for, by user name; None if not here, or too long ago."""
    try:
        return str(_serializer().loads(request.form.get(AUTHOR_FIELD, ""), max_age=int(LOGIN_LIFETIME)))
    except BadSignature:
        return None


def keep() -> bool:
    """Keep the form of this request; False, and nothing kept, if no page can show it to its author again."""
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
    """Under which key of the store a form is kept, by the path it was to be sent to."""
    return dict(session.get(SESSION_KEY, {}))


def adopt_forms(keys: dict[str, str], username: str) -> None:
    """Take what is this person's over into the session that has just begun; drop the rest."""
    for path, key in keys.items():
        kept = _load(key)
        if kept is not None and kept.username == username:
            session[SESSION_KEY] = kept_keys() | {path: key}
        else:
            services().records.delete(key)


def find(path: str, username: str) -> KeptForm | None:
    """The form that this person wanted to send to `path`, until it is sent."""
    kept = _load(kept_keys().get(path))
    return kept if kept and (kept.path, kept.username) == (path, username) else None


def drop() -> None:
    """Forget the form that was kept for the address of this request, now that one has been sent to it."""
    keys = kept_keys()
    if key := keys.pop(request.path, None):
        session[SESSION_KEY] = keys
        services().records.delete(key)


def _can_be_shown() -> bool:
    if request.endpoint == "calls.add_note":
        return True
    ids = ",".join(request.form.getlist("ids")).split(",")
    is_state_named = request.form.get("archived") in ("true", "false")
    return request.endpoint == "archive.many" and is_state_named and all(map(is_call_id, ids))


def _make_room(username: str) -> None:
    for key in services().records.keys(_prefix(username))[MOST_KEPT - 1 :]:
        services().records.delete(key)


def _prefix(username: str) -> str:
    # Quoted, so that no name is the beginning of another's.
    return f"kept:{quote(username, safe='')}:"


def _load(key: str | None) -> KeptForm | None:
    record = services().records.load(key) if key else None
    try:
        return None if record is None else msgspec.json.decode(record.value, type=KeptForm)
    except msgspec.MsgspecError:
        # Another version kept it.
        return None


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="author")
