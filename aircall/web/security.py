"""Security of requests: checks of origins, forms and handshakes, and safe redirects."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, abort, current_app, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Redirect

from aircall.server.answers import ONE_YEAR
from aircall.web.i18n import gettext as _

# Characters of `Sec-WebSocket-Key`: 16 bytes in base64.
KEY_LENGTH = 24
# Cache-Control of files whose address changes with their content.
IMMUTABLE = f"public, max-age={ONE_YEAR}, immutable"

CHANGING_METHODS = {"POST", "PUT", "PATCH", "DELETE"}
# What forms are sent as, and scripts send them as. No other type is a form, whatever is in it.
FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data"}
FOREIGN_SITES = {"cross-site", "same-site"}


def register(app: Flask, *, public_origin: str | None) -> None:
    """Refuse changes from other sites, and what is no form.

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
        if request.mimetype not in FORM_TYPES and (request.mimetype or request.content_length):
            abort(415)

    @app.after_request
    def clear_cache(response: Response) -> Response:
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
    """WSGI middleware that refuses bad handshakes."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket" and not _is_handshake(environ):
            # Without this Engine.IO answers 400.
            del environ["HTTP_UPGRADE"]
        return self._app(environ, start_response)


def _is_handshake(environ: WSGIEnvironment) -> bool:
    has_key = len(environ.get("HTTP_SEC_WEBSOCKET_KEY", "")) == KEY_LENGTH
    is_known = environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"
    return environ.get("REQUEST_METHOD") == "GET" and has_key and is_known
