"""The page of settings: every preference of a browser, and the way to the sessions."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from aircall.web.login.session import login_required
from aircall.web.preferences import PREFERENCES

bp = Blueprint("settings", __name__)


@bp.get("/settings")
@login_required
def show() -> ResponseReturnValue:
    """Show every preference of this browser."""
    return render_template("settings/index.html", settings=PREFERENCES)
