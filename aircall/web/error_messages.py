"""Error messages: what users read of an AircallError, in one or two sentences of their language."""

import math
from collections.abc import Sequence

import msgspec

from aircall.changes.errors import (
    BusyError,
    ChangedSinceError,
    ConflictError,
    FailureReason,
    UnconfirmedError,
)
from aircall.errors import (
    AircallError,
    CircuitOpenError,
    ForbiddenError,
    LoginEndedError,
    MalformedResponseError,
    NoResponseError,
    NotFoundError,
    PoolExhaustedError,
    RateLimitedError,
    ServerError,
    UnreachableError,
)
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.i18n import ngettext

SENTENCES: dict[type[AircallError], str] = {
    NotFoundError: _l("This call does not exist, or has been deleted."),
    ForbiddenError: _l("The phone system does not allow you to do this."),
    ConflictError: _l("Somebody else is changing this call. Check it and try again."),
    UnconfirmedError: _l(
        "The phone system did not say whether the call was changed. Check before you try again."
    ),
    ChangedSinceError: _l("This call has changed since, so it was left as it is."),
    LoginEndedError: _l("Your session has ended. Log in again to continue."),
}
# Temporary errors: each message is followed by when to try again.
PASSING: dict[type[AircallError], str] = {
    RateLimitedError: _l("The phone system is busy."),
    UnreachableError: _l("The phone system can't be reached right now."),
    NoResponseError: _l("The phone system did not answer in time."),
    CircuitOpenError: _l("The phone system is not answering right now."),
    MalformedResponseError: _l("The phone system gave an answer we can't read."),
    BusyError: _l("Another change to this call is still in progress."),
    PoolExhaustedError: _l("The phone system has too many requests right now."),
    ServerError: _l("The phone system has a problem right now."),
}
# What people read of validation messages of the API that we know; others are shown as they come.
API_SENTENCES = {
    "content should not be empty": _l("Write something first: a note can't be empty."),
    "content must be a string": _l("A note must be text."),
    "username should not be empty": _l("Enter your username."),
    "password should not be empty": _l("Enter your password."),
    "The request is not valid.": _l("The request is not valid."),
}
OUR_FAULT = _l("Something went wrong on our side. Check before you try again.")


def sentence_for(error: AircallError) -> str:
    """Return the message for this error: what happened and what to do."""
    return _sentence(FailureReason.of(error))


def sentence_of(error: str, retry_after: float | None) -> str:
    """Return the message for an error by the name of its class; `retry_after` is in seconds."""
    return _sentence(FailureReason(error, retry_after))


def trouble() -> str:
    """Return the message for an unknown error of the API."""
    return f"{PASSING[ServerError]} {_try_again(None)}"


def api_sentences(messages: Sequence[str]) -> str:
    """Return the validation messages of the API, translated as far as they are known."""
    return " ".join(str(API_SENTENCES.get(message, message)) for message in messages)


def reason_text(kept: str) -> str:
    """Return the message for a stored reason; empty for an empty one."""
    if not kept:
        return ""
    try:
        return _sentence(msgspec.json.decode(kept, type=FailureReason))
    except msgspec.MsgspecError:
        # Written by an earlier version, which stored the message itself.
        return kept


def _sentence(reason: FailureReason) -> str:
    if not reason.error:
        return str(OUR_FAULT)
    if reason.messages:
        return api_sentences(reason.messages)
    known = {error.__name__: error for error in (*SENTENCES, *PASSING)}
    error = known.get(reason.error, ServerError)
    if error in SENTENCES:
        return str(SENTENCES[error])
    return f"{PASSING[error]} {_try_again(reason.retry_after)}"


def _try_again(seconds: float | None) -> str:
    if seconds is None or seconds <= 1:
        return _("Try again in a moment.")
    if seconds < 90:
        number = math.ceil(seconds)
        return ngettext(
            "Try again in %(number)s second.", "Try again in %(number)s seconds.", number, number=number
        )
    if seconds < 5400:
        number = math.ceil(seconds / 60)
        return ngettext(
            "Try again in %(number)s minute.", "Try again in %(number)s minutes.", number, number=number
        )
    return _("Try again later.")
