"""What a person has chosen for all pages: kept in a cookie of its own, which outlives logging out.

Light or dark: as it was chosen, kept in a cookie, else as the system has it.

The time zone a page is rendered in: what the browser told in a cookie, else the configured one.
"""

from functools import cache
from typing import cast
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, Flask, abort, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from aircall.web.i18n import COOKIE, LANGUAGES
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.security import see_other

bp = Blueprint("preferences", __name__)

ONE_YEAR = 365 * 24 * 3600


def keep(name: str, value: str) -> Response:
    """The answer to a form that has chosen: keeps it for a year, and shows the page again."""
    answer = see_other(request.form.get("next"))
    answer.set_cookie(
        name,
        value,
        max_age=ONE_YEAR,
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",
    )
    return answer


@bp.post("/language")
def choose_language() -> ResponseReturnValue:
    """Keep the language that was chosen for a year, and show the page again in it."""
    language = request.form.get("language", "")
    if language not in LANGUAGES:
        abort(400, _("There are no pages in this language."))
    return keep(COOKIE, language)


SYSTEM = "system"
THEMES = {SYSTEM: _l("System"), "light": _l("Light"), "dark": _l("Dark")}
THEME_COOKIE = "theme"


def register(app: Flask) -> None:
    """Give templates `theme`, the viewer's own, and `themes`."""
    app.context_processor(lambda: {"theme": viewer_theme(), "themes": THEMES, "zone": viewer_zone().key})
    app.register_blueprint(bp)


def viewer_theme() -> str:
    """The viewer's theme, one of THEMES."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else SYSTEM


@bp.post("/theme")
def choose_theme() -> ResponseReturnValue:
    """Keep the theme that was chosen for a year, and show the page again in it."""
    theme = request.form.get("theme", "")
    if theme not in THEMES:
        abort(400, _("There is no such theme."))
    return keep(THEME_COOKIE, theme)


ZONE_COOKIE = "tz"


def viewer_zone() -> ZoneInfo:
    """The viewer's zone."""
    name = request.cookies.get(ZONE_COOKIE, "")
    return ZoneInfo(name) if name in _zone_names() else cast(ZoneInfo, current_app.config["TIMEZONE"])


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())
