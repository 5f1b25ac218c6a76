"""What every answer says about itself: what it may load, who may frame it, how long it may be kept."""

from flask import Flask, Response, request

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


def register(app: Flask, *, is_https: bool) -> None:
    """Put the security headers on every answer, and on HTTPS the order to stay there."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if is_https:
            response.headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR}; includeSubDomains"
        if request.endpoint == "auth.logout":
            response.headers["Clear-Site-Data"] = '"cache"'
        return response
