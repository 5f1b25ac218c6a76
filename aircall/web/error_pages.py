"""Error handlers: the page that users see, and what is logged, for every exception that a view raises."""

import logging

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from aircall.errors import AircallError, NotFoundError
from aircall.storage import STORAGE_ERRORS
from aircall.web import audit
from aircall.web.error_messages import SENTENCES, sentence_for, trouble
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.login import form_recovery, session
from aircall.web.login.views import LoginForm, login_page
from aircall.web.page import ERROR, flash_message
from aircall.web.security import see_other

log = logging.getLogger(__name__)

NOTE = "calls.add_note"
# The status of a form that is not from a page of ours, and of nothing else.
FORBIDDEN = 403

EXPIRED = _l("This page was open too long, so nothing was done. Go back, reload it and try again.")
EXPIRED_LOGIN = _l(
    "You are not logged in yet: this page was open too long, or your browser blocks cookies. Try again."
)
EXPIRED_NOTE = _l("This page was open too long, so nothing was sent. Check what you wrote and send it again.")
EXPIRED_ACTION = _l("This page was open too long, so nothing was done. Try again.")
NO_STORAGE = _l("Callboard can't reach its own data right now. Try again in a moment.")
NO_STORAGE_CHANGE = _l(
    "Callboard can't reach its own data right now, so this may not have worked. "
    "Check in a moment, before you try again."
)
TITLES = {
    400: _l("That did not work"),
    403: _l("Not allowed"),
    404: _l("There is nothing here"),
    405: _l("Not possible here"),
    413: _l("Too large"),
    415: _l("Not possible here"),
    429: _l("Too many attempts"),
}
TEXTS = {
    404: _l("The page or call you are looking for does not exist, or has been deleted."),
    405: _l("This address does not accept this kind of request."),
    413: _l("What you sent is too large. Your browser's Back button brings it back."),
}


def register(app: Flask) -> None:
    """Install the error handlers."""
    app.register_error_handler(CSRFError, _expired)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(AircallError, _api_error)
    for storage_error in STORAGE_ERRORS:
        app.register_error_handler(storage_error, _storage_error)
    app.register_error_handler(Exception, _bug)


def error_page(title: str, message: str, status: int) -> ResponseReturnValue:
    """Return a page that says what went wrong, with a retry link for a failed GET."""
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
    """Return the note that this request was to add, so that the user can copy it."""
    try:
        return request.form.get("content", "") if request.endpoint == NOTE else ""
    except HTTPException:
        # Too large, or it did not arrive.
        return ""


def _expired(error: CSRFError) -> ResponseReturnValue:
    audit.note("form refused", reason=str(error.description))
    if request.endpoint == "login.log_in":
        form = LoginForm()
        return login_page(form.username.data, form.next.data, notice=str(EXPIRED_LOGIN)), 400
    login = session.current_login()
    if login is None:
        # The session has ended, for example by a logout in another tab.
        return session.to_login()
    if form_recovery.form_owner() == login.user.username:
        flash_message(str(EXPIRED_NOTE if request.endpoint == NOTE else EXPIRED_ACTION), ERROR)
        return see_other(session.kept_form_page())
    return error_page(_("This page has expired"), EXPIRED, 400)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, InternalServerError) and isinstance(error.original_exception, STORAGE_ERRORS):
        # The session could not be saved after the page was rendered.
        return _storage_error(error.original_exception)
    status = error.code or 500
    if status < 400:
        return error
    if status == FORBIDDEN:
        audit.note("form refused", reason="sent from another site")
    title = TITLES.get(status) or _("Something went wrong")
    return error_page(title, _text(error, status), status)


def _text(error: HTTPException, status: int) -> str:
    """Return our text for the status, or the description of `abort`. Werkzeug's are only English."""
    if status in TEXTS:
        return TEXTS[status]
    if error.description and error.description != type(error).description:
        return error.description
    return TEXTS[405] if status < 500 else trouble()


def _api_error(error: AircallError) -> ResponseReturnValue:
    if isinstance(error, NotFoundError):
        return error_page(TITLES[404], SENTENCES[NotFoundError], 404)
    log.warning("a page could not be made", extra={"view": request.endpoint, "error": type(error).__name__})
    return error_page(_("We can't show this right now"), sentence_for(error), 503)


def _storage_error(error: Exception) -> ResponseReturnValue:
    log.error("%s %s: the storage failed: %s", request.method, request.endpoint, type(error).__name__)
    log.debug("the storage failed", exc_info=error)
    session.go_on_without_storage(error)
    text = NO_STORAGE if request.method == "GET" else NO_STORAGE_CHANGE
    return error_page(_("We can't show this right now"), text, 503)


def _bug(error: Exception) -> ResponseReturnValue:
    log.error("a page failed", extra={"view": request.endpoint}, exc_info=error)
    return error_page(
        _("Something went wrong"), _("This is our mistake, and it has been logged. Try again."), 500
    )
