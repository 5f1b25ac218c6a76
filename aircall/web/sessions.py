"""The page of a person's sessions: where they are logged in, and how to end that there."""

from datetime import UTC, datetime

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from aircall.auth.sign_ins import SignIn
from aircall.web.i18n import gettext as _
from aircall.web.i18n import ngettext
from aircall.web.login import session
from aircall.web.login.session import login_required
from aircall.web.page import ERROR, flash_message
from aircall.web.security import see_other
from aircall.web.services import services

bp = Blueprint("sessions", __name__)


@bp.get("/sessions")
@login_required
def index() -> ResponseReturnValue:
    """Show where this person is logged in."""
    found = services().sign_ins.of(session.username())
    return render_template(
        "sessions/index.html", sessions=[_row(each) for each in found], current_id=session.login_id()
    )


@bp.post("/sessions/<sign_in_id>/end")
@login_required
def end(sign_in_id: str) -> ResponseReturnValue:
    """End one session of this person; the one of this browser is left to the button that logs out."""
    found = [each for each in _others() if each.id == sign_in_id]
    for each in found:
        session.end_elsewhere(each, "ended by its owner")
    if found:
        flash_message(_("That session has ended."))
    else:
        flash_message(_("That session had already ended."), ERROR)
    return see_other(url_for("sessions.index"))


@bp.post("/sessions/end-others")
@login_required
def end_others() -> ResponseReturnValue:
    """End every session of this person but this one."""
    found = _others()
    for each in found:
        session.end_elsewhere(each, "ended by its owner")
    flash_message(
        ngettext(
            "%(number)s session has ended.",
            "%(number)s sessions have ended.",
            len(found),
            number=len(found),
        )
    )
    return see_other(url_for("sessions.index"))


def _others() -> list[SignIn]:
    known = services().sign_ins.of(session.username())
    return [each for each in known if each.login_id != session.login_id()]


def _row(sign_in: SignIn) -> dict[str, object]:
    return {
        "id": sign_in.id,
        "login_id": sign_in.login_id,
        "name": browser_text(sign_in.browser, sign_in.system),
        "began_at": datetime.fromtimestamp(sign_in.began_at, UTC),
        "seen_at": datetime.fromtimestamp(sign_in.seen_at, UTC),
    }


def browser_text(browser: str, system: str) -> str:
    """Return a browser in words, as far as it is known."""
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or _("Unknown browser")
