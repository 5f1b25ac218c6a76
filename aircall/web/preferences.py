"""Preferences of a browser, each in a cookie that outlives a logout.

The zone's cookie is written by the script; without it pages use the configured zone.
"""

from collections.abc import Container
from typing import cast
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, abort, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from aircall.server.answers import ONE_YEAR
from aircall.web.formatting import zone_names
from aircall.web.i18n import COOKIE, LANGUAGES, preference, preference_cookie
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.security import see_other

bp = Blueprint("preferences", __name__)

SYSTEM = "system"
THEMES = {SYSTEM: _l("System"), "light": _l("Light"), "dark": _l("Dark")}
THEME_COOKIE = "theme"
ZONE_COOKIE = "tz"
STAY, GO_ON = "stay", "next"
# What a call's page shows after that call was archived.
AFTER_ARCHIVING = {STAY: _l("Stay"), GO_ON: _l("Next call")}
AFTER_ARCHIVING_COOKIE = "after_archiving"
ALONE, BESIDE = "alone", "beside"
# Where a call opens on a wide screen.
CALL_PLACES = {ALONE: _l("On their own page"), BESIDE: _l("Beside the list")}
CALL_PLACE_COOKIE = "calls_open"


def register(app: Flask) -> None:
    """Provide templates with the preferences and their options, and accept choices."""
    app.context_processor(
        lambda: {
            "theme": viewer_theme(),
            "zone": viewer_zone().key,
            "after_archiving": GO_ON if viewer_goes_on() else STAY,
            "calls_open": BESIDE if viewer_has_calls_beside() else ALONE,
        }
    )
    app.jinja_env.globals |= {
        "themes": THEMES,
        "after_archiving_options": AFTER_ARCHIVING,
        "call_places": CALL_PLACES,
    }
    app.register_blueprint(bp)


def viewer_theme() -> str:
    """Return the viewer's theme, one of THEMES."""
    chosen = preference(THEME_COOKIE)
    return chosen if chosen in THEMES else SYSTEM


def viewer_zone() -> ZoneInfo:
    """Return the viewer's time zone."""
    name = preference(ZONE_COOKIE)
    return ZoneInfo(name) if name in zone_names() else cast(ZoneInfo, current_app.config["TIMEZONE"])


def viewer_goes_on() -> bool:
    """Return whether a call's page goes on to the next call once that call is archived."""
    return preference(AFTER_ARCHIVING_COOKIE) == GO_ON


def viewer_has_calls_beside() -> bool:
    """Return whether a call opens beside the list, where the screen is wide enough."""
    return preference(CALL_PLACE_COOKIE) == BESIDE


@bp.post("/theme")
def choose_theme() -> ResponseReturnValue:
    """Keep the chosen theme for a year and show the page again."""
    return _keep_choice("theme", THEMES, THEME_COOKIE, _("There is no such theme."))


@bp.post("/language")
def choose_language() -> ResponseReturnValue:
    """Keep the chosen language for a year and show the page again."""
    return _keep_choice("language", LANGUAGES, COOKIE, _("There are no pages in this language."))


@bp.post("/after-archiving")
def choose_after_archiving() -> ResponseReturnValue:
    """Keep for a year what follows an archived call, and show the page again."""
    return _keep_choice(
        "after_archiving", AFTER_ARCHIVING, AFTER_ARCHIVING_COOKIE, _("There is no such choice.")
    )


@bp.post("/calls-open")
def choose_call_place() -> ResponseReturnValue:
    """Keep for a year where calls open, and show the page again."""
    return _keep_choice("calls_open", CALL_PLACES, CALL_PLACE_COOKIE, _("There is no such choice."))


def _keep_choice(field: str, allowed: Container[str], cookie: str, refusal: str) -> ResponseReturnValue:
    """Keep the value of this field in the cookie. Aborts with 400 and `refusal` if it is not allowed."""
    chosen = request.form.get(field, "")
    if chosen not in allowed:
        abort(400, refusal)
    return _keep(cookie, chosen)


def _keep(name: str, value: str) -> Response:
    response = see_other(request.form.get("next"))
    response.set_cookie(
        preference_cookie(name),
        value,
        max_age=ONE_YEAR,
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",
    )
    return response
