"""Preferences of a browser: language, theme and time zone, each in a cookie that outlives a logout.

The zone's cookie is written by the script; without it pages use the configured zone.
"""

from typing import cast
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, abort, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from aircall.web.formatting import zone_names
from aircall.web.i18n import COOKIE, LANGUAGES
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.security import ONE_YEAR, see_other

bp = Blueprint("preferences", __name__)

SYSTEM = "system"
THEMES = {SYSTEM: _l("System"), "light": _l("Light"), "dark": _l("Dark")}
THEME_COOKIE = "theme"
ZONE_COOKIE = "tz"


def register(app: Flask) -> None:
    """Provide templates with `theme`, `themes` and `zone`, and accept choices of theme and language."""
    app.context_processor(lambda: {"theme": viewer_theme(), "zone": viewer_zone().key})
    app.jinja_env.globals["themes"] = THEMES
    app.register_blueprint(bp)


def viewer_theme() -> str:
    """Return the viewer's theme, one of THEMES."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else SYSTEM


def viewer_zone() -> ZoneInfo:
    """Return the viewer's time zone."""
    name = request.cookies.get(ZONE_COOKIE, "")
    return ZoneInfo(name) if name in zone_names() else cast(ZoneInfo, current_app.config["TIMEZONE"])


@bp.post("/theme")
def choose_theme() -> ResponseReturnValue:
    """Keep the chosen theme for a year and show the page again."""
    theme = request.form.get("theme", "")
    if theme not in THEMES:
        abort(400, _("There is no such theme."))
    return _keep(THEME_COOKIE, theme)


@bp.post("/language")
def choose_language() -> ResponseReturnValue:
    """Keep the chosen language for a year and show the page again."""
    language = request.form.get("language", "")
    if language not in LANGUAGES:
        abort(400, _("There are no pages in this language."))
    return _keep(COOKIE, language)


def _keep(name: str, value: str) -> Response:
    response = see_other(request.form.get("next"))
    response.set_cookie(
        name,
        value,
        max_age=ONE_YEAR,
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",
    )
    return response
