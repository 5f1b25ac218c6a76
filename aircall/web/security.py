"""Security of requests and responses: headers, the check of a request's origin, and safe redirects."""

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
    # Pages show customers' numbers: keep no copy, not even for the Back button after a logout.
    "Cache-Control": "no-store",
}
# Seconds.
ONE_YEAR = 365 * 24 * 3600
# Cache-Control of files whose address changes with their content.
IMMUTABLE = f"public, max-age={ONE_YEAR}, immutable"

CHANGING_METHODS = {"POST", "PUT", "PATCH", "DELETE"}
FOREIGN_SITES = {"cross-site", "same-site"}


def register(app: Flask, *, public_origin: str | None, is_https: bool) -> None:
    """Refuse changes from other sites, and add the security headers to every response.

    Call this before `CSRFProtect(app)`, which adds the second defense: a token in every form.
    """

    @app.before_request
    def check_origin() -> None:
        if request.method not in CHANGING_METHODS:
            return
        origin = request.headers.get("Origin")
        is_foreign = origin is not None and not is_own_origin(origin, request.host, public_origin)
        if is_foreign or request.headers.get("Sec-Fetch-Site") in FOREIGN_SITES:
            abort(403, _("This form was sent from another site."))

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if is_https:
            response.headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR}; includeSubDomains"
        if request.endpoint == "login.log_out":
            response.headers["Clear-Site-Data"] = '"cache"'
        return response


def is_own_origin(origin: str | None, host: str, public_origin: str | None) -> bool:
    """Return whether this Origin header is our own; None and `null` are not.

    Without a configured public origin only the host is compared: behind a proxy the scheme is unknown.
    """
    if public_origin:
        return origin == public_origin
    return bool(host) and origin in (f"http://{host}", f"https://{host}")


def local_path(target: str | None) -> str | None:
    """Return the target if it is the path (and query) of one of our pages, else None."""
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
    """Redirect after a form: to the target if it is a page of ours, else to the call list."""
    return redirect(local_path(target) or url_for("calls.index"), code=303)
