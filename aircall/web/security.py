"""What every answer says about itself: what it may load, who may frame it, how long it may be kept.

Whether a request comes from one of our own pages, by what browsers say and scripts cannot forge.

Where a person may be sent after logging in or changing something: only to pages of this site.
"""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Redirect

from aircall.web.i18n import gettext as _

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types fragments",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Pages show customers' numbers: no copy stays behind, not even for the Back button after logging out.
    "Cache-Control": "no-store",
}
ONE_YEAR = 365 * 24 * 3600
# For what has another address once it has changed.
KEPT_FOR_GOOD = f"public, max-age={ONE_YEAR}, immutable"


def register_headers(app: Flask, *, is_https: bool) -> None:
    """Put the security headers on every answer, and on HTTPS the order to stay there."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if is_https:
            response.headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR}; includeSubDomains"
        if request.endpoint == "login.log_out":
            response.headers["Clear-Site-Data"] = '"cache"'
        return response


CHANGING_METHODS = {"POST", "PUT", "PATCH", "DELETE"}
FOREIGN_SITES = {"cross-site", "same-site"}


def is_own_origin(origin: str | None, host: str, public_origin: str | None) -> bool:
    """Whether this Origin header is ours; a missing one and `null` are not.

    Without a configured origin the host decides, as the scheme is not ours to know behind a proxy.
    """
    if public_origin:
        return origin == public_origin
    return bool(host) and origin in (f"http://{host}", f"https://{host}")


def register_origin_check(app: Flask, public_origin: str | None) -> None:
    """Refuse every change that another site's page asks for, beside the CSRF token that each form needs."""

    @app.before_request
    def refuse_foreign_changes() -> None:
        if request.method not in CHANGING_METHODS:
            return
        origin = request.headers.get("Origin")
        is_foreign = origin is not None and not is_own_origin(origin, request.host, public_origin)
        if is_foreign or request.headers.get("Sec-Fetch-Site") in FOREIGN_SITES:
            abort(403, _("This form was sent from another site."))


def local_path(target: str | None) -> str | None:
    """The target if it is the path (and query) of one of our pages, else None."""
    if not target or not target.startswith("/") or not target.isascii() or not target.isprintable():
        return None
    if target.startswith("//") or "\\" in target:
        return None
    path = urlsplit(target).path
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return None
    return target


def see_other(target: str | None) -> Redirect:
    """A redirect after a form, to the target if it is ours, else to the call list."""
    return redirect(local_path(target) or url_for("calls.index"), code=303)
