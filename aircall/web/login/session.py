"""Who is signed in on this request, and how a session begins and ends. Knows logins, not pages."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, cast

from flask import Flask, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from aircall.auth.login import Login
from aircall.errors import AircallError, LoginEndedError
from aircall.web.login import form_recovery
from aircall.web.services import services
from aircall.web.session_store import SIGNED_IN_KEY, StoredSession, StoreSessionInterface

P = ParamSpec("P")

HAS_ENDED_KEY = "has_ended"
# Where Flask-WTF keeps the token of a session.
CSRF_KEY = "csrf_token"


def register(app: Flask) -> None:
    """Give templates `current_user`, None without one, and `author`, which signs forms."""
    app.context_processor(_signed_in_user)


def _signed_in_user() -> dict[str, object]:
    login = current_login()
    user = login.user if login else None
    return {"current_user": user, "author": form_recovery.author_field(user.username) if user else ""}


def begin(login: Login) -> None:
    """Sign this browser in, under a new session id: the one it came with is worth nothing any more."""
    kept_keys = form_recovery.kept_keys()
    end()
    session[SIGNED_IN_KEY] = login.id
    form_recovery.adopt_forms(kept_keys, login.user.username)
    cast(StoreSessionInterface, current_app.session_interface).regenerate(session)
    g.login = login


def end() -> str | None:
    """Sign this browser out; the id of the login that has ended with it, if there was one.

    The login's record goes first, so that nothing in flight can use it.
    """
    kept_id = cast(str | None, session.get(SIGNED_IN_KEY))
    if kept_id is not None:
        services().logins.end(kept_id)
    session.clear()
    g.login = None
    return kept_id


def begin_anonymous() -> None:
    """Give this browser a session with nobody signed in: its tabs all log in by the same CSRF token."""
    generate_csrf()
    cast(StoreSessionInterface, current_app.session_interface).regenerate(session)


def current_login() -> Login | None:
    """The login of this request, its token renewed if that was due; None where nobody is signed in."""
    if "login" not in g:
        g.login = _load_login()
    return cast(Login | None, g.login)


def login_required(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """A view for signed-in people only; anybody else is led to the login page, and back afterwards."""

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
    """The id of the login of this request. Raises LoginEndedError where nobody is signed in."""
    return required_login().id


def required_login() -> Login:
    """The login of this request. Raises LoginEndedError where nobody is signed in."""
    login = current_login()
    if login is None:
        raise LoginEndedError("Nobody is signed in on this request.")
    return login


def username() -> str:
    """The user name of the login of this request. Raises LoginEndedError where nobody is signed in."""
    return required_login().user.username


def go_on_without_storage(error: Exception) -> None:
    """For the rest of this request nothing is asked of the store, which has just failed, nor kept in it."""
    cast(StoredSession, session).storage_error = error
    g.setdefault("login", None)


def has_just_ended() -> bool:
    """Whether this browser's session ended by itself; told once, and to a person, not to a script."""
    is_script = "X-Requested-With" in request.headers
    return not is_script and bool(session.pop(HAS_ENDED_KEY, False))


def to_login() -> ResponseReturnValue:
    """The way to the login page, which leads back here; if this was a form, to where it is shown, filled."""
    here = request.full_path.rstrip("?") if request.method == "GET" else kept_form_page()
    return redirect(url_for("login.show", next=here or None), code=303)


def kept_form_page() -> str:
    """Keep the form of this request; the path of the page that shows it again, or of the one it stood on."""
    path = request.form.get("next", "")
    if not form_recovery.keep() or request.endpoint != "archive.many":
        return path
    return url_for("archive.confirm", archived=request.form.get("archived"), kept=1)


def _load_login() -> Login | None:
    kept_id = session.get(SIGNED_IN_KEY)
    if kept_id is None:
        return None
    try:
        return _fresh_or_known(kept_id)
    except LoginEndedError:
        _forget_ended()
        return None


def _fresh_or_known(kept_id: str) -> Login:
    logins = services().logins
    try:
        return logins.get_fresh(kept_id)
    except LoginEndedError:
        raise
    except AircallError:
        # The API is in trouble; what we know already can still be shown.
        return logins.get(kept_id)


def _forget_ended() -> None:
    # It ended by itself: what waits to be sent goes on waiting for its author, and two tabs that learn of the
    # end at once are both to have a login page that works.
    lasting = {key: session[key] for key in (form_recovery.SESSION_KEY, CSRF_KEY) if key in session}
    end()
    session.update(lasting)
    session[HAS_ENDED_KEY] = True
