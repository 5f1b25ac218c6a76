"""Preferences of a browser, each in a cookie that outlives a logout.

The zone's cookie is written by the script; without it pages use the configured zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, abort, current_app, request, url_for
from flask.typing import ResponseReturnValue

from aircall.server.answers import ONE_YEAR
from aircall.web.formatting import zone_names
from aircall.web.i18n import COOKIE, LANGUAGES, preference, preference_cookie, viewer_language
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.security import see_other

bp = Blueprint("preferences", __name__)

ZONE_COOKIE = "tz"
GO_ON, BESIDE = "next", "beside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """One choice of a person: the name of its field and cookie, and its options, the first by default."""

    name: str
    label: object
    hint: object = ""
    options: Mapping[str, object]
    refusal: object = _l("There is no such choice.")

    @property
    def action(self) -> str:
        """The address that keeps a choice."""
        return url_for(f"preferences.choose_{self.name}")

    @property
    def chosen(self) -> str:
        """The viewer's choice."""
        kept = preference(self.name)
        return kept if kept in self.options else next(iter(self.options))


class LanguagePreference(Preference):
    """The language: without a choice that of the browser."""

    @property
    def chosen(self) -> str:
        """The viewer's language."""
        return viewer_language()


THEME = Preference(
    name="theme",
    label=_l("Theme"),
    options={"system": _l("System"), "light": _l("Light"), "dark": _l("Dark")},
    refusal=_l("There is no such theme."),
)
LANGUAGE = LanguagePreference(
    name=COOKIE,
    label=_l("Language"),
    options=LANGUAGES,
    refusal=_l("There are no pages in this language."),
)
DENSITY = Preference(
    name="density",
    label=_l("Density"),
    hint=_l("Compact lists show more rows."),
    options={"comfortable": _l("Comfortable"), "compact": _l("Compact")},
)
AFTER_ARCHIVING = Preference(
    name="after_archiving",
    label=_l("After archiving a call on its page"),
    options={"stay": _l("Stay"), GO_ON: _l("Next call")},
)
CALLS_OPEN = Preference(
    name="calls_open",
    label=_l("Calls open"),
    hint=_l("Beside the list where the window is wide enough."),
    options={"alone": _l("On their own page"), BESIDE: _l("Beside the list")},
)
PREFERENCES = (THEME, LANGUAGE, DENSITY, AFTER_ARCHIVING, CALLS_OPEN)


def register(app: Flask) -> None:
    """Provide templates with the preferences and their options, and accept choices."""
    app.context_processor(
        lambda: {
            "theme": THEME.chosen,
            "density": DENSITY.chosen,
            "zone": viewer_zone().key,
            "after_archiving": AFTER_ARCHIVING.chosen,
            "calls_open": CALLS_OPEN.chosen,
        }
    )
    app.jinja_env.globals["themes"] = THEME.options
    app.register_blueprint(bp)


def viewer_zone() -> ZoneInfo:
    """Return the viewer's time zone."""
    name = preference(ZONE_COOKIE)
    return ZoneInfo(name) if name in zone_names() else cast(ZoneInfo, current_app.config["TIMEZONE"])


def viewer_has_calls_beside() -> bool:
    """Return whether a call opens beside the list, where the window is wide enough."""
    return CALLS_OPEN.chosen == BESIDE


@bp.post("/theme")
def choose_theme() -> ResponseReturnValue:
    """Keep the chosen theme for a year and show the page again."""
    return _keep(THEME)


@bp.post("/language")
def choose_language() -> ResponseReturnValue:
    """Keep the chosen language for a year and show the page again."""
    return _keep(LANGUAGE)


@bp.post("/density")
def choose_density() -> ResponseReturnValue:
    """Keep for a year how much room rows take, and show the page again."""
    return _keep(DENSITY)


@bp.post("/after-archiving")
def choose_after_archiving() -> ResponseReturnValue:
    """Keep for a year what follows an archived call, and show the page again."""
    return _keep(AFTER_ARCHIVING)


@bp.post("/calls-open")
def choose_calls_open() -> ResponseReturnValue:
    """Keep for a year where calls open, and show the page again."""
    return _keep(CALLS_OPEN)


def _keep(choice: Preference) -> ResponseReturnValue:
    chosen = request.form.get(choice.name, "")
    if chosen not in choice.options:
        abort(400, str(choice.refusal))
    response = see_other(request.form.get("next"))
    response.set_cookie(
        preference_cookie(choice.name),
        chosen,
        max_age=ONE_YEAR,
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",
    )
    return response
