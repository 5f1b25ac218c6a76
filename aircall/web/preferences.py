"""What a person has chosen for all pages: kept in a cookie of its own, which outlives logging out."""

from flask import current_app, request
from werkzeug.wrappers import Response

from aircall.web.redirects import see_other

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
