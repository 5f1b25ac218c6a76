"""Light or dark: as it was chosen, kept in a cookie, else as the system has it."""

from flask import Blueprint, Flask, abort, request
from flask.typing import ResponseReturnValue

from aircall.web import preferences
from aircall.web.words import gettext as _
from aircall.web.words import lazy_gettext as _l

bp = Blueprint("theme", __name__)

SYSTEM = "system"
THEMES = {SYSTEM: _l("System"), "light": _l("Light"), "dark": _l("Dark")}
COOKIE = "theme"


def register(app: Flask) -> None:
    """Give templates `theme`, the viewer's own, and `themes`."""
    app.context_processor(lambda: {"theme": viewer_theme(), "themes": THEMES})
    app.register_blueprint(bp)


def viewer_theme() -> str:
    """The viewer's theme, one of THEMES."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in THEMES else SYSTEM


@bp.post("/theme")
def choose() -> ResponseReturnValue:
    """Keep the theme that was chosen for a year, and show the page again in it."""
    theme = request.form.get("theme", "")
    if theme not in THEMES:
        abort(400, _("There is no such theme."))
    return preferences.keep(COOKIE, theme)
