"""Logging in and out."""

from functools import partial

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from aircall.errors import AircallError, InvalidRequestError, LoginEndedError, UnauthorizedError
from aircall.web.error_messages import SENTENCES, api_sentences, sentence_for
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.login import session
from aircall.web.security import see_other
from aircall.web.services import services

LENGTH = Length(max=255, message=_l("Field cannot be longer than 255 characters."))


class LoginForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
    """Name and password, passed on exactly as typed."""

    username = StringField(validators=[InputRequired(_l("Enter your username.")), LENGTH])
    password = PasswordField(validators=[InputRequired(_l("Enter your password.")), LENGTH])
    next = HiddenField()


bp = Blueprint("login", __name__)

REFUSED = _l("That username and password do not match. Check both and try again.")


@bp.get("/login")
def show() -> ResponseReturnValue:
    """The login page; who is signed in already goes on to where the link leads."""
    if session.current_login() is not None:
        return see_other(request.args.get("next"))
    return _page(LoginForm(next=request.args.get("next")))


@bp.post("/login")
def log_in() -> ResponseReturnValue:
    """Sign in at the API and begin a session."""
    form = LoginForm()
    if not form.validate_on_submit():
        return _page(form, next(iter(form.errors.values()))[0], 400)
    try:
        signed_in = services().logins.create(form.username.data or "", form.password.data or "")
    except UnauthorizedError:
        return _page(form, REFUSED, 401)
    except InvalidRequestError as error:
        return _page(form, api_sentences(error.messages), 400)
    except AircallError as error:
        return _page(form, sentence_for(error), 503)
    session.begin(signed_in)
    services().sync.retry_now()
    return see_other(form.next.data)


@bp.post("/logout")
def log_out() -> ResponseReturnValue:
    """End the session everywhere: its record, its tokens, its sockets."""
    ended_id = session.end()
    session.begin_anonymous()
    to_login = redirect(url_for("login.show"), code=303)
    if ended_id:
        # Not before the browser has its new session: once their sockets close, its tabs ask for a login page.
        to_login.call_on_close(partial(services().hub.end_login, ended_id))
    return to_login


def _page(form: LoginForm, error: str | None = None, status: int = 200) -> ResponseReturnValue:
    notice = SENTENCES[LoginEndedError] if session.has_just_ended() else None
    return render_template("login/login.html", form=form, error=error, notice=notice), status
