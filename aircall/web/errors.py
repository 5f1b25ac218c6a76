"""What people read when something goes wrong; the log has the other half. Decided here and nowhere else."""

import logging
import math

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from aircall.errors import (
    AircallError,
    BusyError,
    ChangedSinceError,
    CircuitOpenError,
    ConflictError,
    CrowdedError,
    ForbiddenError,
    InvalidRequestError,
    LoginEndedError,
    MalformedAnswerError,
    NoAnswerError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    UnconfirmedError,
    UnreachableError,
)
from aircall.web import kept_forms, session
from aircall.web.forms import LoginForm
from aircall.web.notices import ERROR, notify
from aircall.web.redirects import see_other

log = logging.getLogger(__name__)

NOTE = "notes.add"

SENTENCES: dict[type[AircallError], str] = {
    NotFoundError: "This call does not exist, or not any more.",
    ForbiddenError: "The phone system does not allow this to you.",
    ConflictError: "Somebody else changes this call at the same time. Look at it and try again.",
    UnconfirmedError: "The phone system did not say whether the call was changed. Look before trying again.",
    ChangedSinceError: "This call has changed since, so it was left alone.",
    LoginEndedError: "Your session has ended. Log in again to go on.",
}
# What passes: after each of these follows when to try again.
PASSING: dict[type[AircallError], str] = {
    RateLimitedError: "The phone system is busy.",
    UnreachableError: "The phone system can't be reached right now.",
    NoAnswerError: "The phone system did not answer in time.",
    CircuitOpenError: "The phone system does not answer at the moment.",
    MalformedAnswerError: "The phone system gave an answer we can't read.",
    BusyError: "Another change of this call is still under way.",
    CrowdedError: "Too many people are asking the phone system at once.",
    ServerError: "The phone system is in trouble right now.",
}
SOON = "Try again in a moment."
TROUBLE = f"{PASSING[ServerError]} {SOON}"
EXPIRED = "This page was open for too long, so this was not done. Go back, load it again and try once more."
EXPIRED_LOGIN = (
    "You are not logged in yet: this page was open for too long, or your browser keeps no cookies. Try again."
)
EXPIRED_NOTE = "The page was open for too long, so nothing was sent yet. Check what you wrote and send it."
EXPIRED_ACTION = "The page was open for too long, so this was not done yet. Try again."
TITLES = {
    400: "That did not work",
    403: "Not allowed",
    404: "There is nothing here",
    405: "Not like this",
    413: "That is too much",
    429: "Too many attempts",
}
TEXTS = {
    404: "The page or call you were looking for does not exist, or not any more.",
    405: "This address does not take what was sent to it.",
    413: "What was sent is larger than we take. Your browser's Back button brings it back.",
}


def register(app: Flask) -> None:
    """Give every error a page in plain words."""
    app.register_error_handler(CSRFError, _expired)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(AircallError, _trouble)
    app.register_error_handler(Exception, _bug)


def sentence_for(error: AircallError) -> str:
    """What a person should know of this error, and what to do."""
    if isinstance(error, InvalidRequestError):
        return " ".join(error.messages)
    if sentence := SENTENCES.get(type(error)):
        return sentence
    return f"{PASSING.get(type(error), PASSING[ServerError])} {_try_again(error.retry_after)}"


def _try_again(seconds: float | None) -> str:
    if seconds is None or seconds <= 1:
        return SOON
    if seconds < 90:
        return f"Try again in {math.ceil(seconds)} seconds."
    if seconds < 5400:
        return f"Try again in {math.ceil(seconds / 60)} minutes."
    return "Try again later."


def error_page(title: str, message: str, status: int) -> ResponseReturnValue:
    """A page that says what went wrong; one that was asked for by a link can be tried again."""
    retry_url = request.full_path.rstrip("?") if request.method == "GET" and status >= 500 else None
    page = render_template(
        "error.html",
        title=title,
        message=message,
        status=status,
        retry_url=retry_url,
        unsaved_note=_unsaved_note(),
    )
    return page, status


def _unsaved_note() -> str:
    """What somebody wrote in the note that this request was to add, so that they can copy it."""
    try:
        return request.form.get("content", "") if request.endpoint == NOTE else ""
    except RequestEntityTooLarge:
        return ""


def _expired(error: CSRFError) -> ResponseReturnValue:
    log.warning("a form was refused: %s", error.description)
    if request.endpoint == "auth.log_in":
        return render_template("auth/login.html", form=LoginForm(), error=None, notice=EXPIRED_LOGIN), 400
    login = session.current_login()
    if login is None:
        # Its session is over, by logging out in another tab perhaps: what is needed is to log in.
        return session.to_login()
    if kept_forms.author() == login.user.username:
        notify(EXPIRED_NOTE if request.endpoint == NOTE else EXPIRED_ACTION, ERROR)
        return see_other(session.kept_form_page())
    return error_page("This page has expired", EXPIRED, 400)


def _refused(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:
        return error
    title = TITLES.get(status, "Something went wrong")
    return error_page(title, TEXTS.get(status) or error.description or TROUBLE, status)


def _trouble(error: AircallError) -> ResponseReturnValue:
    if isinstance(error, NotFoundError):
        return error_page(TITLES[404], SENTENCES[NotFoundError], 404)
    log.warning("%s %s: %s", request.method, request.endpoint, type(error).__name__)
    return error_page("We can't show this right now", sentence_for(error), 503)


def _bug(error: Exception) -> ResponseReturnValue:
    log.error("%s %s failed", request.method, request.endpoint, exc_info=error)
    return error_page("Something went wrong", "This is our mistake, and it has been noted. Try again.", 500)
