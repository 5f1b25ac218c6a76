"""Whether a request comes from one of our own pages, by what browsers say and scripts cannot forge."""

from flask import Flask, abort, request

from aircall.web.words import gettext as _

CHANGING_METHODS = {"POST", "PUT", "PATCH", "DELETE"}
FOREIGN_SITES = {"cross-site", "same-site"}


def is_own_origin(origin: str | None, host: str, public_origin: str | None) -> bool:
    """Whether this Origin header is ours; a missing one and `null` are not.

    Without a configured origin the host decides, as the scheme is not ours to know behind a proxy.
    """
    if public_origin:
        return origin == public_origin
    return bool(host) and origin in (f"http://{host}", f"https://{host}")


def register(app: Flask, public_origin: str | None) -> None:
    """Refuse every change that another site's page asks for, beside the CSRF token that each form needs."""

    @app.before_request
    def refuse_foreign_changes() -> None:
        if request.method not in CHANGING_METHODS:
            return
        origin = request.headers.get("Origin")
        is_foreign = origin is not None and not is_own_origin(origin, request.host, public_origin)
        if is_foreign or request.headers.get("Sec-Fetch-Site") in FOREIGN_SITES:
            abort(403, _("This form was sent from another site."))
