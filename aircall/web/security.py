"""Security of requests and responses: headers, checks of origins and handshakes, and safe redirects."""

import ipaddress
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

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
SOCKET_PATH = "/socket.io/"
# Characters of `Sec-WebSocket-Key`: 16 bytes in base64.
KEY_LENGTH = 24
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


def client_address() -> str:
    """Return the address of who sent this request, as the outermost of TRUSTED_PROXIES saw it."""
    direct, trusted = request.remote_addr or "", int(current_app.config["TRUSTED_PROXIES"])
    forwarded = [each.strip() for each in ",".join(request.headers.getlist("X-Forwarded-For")).split(",")]
    # What stands before it was sent by the client, who may write anything there.
    told = forwarded[-trusted] if 0 < trusted <= len(forwarded) else direct
    try:
        return str(ipaddress.ip_address(told))
    except ValueError:
        return direct


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


class WebSocketMiddleware:
    """WSGI middleware that refuses bad handshakes, and adds the headers to the answers of Engine.IO."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket" and not _is_handshake(environ):
            # Without this Engine.IO answers 400.
            del environ["HTTP_UPGRADE"]
        if environ.get("PATH_INFO", "").startswith(SOCKET_PATH):
            return self._app(environ, _with_headers(start_response))
        return self._app(environ, start_response)


def _is_handshake(environ: WSGIEnvironment) -> bool:
    has_key = len(environ.get("HTTP_SEC_WEBSOCKET_KEY", "")) == KEY_LENGTH
    is_known = environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"
    return environ.get("REQUEST_METHOD") == "GET" and has_key and is_known


def _with_headers(start_response: StartResponse) -> StartResponse:
    # Engine.IO answers without passing through Flask, which adds the security headers elsewhere.
    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        given = {name.lower() for name, _ in headers}
        missing = [(name, value) for name, value in HEADERS.items() if name.lower() not in given]
        return start_response(status, headers + missing, *more)

    return start
