"""Login and logout."""

from collections.abc import Sequence
from functools import partial

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from aircall.errors import (
    AircallError,
    InvalidRequestError,
    LoginEndedError,
    UnauthorizedError,
    WrongAddressError,
)
from aircall.web import audit
from aircall.web.error_messages import SENTENCES, api_sentences, sentence_for
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.login import attempts, session
from aircall.web.security import see_other
from aircall.web.services import services

LENGTH = Length(max=255, message=_l("This can't be longer than 255 characters."))


class LoginForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
    """Username and password, passed to the API exactly as typed."""

    username = StringField(validators=[InputRequired(_l("Enter your username.")), LENGTH])
    password = PasswordField(validators=[InputRequired(_l("Enter your password.")), LENGTH])
    next = HiddenField()


bp = Blueprint("login", __name__)

FIELDS = ("username", "password")
REFUSED = _l("That username and password do not match. Check both and try again.")

WRONG_ADDRESS = _l(
    "The address of the phone system seems to be wrong, so nobody can log in. "
    "Ask the person who runs Callboard to check AIRCALL_API_URL."
)


@bp.get("/login")
def show() -> ResponseReturnValue:
    """Show the login page, or redirect to the wanted page if there is a session."""
    if session.current_login() is not None:
        return see_other(request.args.get("next"))
    return login_page(wanted=request.args.get("next"))


@bp.post("/login")
def log_in() -> ResponseReturnValue:
    """Log in at the API and start a session."""
    form = LoginForm()
    if not form.validate_on_submit():
        return _form_page(form, next(iter(form.errors.values()))[0], 400)
    username = form.username.data or ""
    try:
        with attempts.attempt(username):
            signed_in = services().logins.create(username, form.password.data or "")
    except attempts.TooManyAttemptsError as error:
        audit.note("login limited", username)
        refusal = make_response(_form_page(form, str(error), 429))
        refusal.headers["Retry-After"] = str(error.retry_after)
        return refusal
    except UnauthorizedError:
        audit.note("login refused", username)
        return _form_page(form, REFUSED, 401)
    except InvalidRequestError as error:
        audit.note("login refused", username)
        return _form_page(form, api_sentences(error.messages), 400)
    except WrongAddressError:
        return _form_page(form, WRONG_ADDRESS, 503)
    except AircallError as error:
        return _form_page(form, sentence_for(error), 503)
    session.begin(signed_in)
    services().sync.retry_now()
    response = make_response(see_other(form.next.data))
    attempts.remember_device(response, username)
    return response


@bp.post("/logout")
def log_out() -> ResponseReturnValue:
    """End the session: its record, its tokens, its sockets."""
    ended_id = session.end("logged out")
    session.begin_anonymous()
    to_login = redirect(url_for("login.show"), code=303)
    if ended_id:
        # After the response: once their sockets close, other tabs request a login page with the new session.
        to_login.call_on_close(partial(services().hub.end_login, ended_id))
    return to_login


def _form_page(form: LoginForm, error: str, status: int) -> ResponseReturnValue:
    """Show what was submitted, and why it was refused."""
    # The message belongs to the invalid fields, or to both if none is invalid by itself.
    fields = () if status == 429 else FIELDS
    wrong = tuple(name for name in fields if form[name].errors or not form.errors)
    return login_page(form.username.data, form.next.data, error=str(error), wrong=wrong), status


def login_page(
    username: str | None = None,
    wanted: str | None = None,
    *,
    error: str = "",
    wrong: Sequence[str] = (),
    notice: str = "",
) -> str:
    """Return the login page; `wanted` is the path to go to, `wrong` the fields that `error` means."""
    if session.pop_has_ended():
        notice = notice or str(SENTENCES[LoginEndedError])
    return render_template(
        "login/login.html",
        username=username or "",
        wanted=wanted or "",
        error=error,
        wrong=wrong,
        notice=notice,
    )
