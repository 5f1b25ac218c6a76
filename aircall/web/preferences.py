"""What a person has chosen for all pages: kept in a cookie of its own, which outlives logging out."""

from flask import Blueprint, abort, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from aircall.web.language import COOKIE, LANGUAGES
from aircall.web.redirects import see_other
from aircall.web.words import gettext as _

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
