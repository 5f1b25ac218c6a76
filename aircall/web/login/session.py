"""Sessions: the login of a request, and how a session starts and ends."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, cast
from urllib.parse import urlsplit

from flask import Flask, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from aircall.auth.login import Login
from aircall.auth.sign_ins import SignIn
from aircall.errors import AircallError, LoginEndedError
from aircall.models import User
from aircall.storage import STORAGE_ERRORS
from aircall.web import audit
from aircall.web.login import form_recovery
from aircall.web.login.user_agent import browser_and_system
from aircall.web.services import services
from aircall.web.session_store import FORM_TOKEN_KEY, SIGNED_IN_KEY, StoredSession, StoreSessionInterface

P = ParamSpec("P")

# Characters. Proxies and browsers take no longer addresses for granted.
LONGEST_ADDRESS = 1900
# Seconds that a page waits for a token, so that it is there within eight whatever the API does. A change
# waits for it once more, with all else that it needs.
READING_PATIENCE, CHANGING_PATIENCE = 4.0, 1.0
HAS_ENDED_KEY = "has_ended"


def register(app: Flask) -> None:
    """Provide templates with `current_user`, which may be None, and `form_owner()` for hidden fields."""
    app.context_processor(lambda: {"current_user": _user()})
    app.add_template_global(_form_owner, "form_owner")


def _user() -> User | None:
    login = current_login()
    return login.user if login else None


def _form_owner() -> str:
    if "form_owner" not in g:
        user = _user()
        g.form_owner = form_recovery.sign_owner(user.username) if user else ""
    return cast(str, g.form_owner)


def begin(login: Login) -> None:
    """Start a session for this login under a new id; the old session id becomes invalid."""
    kept_keys = form_recovery.kept_keys()
    end("session ended", reason="logged in again")
    session[SIGNED_IN_KEY] = login.id
    form_recovery.adopt_forms(kept_keys, login.user.username)
    _give_new_id()
    g.login = login
    browser, system = browser_and_system(request.headers.get("User-Agent", ""))
    sign_in = SignIn(
        id=secrets.token_urlsafe(9),
        login_id=login.id,
        browser=browser,
        system=system,
        began_at=login.began_at,
    )
    for oldest in services().sign_ins.add(login.user.username, sign_in):
        end_elsewhere(oldest, "too many sessions of one name")
    audit.note("logged in", login.user.username)


def _give_new_id() -> None:
    cast(StoreSessionInterface, current_app.session_interface).regenerate(cast(StoredSession, session))


def end(event: str, **facts: str) -> str | None:
    """End the session and its login, and write down why; return the id of the login, if there was one."""
    ended_id = cast(str | None, session.get(SIGNED_IN_KEY))
    if ended_id is not None:
        name = _name_of(ended_id)
        # Before the session: no request in flight can use the login any more.
        services().logins.end(ended_id)
        if name is not None:
            services().sign_ins.forget(name, ended_id)
        audit.note(event, name, **facts)
    # Several tabs may learn of the end at once, and each needs a login page that works.
    form_token = session.get(FORM_TOKEN_KEY)
    session.clear()
    if form_token is not None:
        session[FORM_TOKEN_KEY] = form_token
    g.login = None
    return ended_id


def _name_of(ended_id: str) -> str | None:
    try:
        return services().logins.get(ended_id).user.username
    except LoginEndedError:
        return None


def end_elsewhere(sign_in: SignIn, reason: str) -> None:
    """End another session of the person who is logged in; its pages are told at once."""
    services().logins.end(sign_in.login_id)
    services().sign_ins.forget(username(), sign_in.login_id)
    services().hub.end_login(sign_in.login_id)
    audit.note("session ended", username(), reason=reason)


def begin_anonymous() -> None:
    """Start a session without a login, so that all tabs of the browser get the same CSRF token."""
    generate_csrf()
    _give_new_id()


def current_login() -> Login | None:
    """Return the login of this request, its token refreshed if due; None without one."""
    if "login" not in g:
        g.login = login = _load_login()
        if login is not None:
            # A page is shown though this cannot be stored.
            with suppress(*STORAGE_ERRORS):
                services().sign_ins.saw(login.id)
    return cast(Login | None, g.login)


def login_required(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Decorate a view that needs a login: without one, redirect to the login page, and back afterwards."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if current_login() is None:
            return to_login()
        try:
            return view(*args, **kwargs)
        except LoginEndedError:
            _forget_ended()
            return to_login()

    return guarded


def login_id() -> str:
    """Return the id of the login of this request. Raises LoginEndedError."""
    return required_login().id


def required_login() -> Login:
    """Return the login of this request. Raises LoginEndedError without one."""
    login = current_login()
    if login is None:
        raise LoginEndedError("Nobody is signed in on this request.")
    return login


def username() -> str:
    """Return the username of the login of this request. Raises LoginEndedError."""
    return required_login().user.username


def go_on_without_storage(error: Exception) -> None:
    """Do not use the failed store for the rest of this request."""
    cast(StoredSession, session).storage_error = error
    g.setdefault("login", None)


def pop_has_ended() -> bool:
    """Return whether the session ended by itself. True once, and not for requests of the script."""
    # Popping what is not there would count as a change, and save the session.
    if "X-Requested-With" in request.headers or HAS_ENDED_KEY not in session:
        return False
    return bool(session.pop(HAS_ENDED_KEY))


def to_login() -> ResponseReturnValue:
    """Redirect to the login page, which leads back here, or to the page that shows this form again."""
    here = request.full_path.rstrip("?") if request.method == "GET" else kept_form_page()
    address = url_for("login.show", next=here or None)
    if len(address) > LONGEST_ADDRESS:
        address = url_for("login.show", next=urlsplit(here).path)
    return redirect(address, code=303)


def kept_form_page() -> str:
    """Keep the form of this request; return the path of the page that shows it, or that it came from."""
    path = request.form.get("next", "")
    if not form_recovery.keep():
        return path
    if request.endpoint == "archive.many":
        return url_for("archive.confirm", archived=request.form.get("archived"), kept=1)
    if request.endpoint == "directory.create":
        return url_for("directory.new", next=path)
    if request.endpoint == "directory.edit":
        return url_for("directory.show", next=path, **(request.view_args or {}))
    return path


def _load_login() -> Login | None:
    signed_in_id = session.get(SIGNED_IN_KEY)
    if signed_in_id is None:
        return None
    try:
        return _fresh_or_known(signed_in_id)
    except LoginEndedError:
        _forget_ended()
        return None


def _fresh_or_known(signed_in_id: str) -> Login:
    logins = services().logins
    try:
        patience = READING_PATIENCE if request.method in ("GET", "HEAD") else CHANGING_PATIENCE
        return logins.get_fresh_within(signed_in_id, patience)
    except LoginEndedError:
        raise
    except AircallError:
        # Without the API, pages can still be shown from the replica.
        return logins.get(signed_in_id)


def _forget_ended() -> None:
    kept_forms = session.get(form_recovery.SESSION_KEY)
    if ended_id := end("session ended", reason="its login is over"):
        services().hub.end_login(ended_id)
    if kept_forms is not None:
        session[form_recovery.SESSION_KEY] = kept_forms
    session[HAS_ENDED_KEY] = True
